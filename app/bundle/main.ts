/**
 * Makes the app for the card: `node --import tsx app/bundle/main.ts --os out/os --output out/app`; without `--os` only the
 * bundle, not its bytecode.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundleApp } from "./bundle.ts";

/** The app could not be made. */
class BundleError extends Error {
  readonly code = "ERR_BUNDLE";
}

function compile(options: { os: string; script: string; bytecode: string }): void {
  const compiler = join(options.os, "tools", "gateway-bytecode");
  if (!existsSync(compiler)) {
    throw new BundleError(
      `${compiler} is missing: it comes with the operating system, whose QuickJS must be the same; run make os`,
    );
  }
  const { error, status } = spawnSync(compiler, [options.script, options.bytecode], { stdio: "inherit" });
  if (error) throw new BundleError(`${compiler} did not start: ${error.message}`);
  if (status !== 0) throw new BundleError(`${compiler} failed on ${options.script}: see its message above`);
}

const { values } = parseArgs({ options: { os: { type: "string" }, output: { type: "string" } } });
if (!values.output) {
  console.error("usage: app/bundle/main.ts [--os OS_PAYLOAD_DIR] --output DIR");
  process.exit(2);
}
mkdirSync(values.output, { recursive: true });
const script = join(values.output, "gateway.js");
const bytecode = join(values.output, "app.qbc");
// Bytecode of an older bundle must not stay beside the new one.
rmSync(bytecode, { force: true });
const metafile = await bundleApp({ target: "device", entry: "app/main.ts", outfile: script });
writeFileSync(join(values.output, "metafile.json"), JSON.stringify(metafile));
if (values.os) compile({ os: values.os, script, bytecode });
