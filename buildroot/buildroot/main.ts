/**
 * `BUILDROOT=<tree> npx tsx buildroot/buildroot/main.ts --out out/os`: the operating system's payload from a
 * Buildroot tree (design.md §4). Buildroot's own output stays in $BUILDROOT_OUTPUT, else in the cache, so that the
 * usual `make menuconfig` and `make <package>-rebuild` work there.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkDefconfig, savedDefconfig } from "../check-defconfig.ts";
import { cacheRoot } from "../from-debian/cache.ts";
import { BuildrootError, runMain } from "./errors.ts";
import { isSetUp, noteDefconfig } from "./output.ts";
import { isTree, RELEASES, releaseTree } from "./releases.ts";

const EXTERNAL = fileURLToPath(new URL("..", import.meta.url));
const DEFCONFIG = join(EXTERNAL, "configs/iot2040_defconfig");
/** What comes from this repository and may have changed since: Buildroot itself looks at no source folder again. */
const OWN_PACKAGES = ["gateway-runtime", "gateway-app"];

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
  const output = resolve(process.env.BUILDROOT_OUTPUT || join(cacheRoot(), "buildroot"));
  mkdirSync(dirname(output), { recursive: true });
  const external = ["-C", tree, `O=${output}`, `BR2_EXTERNAL=${EXTERNAL}`];
  const saved = (): string => savedDefconfig({ tree, output });
  if (!isSetUp({ output, defconfig: DEFCONFIG, saved })) {
    make([...external, "iot2040_defconfig"], {});
    noteDefconfig({ output, defconfig: DEFCONFIG });
  }
  make([...external, ...OWN_PACKAGES.map((name) => `${name}-rebuild`)], {});
  make(external, { GWCARD_OS: resolve(values.out) });
  process.stdout.write(`os: ${values.out} ready; Buildroot's output is ${output}\n`);
}

function buildrootTree(): string {
  const tree = process.env.BUILDROOT || releaseTree(cacheRoot(), RELEASES.lts);
  if (isTree(tree)) return resolve(tree);
  throw new BuildrootError(
    "BUILDROOT_MISSING",
    process.env.BUILDROOT ? `${tree} is not a Buildroot tree` : "BUILDROOT is not set",
    'Unpack a Buildroot release, or let "make buildroot" fetch it, and run: make image OS=buildroot BUILDROOT=<its folder>',
  );
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

runMain("os", main);
