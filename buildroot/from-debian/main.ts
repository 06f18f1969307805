/** `tsx buildroot/from-debian/main.ts --out out/os [--update]`: the operating system's payload from Debian 13 sources. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { legalNotices } from "../legal.ts";
import { buildAll, componentKeys } from "./build.ts";
import { cacheRoot, contentKey, filesBelow, hashPath } from "./cache.ts";
import { busybox } from "./components/busybox.ts";
import { dhcpcd } from "./components/dhcpcd.ts";
import { e2fsprogs } from "./components/e2fsprogs.ts";
import { engine } from "./components/engine.ts";
import { grub } from "./components/grub.ts";
import { iptables } from "./components/iptables.ts";
import { linux } from "./components/linux.ts";
import { linuxHeaders } from "./components/linux-headers.ts";
import { openssl } from "./components/openssl.ts";
import { quickjs } from "./components/quickjs.ts";
import { runtime } from "./components/runtime.ts";
import { toolchain } from "./components/toolchain.ts";
import { requireHostTools } from "./host-tools.ts";
import { OsBuildError } from "./os-build-error.ts";
import { parsePackages } from "./packages.ts";
import { pruneCache, touch } from "./prune.ts";
import type { Recipe } from "./recipe.ts";
import { appletLinks, rootfsArchive } from "./rootfs.ts";
import { archiveFolders, type ResolvedSource, resolveSources } from "./sources.ts";

const HERE = new URL(".", import.meta.url).pathname;
const BOARD = new URL("../board/iot2040/", import.meta.url).pathname;
/** In the order in which they should start: the kernel is the longest, the toolchain is what most wait for. */
const RECIPES: readonly Recipe[] = [
  ...[
    linuxHeaders,
    toolchain,
    openssl,
    quickjs,
    engine,
    runtime,
    busybox,
    dhcpcd,
    e2fsprogs,
    iptables,
    linux,
    grub,
  ],
];
const ON_CARD: readonly Recipe[] = [busybox, dhcpcd, e2fsprogs, iptables, runtime];
/** First words of legal_notices.txt. */
const ORIGIN = [
  "Each was built from the source package of the same name and version of Debian 13; these packages, with all patches, are",
  "Debian's and are published by Debian.",
];
const IPTABLES_NAMES = ["iptables", "iptables-restore", "iptables-save"];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { out: { type: "string" }, update: { type: "boolean", default: false } },
    strict: true,
  });
  if (values.out === undefined) {
    throw new OsBuildError({
      code: "USAGE",
      message: "--out is missing",
      cure: "main.ts --out out/os [--update]",
    });
  }
  requireHostTools();
  const cache = cacheRoot();
  mkdirSync(cache, { recursive: true });
  const say = (line: string): void => console.log(`os: ${line}`);
  const began = Date.now();
  const list = parsePackages(
    readFileSync(join(BOARD, "packages.txt"), "utf8"),
    "buildroot/board/iot2040/packages.txt",
  );
  const sources = await resolveSources({ cache, list, update: values.update, say });

  const out = resolve(values.out);
  const stamp = contentKey({
    ...Object.fromEntries(componentKeys({ recipes: RECIPES, sources })),
    board: hashPath(BOARD),
    ...Object.fromEntries(
      ["rootfs.ts", "cpio.ts", "tables.ts", "../legal.ts", "main.ts"].map((name) => [
        name,
        hashPath(join(HERE, name)),
      ]),
    ),
  });
  const stampFile = join(out, ".stamp");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) {
    say(`${values.out} is up to date`);
    return;
  }
  const built = await buildAll({ recipes: RECIPES, sources, cache, say });
  for (const path of [...built.values(), ...archiveFolders(cache, sources)]) {
    touch(path);
  }
  pruneCache(cache);
  const temporary = `${out}.new.${process.pid}`;
  writePayload({ folder: temporary, built, sources });
  writeFileSync(join(temporary, ".stamp"), stamp);
  replaceFolder(temporary, out);
  say(`${values.out} ready after ${Math.round((Date.now() - began) / 1000)} s`);
}

/** Puts `fresh` in the place of `old`; of two builds that end together the later one wins. */
function replaceFolder(fresh: string, old: string): void {
  const aside = `${old}.old.${process.pid}`;
  if (existsSync(old)) {
    renameSync(old, aside);
  }
  renameSync(fresh, old);
  rmSync(aside, { recursive: true, force: true });
}

/** Lays out/os out: see ARCHITECTURE.md, "OS payload". */
function writePayload(options: {
  folder: string;
  built: ReadonlyMap<string, string>;
  sources: ReadonlyMap<string, ResolvedSource>;
}): void {
  const { folder } = options;
  const of = (recipe: Recipe): string => options.built.get(recipe.name) ?? "";
  for (const name of ["debug", "tools", "grub-modules"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const archive = rootfsArchive({
    board: BOARD,
    programs: ON_CARD.map((recipe) => join(of(recipe), "root")),
    links: {
      ...appletLinks(readFileSync(join(of(busybox), "busybox.links"), "utf8")),
      ...Object.fromEntries(IPTABLES_NAMES.map((name) => [`/usr/sbin/${name}`, "xtables-legacy-multi"])),
    },
  });
  writeFileSync(join(folder, "rootfs.cpio"), archive);
  cpSync(join(of(linux), "bzImage"), join(folder, "bzImage"));
  cpSync(join(of(linux), "kernel.config"), join(folder, "kernel.config"));
  cpSync(join(of(grub), "BOOTIA32.EFI"), join(folder, "BOOTIA32.EFI"));
  cpSync(join(of(grub), "grub-modules"), join(folder, "grub-modules"), { recursive: true });
  for (const recipe of [linux, ...ON_CARD]) {
    cpSync(join(of(recipe), "debug"), join(folder, "debug"), { recursive: true });
  }
  cpSync(join(of(runtime), "gateway-bytecode"), join(folder, "tools/gateway-bytecode"));
  const versions = componentVersions(options);
  writeFileSync(join(folder, "versions.json"), `${JSON.stringify(versions, null, 2)}\n`);
  const notices = [...options.built.values()].flatMap((result) =>
    filesBelow(result).filter((path) => path === join(result, "licence.txt")),
  );
  const byFolder = new Map([...options.built].map(([name, result]) => [join(result, "licence.txt"), name]));
  writeFileSync(
    join(folder, "legal_notices.txt"),
    legalNotices({
      origin: ORIGIN,
      notices: notices.map((path) => {
        const recipe = byFolder.get(path) ?? "";
        const component = RECIPES.find((candidate) => candidate.name === recipe)?.source ?? recipe;
        return { component, version: versions[component]?.version ?? "", text: readFileSync(path, "utf8") };
      }),
    }),
  );
}

interface ComponentVersion {
  readonly version: string;
  readonly archive?: string;
  readonly sha256?: string;
  readonly packaging?: string;
  readonly packagingSha256?: string;
  readonly notes?: readonly string[];
}

function componentVersions(options: {
  built: ReadonlyMap<string, string>;
  sources: ReadonlyMap<string, ResolvedSource>;
}): Record<string, ComponentVersion> {
  const versions: Record<string, ComponentVersion> = {};
  for (const source of options.sources.values()) {
    versions[source.name] = {
      version: source.version,
      archive: source.orig.file,
      sha256: source.orig.sha256,
      ...(source.packaging === undefined
        ? {}
        : { packaging: source.packaging.file, packagingSha256: source.packaging.sha256 }),
      ...(source.notes.length === 0 ? {} : { notes: source.notes }),
    };
  }
  const grubVersion = readFileSync(join(options.built.get(grub.name) ?? "", "version.txt"), "utf8").trim();
  versions[grub.name] = { version: grubVersion, archive: "grub-efi-ia32-bin" };
  return versions;
}

main().catch((error: unknown) => {
  if (error instanceof OsBuildError) {
    console.error(`os: ${error.code}: ${error.message}`);
  } else {
    console.error(error);
  }
  process.exitCode = 1;
});
