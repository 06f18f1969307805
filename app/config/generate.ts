import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";
import type { Plugin } from "esbuild";
import { AJV_OPTIONS, SCHEMAS } from "./validators.ts";

/** Source text of `validators.ts` for the device: the same exports, compiled ahead of time, no code made at run time. */
export function generateValidators(): string {
  const ajv = new Ajv2020({ ...AJV_OPTIONS, code: { source: true, esm: true, lines: true } });
  const exports: Record<string, string> = {};
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    ajv.addSchema(schema);
    exports[name] = schema.$id;
  }
  return standaloneCode.default(ajv, exports);
}

/** esbuild plugin for the device's bundle: puts the generated validators in the place of `app/config/validators.ts`. */
export function standaloneValidators(): Plugin {
  const here = dirname(fileURLToPath(import.meta.url));
  const target = resolve(here, "validators.ts");
  return {
    name: "standalone-validators",
    setup(build) {
      build.onLoad({ filter: /[\\/]app[\\/]config[\\/]validators\.ts$/ }, (args) => {
        if (resolve(args.path) !== target) return null;
        const schemas = ["opcua-client-settings", "mqtt-publisher-settings", "guide-settings"].map((name) =>
          join(here, `${name}.schema.json`),
        );
        return { contents: generateValidators(), loader: "js", resolveDir: here, watchFiles: schemas };
      });
    },
  };
}
