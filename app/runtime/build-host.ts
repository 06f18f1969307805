/**
 * Builds gateway-runtime and gateway-bytecode for this PC, from the same QuickJS sources as the card's, into the cache.
 * For tests: `sanitized` is built with AddressSanitizer and UndefinedBehaviorSanitizer.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { buildAll } from "../../buildroot/from-debian/build.ts";
import { cached, cacheRoot, contentKey, hashPath } from "../../buildroot/from-debian/cache.ts";
import { run } from "../../buildroot/from-debian/command.ts";
import { quickjs } from "../../buildroot/from-debian/components/quickjs.ts";
import { parsePackages } from "../../buildroot/from-debian/packages.ts";
import { hostCompilerVersion } from "../../buildroot/from-debian/recipe.ts";
import { resolveSources } from "../../buildroot/from-debian/sources.ts";

export interface HostRuntime {
  /** gateway-runtime [options] APP.qbc [argument …] */
  readonly runtime: string;
  /** gateway-bytecode [--strip] IN.js OUT.qbc */
  readonly bytecode: string;
}

const NATIVE = new URL("native/", import.meta.url).pathname;
const PACKAGES = new URL("../../buildroot/board/iot2040/packages.txt", import.meta.url).pathname;

const VARIANTS = {
  plain: ["CFLAGS=-O2 -g"],
  sanitized: ["CFLAGS=-O1 -g", "SANITIZE=1"],
} as const;

/** The folder with QuickJS's sources: QUICKJS of the environment, else the operating system's own component. */
export async function quickjsSources(say: (line: string) => void): Promise<string> {
  const given = process.env.QUICKJS;
  if (given) return given;
  const cache = cacheRoot();
  mkdirSync(cache, { recursive: true });
  const list = parsePackages(readFileSync(PACKAGES, "utf8"), "buildroot/board/iot2040/packages.txt");
  const sources = await resolveSources({ cache, list, update: false, say });
  const built = await buildAll({ recipes: [quickjs], sources, cache, say });
  return join(built.get(quickjs.name) ?? "", "src");
}

/** The host's runtime of one variant, built when it is not in the cache. */
export async function hostRuntime(
  variant: keyof typeof VARIANTS,
  say: (line: string) => void = () => undefined,
): Promise<HostRuntime> {
  const source = await quickjsSources(say);
  const folder = await cached({
    root: cacheRoot(),
    name: `host-runtime-${variant}`,
    key: contentKey({
      compiler: hostCompilerVersion(),
      engine: hashPath(source),
      native: hashPath(NATIVE),
      options: VARIANTS[variant].join(" "),
    }),
    build: async (output) => {
      say(`build   host-runtime-${variant} …`);
      const make = [
        "nice",
        "make",
        "-s",
        `-j${availableParallelism()}`,
        "-C",
        NATIVE,
        `QUICKJS=${source}`,
        `O=${output}`,
      ];
      await run([...make, ...VARIANTS[variant]]);
      await run(["find", output, "-name", "*.[od]", "-delete"]);
      rmSync(join(output, "engine_id.h"));
    },
  });
  return { runtime: join(folder, "gateway-runtime"), bytecode: join(folder, "gateway-bytecode") };
}
