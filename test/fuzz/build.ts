/**
 * Builds fuzz targets: the native modules with clang's coverage, AddressSanitizer and UndefinedBehaviorSanitizer, once,
 * and one program per target on top. QuickJS gets AddressSanitizer only: its ways are not what is tried here.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { quickjsSources } from "../../app/runtime/build-host.ts";
import { cached, cacheRoot, contentKey, filesBelow, hashPath } from "../../buildroot/from-debian/cache.ts";
import { run } from "../../buildroot/from-debian/command.ts";

const FOLDER = new URL(".", import.meta.url).pathname;
const TARGETS = join(FOLDER, "targets");
const NATIVE = new URL("../../app/runtime/native/", import.meta.url).pathname;
const OPTIMISATION = ["-O1", "-g", "-fno-omit-frame-pointer"] as const;
const COVERAGE = "-fsanitize=fuzzer-no-link";
const SANITIZERS = "-fsanitize=fuzzer,address,undefined";

/** Names of all targets. */
export const targetNames: readonly string[] = readdirSync(TARGETS)
  .filter((file) => file.endsWith(".c"))
  .map((file) => file.slice(0, -2))
  .sort();

export function seedFolder(target: string): string {
  return join(FOLDER, "seeds", target);
}

/** The runtime without main, as one object file, and the header that names the engine. */
async function buildLibrary(say: (line: string) => void): Promise<{ folder: string; quickjs: string }> {
  const quickjs = await quickjsSources(say);
  const folder = await cached({
    root: cacheRoot(),
    name: "fuzz-library",
    key: contentKey({
      compiler: await run(["clang", "--version"]),
      engine: hashPath(quickjs),
      native: hashPath(NATIVE),
      options: [...OPTIMISATION, COVERAGE].join(" "),
    }),
    build: async (output) => {
      say("build   fuzz-library …");
      await run([
        ...["nice", "make", "-s", `-j${availableParallelism()}`, "-C", NATIVE, join(output, "library.o")],
        ...[`QUICKJS=${quickjs}`, `O=${output}`, "CC=clang", "SANITIZE=1"],
        `CFLAGS=${[...OPTIMISATION, COVERAGE].join(" ")}`,
        `ENGINE_CFLAGS=${[...OPTIMISATION, "-fno-sanitize=undefined"].join(" ")}`,
      ]);
      for (const file of filesBelow(output)) if (!/\/(?:library\.o|engine_id\.h)$/.test(file)) rmSync(file);
    },
  });
  return { folder, quickjs };
}

export interface FuzzProgram {
  readonly file: string;
}

/** Builds the program of one C file with `fuzz_one` in it. */
export async function buildTarget(options: {
  source: string;
  output: string;
  say?: (line: string) => void;
}): Promise<FuzzProgram> {
  const { source, output, say = () => undefined } = options;
  const { folder, quickjs } = await buildLibrary(say);
  mkdirSync(output, { recursive: true });
  const file = join(output, "fuzz");
  const include = [`-I${FOLDER}`, `-I${NATIVE}`, `-I${folder}`, "-isystem", quickjs];
  const warnings = ["-Wall", "-Wextra"];
  await run([
    ...[
      "clang",
      "-std=gnu11",
      "-D_GNU_SOURCE",
      ...OPTIMISATION,
      SANITIZERS,
      "-fno-sanitize-recover=undefined",
    ],
    ...[...warnings, ...include, "-o", file, source, join(FOLDER, "fuzz.c"), join(folder, "library.o")],
    ...["-lssl", "-lcrypto", "-lm", "-pthread"],
  ]);
  return { file };
}

export function targetSource(name: string): string {
  return join(TARGETS, `${name}.c`);
}
