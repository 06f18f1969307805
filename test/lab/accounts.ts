/** What the log says about the site and its values: hashes, settings, numbers by item; and what it must not say. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { GATEWAY_URI } from "./pki.ts";
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

/** The OPC UA side's effective settings as a site of the lab (site.ts) writes them into its file. */
function opcuaSettingsLine(file: string): string {
  const { url, readingCycle, security, userCredentials, heartbeat, nodes, debug } = JSON.parse(file) as {
    url: string;
    readingCycle: number;
    security: { mode: string; policy: string; trustList: string[] };
    userCredentials: { username: string };
    heartbeat?: { timeout: number };
    nodes: object[];
    debug?: boolean;
  };
  return [
    `OPC UA Client: settings: ${url}`,
    `security mode ${security.mode}, policy ${security.policy}`,
    `application "${GATEWAY_URI}"`,
    `user name "${userCredentials.username}"`,
    `trusts ${security.trustList.map((name) => `"${name}"`).join(", ")}`,
    readingCycle === 0 ? "reading as fast as possible" : `reading cycle ${readingCycle} s`,
    `${nodes.length} nodes`,
    heartbeat ? `heartbeat every ${heartbeat.timeout} s` : "no heartbeat",
    "exact values",
    ...(debug ? ["with diagnostic lines"] : []),
  ].join("; ");
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
  }
  const effective = `Info: ${opcuaSettingsLine(String(files.get(CARD_PATHS.opcuaSettings)))}`;
  const told = lines.filter((logged) => logged.includes("Info: OPC UA Client: settings: "));
  assert.ok(told.length > 0, `the log has '${effective}'`);
  for (const line of told) assert.ok(line.endsWith(effective), `'${line}' is '${effective}'`);
  assert.match(all, /Info: MQTT Publisher: settings: .*user name ".*; trusts ".*/);
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
