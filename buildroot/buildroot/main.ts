/**
 * `BUILDROOT=<tree> npx tsx buildroot/buildroot/main.ts --out out/os`: the operating system's payload from a
 * Buildroot tree (design.md §4). Buildroot's own output stays in $BUILDROOT_OUTPUT, else in the cache, so that the
 * usual `make menuconfig` and `make <package>-rebuild` work there.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundleApp } from "../../app/bundle/bundle.ts";
import { checkDefconfig } from "../check-defconfig.ts";

const EXTERNAL = fileURLToPath(new URL("..", import.meta.url));
const DEFCONFIG = join(EXTERNAL, "configs/iot2040_defconfig");
/** Where package/gateway-app looks for the bundle. */
const APP = join(EXTERNAL, "../out/app");

/** Stops the build, with the next step. */
class BuildrootError extends Error {
  readonly code: "BUILDROOT_MISSING" | "DEFCONFIG_DROPPED" | "BUILDROOT_FAILED" | "USAGE";

  constructor(code: BuildrootError["code"], what: string, cure: string) {
    super(`${what}\n  ${cure}`);
    this.name = "BuildrootError";
    this.code = code;
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: "string" } } });
  if (values.out === undefined) throw new BuildrootError("USAGE", "--out is missing", "main.ts --out out/os");
  const tree = buildrootTree();
  const dropped = checkDefconfig({ tree, defconfig: DEFCONFIG });
  if (dropped.length > 0) {
    throw new BuildrootError(
      "DEFCONFIG_DROPPED",
      `this Buildroot does not take the defconfig as it is:\n${dropped.join("\n")}`,
      "Use the release that README names, or adapt buildroot/configs/iot2040_defconfig.",
    );
  }
  mkdirSync(APP, { recursive: true });
  const script = join(APP, "gateway.js");
  const metafile = await bundleApp({ target: "device", entry: "app/main.ts", outfile: script });
  writeFileSync(join(APP, "metafile.json"), JSON.stringify(metafile));
  const output = outputFolder();
  const external = ["-C", tree, `O=${output}`, `BR2_EXTERNAL=${EXTERNAL}`];
  if (!existsSync(join(output, ".config"))) make([...external, "iot2040_defconfig"], {});
  make(external, { GWCARD_OS: resolve(values.out) });
  process.stdout.write(`os: ${values.out} ready; Buildroot's output is ${output}\n`);
}

function buildrootTree(): string {
  const tree = process.env.BUILDROOT;
  if (tree !== undefined && existsSync(join(tree, "package/Makefile.in"))) return resolve(tree);
  throw new BuildrootError(
    "BUILDROOT_MISSING",
    tree === undefined ? "BUILDROOT is not set" : `${tree} is not a Buildroot tree`,
    "Unpack a Buildroot release and run: make image OS=buildroot BUILDROOT=<its folder>",
  );
}

function outputFolder(): string {
  const { BUILDROOT_OUTPUT, GWCARD_CACHE, XDG_CACHE_HOME } = process.env;
  const output =
    BUILDROOT_OUTPUT ||
    join(GWCARD_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "gwcard"), "buildroot");
  mkdirSync(dirname(output), { recursive: true });
  return resolve(output);
}

/** Runs Buildroot with the caller's environment, less what a calling make would leave in it. */
function make(args: readonly string[], extra: Record<string, string>): void {
  const { MAKEFLAGS: _flags, MAKELEVEL: _level, MAKEOVERRIDES: _overrides, ...environment } = process.env;
  // Buildroot's host-tar refuses to be configured by root unless told that this is meant.
  const root = process.getuid?.() === 0 ? { FORCE_UNSAFE_CONFIGURE: "1" } : {};
  const { status, error } = spawnSync("make", args, {
    stdio: "inherit",
    env: { ...environment, ...root, ...extra },
  });
  if (status === 0) return;
  throw new BuildrootError(
    "BUILDROOT_FAILED",
    `make ${args.join(" ")} ended with ${error?.message ?? `status ${status}`}`,
    "Buildroot's last lines above name the package; correct it and run the same command again, which continues there.",
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`os: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
  process.exitCode = 1;
});
