/** Makes the app for the card: `node --import tsx app/bundle/main.ts --os out/os --output out/app`. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundleApp } from "./bundle.ts";

/** The app could not be made. */
class BundleError extends Error {
  readonly code = "ERR_BUNDLE";
}

const { values } = parseArgs({ options: { os: { type: "string" }, output: { type: "string" } } });
if (!values.os || !values.output) {
  console.error("usage: app/bundle/main.ts --os OS_PAYLOAD_DIR --output DIR");
  process.exit(2);
}
const compiler = join(values.os, "tools", "gateway-bytecode");
if (!existsSync(compiler)) {
  throw new BundleError(
    `${compiler} is missing: it comes with the operating system, whose QuickJS must be the same; run make os`,
  );
}
mkdirSync(values.output, { recursive: true });
const script = join(values.output, "gateway.js");
const bytecode = join(values.output, "app.qbc");
const metafile = await bundleApp({ target: "device", entry: "app/main.ts", outfile: script });
writeFileSync(join(values.output, "metafile.json"), JSON.stringify(metafile));
rmSync(bytecode, { force: true });
const compiled = spawnSync(compiler, [script, bytecode], { stdio: "inherit" });
if (compiled.error) throw new BundleError(`${compiler} did not start: ${compiled.error.message}`);
if (compiled.status !== 0) throw new BundleError(`${compiler} failed on ${script}: see its message above`);
