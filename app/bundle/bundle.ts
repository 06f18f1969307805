/** Makes the one file that runs on the card: `out/app/gateway.js`, and for Node.js the same with Node's own builtins. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";
import { standaloneValidators } from "../config/generate.ts";
import { lazy } from "./lazy.ts";
import { deviceBuiltins, externalBuiltins, leaveOut, strictSources } from "./resolve.ts";

const repository = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** esbuild changed; the bundle would be right, but load more slowly. */
export class BundleHelperError extends Error {
  readonly code = "ERR_BUNDLE_HELPER";
  constructor() {
    super(`esbuild writes its helper __toESM in another way: adapt app/bundle/bundle.ts to it`);
    this.name = "BundleHelperError";
  }
}

const COPYING_HELPER =
  '__toESM=(mod,isNodeMode,target)=>(target=mod!=null?__create(__getProtoOf(mod)):{},__copyProps(isNodeMode||!mod||!mod.__esModule?__defProp(target,"default",{value:mod,enumerable:!0}):target,mod))';
/** What a file of ours imports from a CommonJS module is seen through the prototype. */
const INHERITING_HELPER =
  '__toESM=(mod,isNodeMode,target)=>(target=__create(mod??null),isNodeMode||!mod||!mod.__esModule?__defProp(target,"default",{value:mod,enumerable:!0}):target)';

/**
 * Each of our files that imports node-opcua-client would get an object of its own with a getter for each of the 450
 * exports: 3.4 M instructions a file, and a call for every use.
 */
export function inheritImports(script: string): string {
  // A bundle without such an import has no helper.
  if (!script.includes("__toESM=")) return script;
  if (!script.includes(COPYING_HELPER)) throw new BundleHelperError();
  return script.replace(COPYING_HELPER, () => INHERITING_HELPER);
}

export interface BundleOptions {
  /** `device`: QuickJS with app/runtime; `node`: Node.js, for finding what a left-out package would break. */
  readonly target: "device" | "node";
  readonly entry: string;
  readonly outfile: string;
  /** The device's bundle without app/runtime: `require("fs")` stays. For tools that look at what it uses of Node.js. */
  readonly builtins?: "external";
}

/** Bundles `entry` into one script. Returns esbuild's account of what went in. */
export async function bundleApp(options: BundleOptions): Promise<Metafile> {
  const device = options.target === "device";
  const external = options.builtins === "external";
  const result = await build({
    absWorkingDir: repository,
    entryPoints: [options.entry],
    outfile: options.outfile,
    bundle: true,
    write: false,
    // The script form: QuickJS runs it without a module loader, so nothing can be imported at run time.
    format: device ? "iife" : "cjs",
    platform: device ? "neutral" : "node",
    mainFields: ["main", "module"],
    conditions: device ? ["quickjs", "node", "import", "require", "default"] : ["node"],
    target: "es2022",
    // QuickJS leaves a `for await` without waiting for what the iterator does at its end.
    ...(device ? { supported: { "for-await": false } } : {}),
    // Errors name their class in the log; stack traces stay readable.
    keepNames: false,
    minifySyntax: true,
    minifyWhitespace: !external,
    charset: "utf8",
    legalComments: "none",
    metafile: true,
    logLevel: "error",
    define: {
      "process.env.NODE_ENV": '"production"',
      // A script has no URL of its own; node-opcua-crypto computes its folder from it.
      ...(device ? { "import.meta.url": '"file:///usr/lib/gateway/gateway.js"' } : {}),
    },
    ...(device && !external ? { inject: [join(repository, "app/runtime/globals.ts")] } : {}),
    plugins: device
      ? [
          standaloneValidators(),
          leaveOut(),
          lazy(),
          external ? externalBuiltins() : deviceBuiltins(),
          strictSources(),
        ]
      : [leaveOut(), lazy()],
  });
  const [file] = result.outputFiles;
  if (file === undefined || result.outputFiles.length > 1)
    throw new RangeError("esbuild made other files than one");
  const outfile = resolve(repository, options.outfile);
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, device && !external ? inheritImports(file.text) : file.text);
  return result.metafile;
}
