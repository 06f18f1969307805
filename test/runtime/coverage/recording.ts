/** Runs a case on Node.js and tells what of Node's API it exercised: functions by watching, data by reading its text. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleApp } from "../../../app/bundle/bundle.ts";
import { casePath } from "../harness.ts";
import { bundleUse } from "./bundle-use.ts";
import { type Inventory, nodeGlobals } from "./inventory.ts";

export interface Exercised {
  /** Members that the case called, constructed, read or wrote. */
  readonly members: ReadonlySet<string>;
  /** Names of properties in its text: for data that objects carry (`stats.size`). */
  readonly properties: ReadonlySet<string>;
}

/** Records the cases, one after the other; `args` are each case's own. */
export async function record(
  cases: ReadonlyMap<string, readonly string[]>,
  inventory: Inventory,
): Promise<Exercised> {
  const folder = mkdtempSync(join(tmpdir(), "gwcard-record-"));
  const recorder = join(folder, "record.cjs");
  await bundleApp({ target: "node", entry: "test/runtime/coverage/record.ts", outfile: recorder });
  const members = new Set<string>();
  const properties = new Set<string>();
  for (const [name, args] of cases) {
    const script = join(folder, `${name}.cjs`);
    const result = join(folder, `${name}.json`);
    await bundleApp({ target: "node", entry: casePath(name), outfile: script });
    const child = spawn(process.execPath, ["--require", recorder, script, ...args], {
      env: { ...process.env, GWCARD_RECORD: result },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(`${name} while it is recorded ended with ${code}: ${stderr}`);
    for (const member of JSON.parse(readFileSync(result, "utf8")) as string[]) members.add(member);
    const text = bundleUse(readFileSync(script, "utf8"), nodeGlobals());
    for (const path of text.paths.keys()) {
      const member = inventory.find(path.split("."));
      if (member?.kind === "value" || member?.kind === "class") members.add(member.name);
    }
    for (const property of text.names.keys()) properties.add(property);
  }
  rmSync(folder, { recursive: true });
  return { members, properties };
}
