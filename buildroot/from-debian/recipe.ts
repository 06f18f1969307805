/** What a component of the operating system is, and what its build gets into its hands. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { cleanEnvironment, run } from "./command.ts";
import { archivePath, type ResolvedSource } from "./sources.ts";
import { WORK } from "./toolchain.ts";

export interface Recipe {
  readonly name: string;
  /** The Debian source package; none for what is written here. */
  readonly source?: string;
  /** Components whose results this one uses. */
  readonly needs: readonly string[];
  /** Files and folders whose content decides the result, beside the recipe itself. */
  readonly inputs: readonly string[];
  build(kit: BuildKit): Promise<void>;
}

export interface BuildKitOptions {
  readonly recipe: Recipe;
  readonly cache: string;
  readonly work: string;
  readonly output: string;
  readonly source: ResolvedSource | undefined;
  readonly needs: ReadonlyMap<string, string>;
}

export class BuildKit {
  readonly work: string;
  readonly output: string;
  readonly log: string;
  readonly jobs = availableParallelism();
  readonly #options: BuildKitOptions;

  constructor(options: BuildKitOptions) {
    this.#options = options;
    this.work = options.work;
    this.output = options.output;
    this.log = join(options.cache, "logs", `${options.recipe.name}.log`);
    mkdirSync(dirname(this.log), { recursive: true });
    writeFileSync(this.log, "");
  }

  /** The result folder of a component that this recipe needs. */
  need(name: string): string {
    const path = this.#options.needs.get(name);
    if (path === undefined) {
      throw new RangeError(`recipe ${this.#options.recipe.name} does not list "${name}" among its needs`);
    }
    return path;
  }

  /** The environment with the i586 compiler first in the path. */
  environment(extra: Record<string, string> = {}): Record<string, string> {
    const toolchain = this.#options.needs.get("toolchain");
    const environment = cleanEnvironment({ [WORK]: this.work, ...extra });
    return toolchain === undefined
      ? environment
      : { ...environment, PATH: `${join(toolchain, "bin")}:${environment.PATH}` };
  }

  run(
    argv: readonly string[],
    options: { cwd?: string; env?: Record<string, string> } = {},
  ): Promise<string> {
    return run(["nice", ...argv], {
      cwd: options.cwd ?? this.work,
      env: options.env ?? this.environment(),
      log: this.log,
    });
  }

  make(
    argv: readonly string[],
    options: { cwd?: string; env?: Record<string, string> } = {},
  ): Promise<string> {
    return this.run(["make", `-j${this.jobs}`, ...argv], options);
  }

  /** Unpacks upstream's archive into the work folder and puts Debian's patches on it; or only `members`, unpatched. */
  async unpack(members: readonly string[] = []): Promise<string> {
    const source = this.#source();
    const folder = join(this.work, source.name);
    mkdirSync(folder);
    const only =
      members.length === 0
        ? []
        : ["--wildcards", "--no-wildcards-match-slash", ...members.map((name) => `*/${name}`)];
    const orig = archivePath(this.#options.cache, source.orig);
    await this.run(["tar", "-xf", orig, "--strip-components=1", "--no-same-owner", "-C", folder, ...only]);
    if (source.packaging === undefined) {
      return folder;
    }
    await this.run([
      "tar",
      "-xf",
      archivePath(this.#options.cache, source.packaging),
      "--no-same-owner",
      "-C",
      folder,
    ]);
    const series = join(folder, "debian/patches/series");
    if (members.length === 0 && existsSync(series)) {
      for (const line of readFileSync(series, "utf8").split("\n")) {
        const patch = line.replace(/(^|\s)#.*/, "").trim();
        if (patch !== "") {
          await this.patch(folder, [join(folder, "debian/patches", patch)]);
        }
      }
    }
    return folder;
  }

  /** Puts patches on an unpacked source, in this order. */
  async patch(folder: string, patches: readonly string[]): Promise<void> {
    for (const patch of patches) await this.run(["patch", "-s", "-p1", "-d", folder, "-i", patch]);
  }

  /** Puts an ELF file on the card: stripped below root/, with its symbols below debug/. */
  async install(binary: string, pathOnCard: string): Promise<void> {
    const debug = join(this.output, "debug", pathOnCard);
    const stripped = join(this.output, "root", pathOnCard);
    mkdirSync(dirname(debug), { recursive: true });
    mkdirSync(dirname(stripped), { recursive: true });
    cpSync(binary, debug);
    await this.run([
      "strip",
      "--strip-all",
      "--remove-section=.comment",
      "--remove-section=.note",
      "-o",
      stripped,
      binary,
    ]);
  }

  /** Keeps the licence text for legal_notices.txt: Debian's copyright file, or upstream's own. */
  keepLicence(folder: string, upstream: readonly string[]): void {
    const debian = join(folder, "debian/copyright");
    const texts = (existsSync(debian) ? [debian] : upstream.map((name) => join(folder, name))).map((path) =>
      readFileSync(path, "utf8").trim(),
    );
    writeFileSync(join(this.output, "licence.txt"), `${texts.join("\n\n")}\n`);
  }

  #source(): ResolvedSource {
    if (this.#options.source === undefined) {
      throw new RangeError(`recipe ${this.#options.recipe.name} names no source package`);
    }
    return this.#options.source;
  }
}

/** The versions of the host programs that decide what the compiler makes; part of every component's key. */
export function hostCompilerVersion(): string {
  return [
    ["gcc", "--version"],
    ["ld", "--version"],
  ]
    .map(
      ([program = "", ...args]) =>
        spawnSync(program, args, { encoding: "utf8" }).stdout?.split("\n")[0] ?? "",
    )
    .join(" / ");
}
