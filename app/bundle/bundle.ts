/** Makes the one file that runs on the card: `out/app/gateway.js`, and for Node.js the same with Node's own builtins. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";
import { standaloneValidators } from "../config/generate.ts";
import { deviceBuiltins, leaveOut } from "./resolve.ts";

const repository = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export interface BundleOptions {
  /** `device`: QuickJS with app/runtime; `node`: Node.js, for finding what a left-out package would break. */
  readonly target: "device" | "node";
  readonly entry: string;
  readonly outfile: string;
}

/** Bundles `entry` into one script. Returns esbuild's account of what went in. */
export async function bundleApp(options: BundleOptions): Promise<Metafile> {
  const device = options.target === "device";
  const result = await build({
    absWorkingDir: repository,
    entryPoints: [options.entry],
    outfile: options.outfile,
    bundle: true,
    // The script form: QuickJS runs it without a module loader, so nothing can be imported at run time.
    format: device ? "iife" : "cjs",
    platform: device ? "neutral" : "node",
    mainFields: ["main", "module"],
    conditions: device ? ["quickjs", "node", "import", "require", "default"] : ["node"],
    target: "es2022",
    // Errors name their class in the log; stack traces stay readable.
    keepNames: false,
    minifySyntax: true,
    minifyWhitespace: true,
    charset: "utf8",
    legalComments: "none",
    metafile: true,
    logLevel: "error",
    define: {
      "process.env.NODE_ENV": '"production"',
      // A script has no URL of its own; node-opcua-crypto computes its folder from it.
      ...(device ? { "import.meta.url": '"file:///usr/lib/gateway/gateway.js"' } : {}),
    },
    ...(device ? { inject: [join(repository, "app/runtime/globals.ts")] } : {}),
    plugins: device ? [standaloneValidators(), leaveOut(), deviceBuiltins()] : [leaveOut()],
  });
  return result.metafile;
}
