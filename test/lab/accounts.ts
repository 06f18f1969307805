/** What the log says about the site and its values: hashes, settings, numbers by item; and what it must not say. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { CARD_PATHS, type SiteFiles } from "./site.ts";

/** Everything in a site's files that no log may contain: passwords and private keys, line by line. */
export function secretsOf(files: SiteFiles): string[] {
  const secrets: string[] = [];
  for (const [path, content] of files) {
    const text = Buffer.from(content).toString("latin1");
    if (path.endsWith(".json")) {
      const { userCredentials } = JSON.parse(text) as { userCredentials?: { password?: string } | null };
      if (userCredentials?.password) secrets.push(userCredentials.password);
    }
    if (path.endsWith(".key")) secrets.push(...text.split("\n").filter((line) => line.length >= 64));
  }
  assert.ok(secrets.length > 20, "two passwords and two keys");
  return secrets;
}

/** K13, K48: the log has the SHA-256 of both settings files and the effective settings, and no secret. */
export function assertSiteIsTold(lines: readonly string[], files: SiteFiles): void {
  const all = lines.join("\n");
  for (const secret of secretsOf(files)) assert.ok(!all.includes(secret), "a secret is in the log");
  for (const [side, path] of [
    ["OPC UA Client", CARD_PATHS.opcuaSettings],
    ["MQTT Publisher", CARD_PATHS.mqttSettings],
  ] as const) {
    const digest = createHash("sha256")
      .update(files.get(path) ?? assert.fail(path))
      .digest("hex");
    const line = `Info: ${side}: SHA-256 of ${basename(path)}: ${digest}`;
    assert.ok(
      lines.some((logged) => logged.endsWith(line)),
      `the log has '${line}'`,
    );
    assert.match(all, new RegExp(`Info: ${side}: SHA-256 of this list of \\d+: [0-9a-f]{64}$`, "m"));
    assert.match(all, new RegExp(`Info: ${side}: settings: .*user name ".*; trusts ".*`));
  }
}

const ITEM = /"((?:[^"\\]|\\.)*)" (\d+)(?=[,)])/g;

/** How many values of each item the log has accounted for so far, of the lines with these words. */
export function itemTotals(lines: readonly string[], words: string): Map<string, number> {
  const totals = new Map<string, number>();
  for (const line of lines) {
    const from = line.indexOf(words);
    if (from === -1) continue;
    for (const [, name = "", count] of line.slice(from).matchAll(ITEM))
      totals.set(name, (totals.get(name) ?? 0) + Number(count));
  }
  return totals;
}
