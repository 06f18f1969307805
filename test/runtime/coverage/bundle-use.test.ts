/** The reader of bundles follows what esbuild and compilers write around an import. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bundleUse } from "./bundle-use.ts";

const SCRIPT = `
// app/one.ts
var import_fs = __toESM(__require("fs"), 1), tls_1 = __importDefault(__require("tls"));
import_fs.readFileSync("x"); (0, import_fs.default.statSync)("y"); tls_1.default.connect();
const { Buffer: Bytes, constants: { MAX_LENGTH } } = __require("buffer");
Bytes.from("a").readUInt8(0);
new (__require("events").EventEmitter)();
var late; function init() { late = __require("os"); } late.hostname();
// node_modules/two/index.js
function shadow(process, import_fs) { process.exit(); import_fs.never(); }
if (typeof fetch === "function") typeof process.pid;
const { env } = process;
const copy = { Buffer };
globalThis.setTimeout(() => 1)?.["unref"]();
handed(__require("path"));
__require("net");
`;

test("members of builtins and globals, by whatever name, and no others", () => {
  const { paths, names } = bundleUse(SCRIPT, ["Buffer", "fetch", "process", "setTimeout"]);
  assert.deepEqual([...paths].map(([path, places]) => `${path} in ${[...places].join()}`).sort(), [
    "Buffer in node_modules/two/index.js",
    "module buffer.Buffer in app/one.ts",
    "module buffer.Buffer.from in app/one.ts",
    "module buffer.constants.MAX_LENGTH in app/one.ts",
    "module events.EventEmitter in app/one.ts",
    "module fs.readFileSync in app/one.ts",
    "module fs.statSync in app/one.ts",
    "module os.hostname in app/one.ts",
    "module path in node_modules/two/index.js",
    "module tls.connect in app/one.ts",
    "process.env in node_modules/two/index.js",
    "process.pid in node_modules/two/index.js",
    "setTimeout in node_modules/two/index.js",
  ]);
  for (const name of ["readUInt8", "unref", "env", "never"]) assert.ok(names.has(name), name);
});
