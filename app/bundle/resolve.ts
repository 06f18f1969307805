/** esbuild plugins: where an import of the gateway leads on the device. */
import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { type LeftOut, leftOutPackages, standIns } from "./left-out.ts";

const bundleDir = dirname(fileURLToPath(import.meta.url));
const OWN_SOURCE = new RegExp(`^${escapeRegExp(dirname(bundleDir))}/.*\\.ts$`);
const runtimeNodeDir = join(bundleDir, "..", "runtime", "node");

/** An import that leads nowhere on the device. */
export class UnresolvedBuiltinError extends Error {
  readonly code = "ERR_BUILTIN_UNRESOLVED";
  readonly builtin: string;
  constructor(builtin: string, importer: string) {
    super(
      `${importer} imports Node's "${builtin}", which app/runtime/node has not: add app/runtime/node/${builtin}.ts, ` +
        "or leave its importer out in app/bundle/left-out.ts",
    );
    this.name = "UnresolvedBuiltinError";
    this.builtin = builtin;
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

/** Matches the packages by name, subpaths included. */
function nameFilter(entries: readonly LeftOut[]): RegExp {
  return new RegExp(`^(${entries.map((entry) => escapeRegExp(entry.name)).join("|")})(/.*)?$`);
}

/** Packages of `left-out.ts` become objects that refuse to be used (`absent.ts`). */
export function leaveOut(): Plugin {
  return {
    name: "left-out",
    setup(build) {
      const absentees = nameFilter(leftOutPackages);
      build.onResolve({ filter: absentees }, (args) => {
        const name = absentees.exec(args.path)?.[1];
        const entry = leftOutPackages.find((candidate) => candidate.name === name);
        return entry ? { path: entry.name, namespace: "left-out", pluginData: entry } : undefined;
      });
      build.onResolve({ filter: nameFilter(standIns) }, (args) => {
        const entry = standIns.find((candidate) => candidate.name === args.path);
        return entry ? { path: join(bundleDir, entry.module) } : undefined;
      });
      build.onLoad({ filter: /.*/, namespace: "left-out" }, (args) => {
        const entry = args.pluginData as LeftOut;
        return {
          contents: `module.exports = require("./absent.ts").absent(${JSON.stringify(entry.name)}, ${JSON.stringify(entry.reason)});`,
          resolveDir: bundleDir,
          loader: "js",
        };
      });
    },
  };
}

const knownBuiltins = new Set(builtinModules.filter((name) => !name.startsWith("_")));
// With a slash at the end ("process/") npm packages ask for the package instead of the builtin; here both are one.
const BUILTIN = /^(node:)?[a-z0-9_]+(\/promises|\/)?$/;

function builtinName(path: string): string | undefined {
  const name = path.replace(/^node:/, "").replace(/\/$/, "");
  return knownBuiltins.has(name) ? name : undefined;
}

/** Node's builtins stay `require("name")`, and readable-stream is what it is on the device: Node's streams. */
export function externalBuiltins(): Plugin {
  return {
    name: "external-builtins",
    setup(build) {
      build.onResolve({ filter: /^readable-stream$/ }, () => ({ path: "stream", external: true }));
      build.onResolve({ filter: BUILTIN }, (args) => {
        const name = builtinName(args.path);
        return name === undefined ? undefined : { path: name, external: true };
      });
    },
  };
}

/**
 * Our own files are strict code, all of them: esbuild would take that from how it came to a file first - a plugin knows
 * no tsconfig.json -, which is a race, and the bundle would not be the same each time.
 */
export function strictSources(): Plugin {
  return {
    name: "strict-sources",
    setup(build) {
      build.onLoad({ filter: OWN_SOURCE, namespace: "file" }, ({ path }) => ({
        contents: `"use strict";${readFileSync(path, "utf8")}`,
        loader: "ts",
      }));
    },
  };
}

/**
 * Node's builtins become `app/runtime/node/*.ts`. The default export of such a module is what `require` gives in
 * Node.js: `require("events")` is the class itself.
 */
export function deviceBuiltins(): Plugin {
  return {
    name: "device-builtins",
    setup(build) {
      build.onResolve({ filter: BUILTIN }, (args) => {
        const name = builtinName(args.path);
        if (name === undefined) return undefined;
        for (const candidate of [`${name}.ts`, `${name}/index.ts`]) {
          const path = join(runtimeNodeDir, candidate);
          if (!existsSync(path)) continue;
          // A namespace's paths end up in the bundle as they are: nothing of this machine in them.
          return args.kind === "require-call" ? { path: candidate, namespace: "required-builtin" } : { path };
        }
        return { errors: [{ text: new UnresolvedBuiltinError(name, args.importer).message }] };
      });
      build.onLoad({ filter: /.*/, namespace: "required-builtin" }, (args) => ({
        contents: `const found = require(${JSON.stringify(`./${args.path}`)}); module.exports = "default" in found ? found.default : found;`,
        resolveDir: runtimeNodeDir,
        loader: "js",
      }));
    },
  };
}
