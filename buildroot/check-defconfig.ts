/**
 * Prints every line of a defconfig that Buildroot's Kconfig did not take over, with file and line:
 * `node --import tsx buildroot/check-defconfig.ts BUILDROOT-TREE [DEFCONFIG…]`. Fails if there is one,
 * or if `make savedefconfig` would write another file.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const EXTERNAL = fileURLToPath(new URL(".", import.meta.url));
const CONFIGS = join(EXTERNAL, "configs");

/** Buildroot itself refused. */
export class DefconfigError extends Error {
  readonly code = "DEFCONFIG_REFUSED";
}

/** Lines of `defconfig` that `config` does not have, as `path:line: wanted (final .config: found)`. */
export function droppedLines(options: { path: string; defconfig: string; config: string }): string[] {
  const final = new Set(options.config.split("\n"));
  return options.defconfig.split("\n").flatMap((line, index) => {
    const wanted = line.trim();
    const name = /^(?:# )?(BR2_\w+)/.exec(wanted)?.[1];
    if (name === undefined || final.has(wanted)) return [];
    const pattern = new RegExp(`^(# )?${name}[= ]`);
    const found = [...final].find((candidate) => pattern.test(candidate)) ?? "absent";
    // Kconfig leaves out a switched-off option whose dependencies are off as well: that is what was wanted.
    if (wanted.startsWith("#") && found === "absent") return [];
    return [`${options.path}:${index + 1}: ${wanted} (final .config: ${found})`];
  });
}

/** Lines in which the saved form differs from the defconfig, as `path:line: …`. */
export function unsavedLines(options: { path: string; defconfig: string; saved: string }): string[] {
  const mine = options.defconfig.trimEnd().split("\n");
  const saved = options.saved.trimEnd().split("\n");
  const extra = mine.flatMap((line, index) =>
    saved.includes(line) ? [] : [`${options.path}:${index + 1}: ${line} is left out by savedefconfig`],
  );
  const missing = saved.flatMap((line, index) =>
    mine.includes(line) ? [] : [`${options.path}:${index + 1}: savedefconfig writes ${line} here`],
  );
  if (extra.length + missing.length > 0 || mine.join("\n") === saved.join("\n"))
    return [...extra, ...missing];
  const first = mine.findIndex((line, index) => line !== saved[index]);
  return [
    `${options.path}:${first + 1}: savedefconfig writes ${saved[first]} here: another order or a repeated line`,
  ];
}

/** Runs both comparisons in an output folder of their own. */
export function checkDefconfig(options: { tree: string; defconfig: string }): string[] {
  const output = mkdtempSync(join(tmpdir(), "defconfig-"));
  try {
    const path = relative(process.cwd(), options.defconfig);
    const defconfig = readFileSync(options.defconfig, "utf8");
    run([
      ...makeIn({ tree: options.tree, output }),
      "defconfig",
      `BR2_DEFCONFIG=${resolve(options.defconfig)}`,
    ]);
    const saved = savedDefconfig({ tree: options.tree, output });
    const config = readFileSync(join(output, ".config"), "utf8");
    return [...droppedLines({ path, defconfig, config }), ...unsavedLines({ path, defconfig, saved })];
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

function makeIn({ tree, output }: { tree: string; output: string }): string[] {
  return ["-s", "-C", tree, `O=${output}`, `BR2_EXTERNAL=${EXTERNAL}`];
}

/** What `make savedefconfig` writes for the .config in an output folder; both stay as they are. */
export function savedDefconfig(options: { tree: string; output: string }): string {
  const folder = mkdtempSync(join(tmpdir(), "savedefconfig-"));
  try {
    const saved = join(folder, "defconfig");
    run([...makeIn(options), "savedefconfig", `DEFCONFIG=${saved}`]);
    return readFileSync(saved, "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(args: readonly string[]): void {
  // A make that called us must not pass its own flags on to Buildroot.
  const { MAKEFLAGS: _flags, MAKELEVEL: _level, MAKEOVERRIDES: _overrides, ...env } = process.env;
  const { status, stderr, stdout, error } = spawnSync("make", args, { encoding: "utf8", env });
  if (status === 0) return;
  const words = error?.message ?? `${stdout}${stderr}`.trim().split("\n").slice(-5).join("\n");
  throw new DefconfigError(
    `make ${args.join(" ")} failed:\n${words}\nIs this a Buildroot tree (2026.02 or newer) with its host tools?`,
  );
}

function main(): void {
  const [tree, ...chosen] = process.argv.slice(2);
  if (tree === undefined) {
    process.stderr.write("usage: buildroot/check-defconfig.ts BUILDROOT-TREE [DEFCONFIG…]\n");
    process.exitCode = 2;
    return;
  }
  const defconfigs = chosen.length > 0 ? chosen : readdirSync(CONFIGS).map((name) => join(CONFIGS, name));
  for (const defconfig of defconfigs) {
    const problems = checkDefconfig({ tree, defconfig });
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    if (problems.length > 0) process.exitCode = 1;
    else process.stdout.write(`${basename(defconfig)}: every line kept, savedefconfig writes the same\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
