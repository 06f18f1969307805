/**
 * The gateway on Node.js between a real OPC UA server and a real mosquitto: the quickest proof that every change
 * arrives, in order and value-exact. The same story on the card: values-quark, values-uefi.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertSiteIsTold, itemTotals } from "../lab/accounts.ts";
import {
  assertBlock,
  findLine,
  MQTT_CONNECTED,
  MQTT_START,
  NAVIGATION_START,
  OPCUA_CONNECTED,
  OPCUA_START,
} from "../lab/console-lines.ts";
import { startNodeGateway } from "../lab/node-gateway.ts";
import { startPlant } from "../lab/plant.ts";
import { CARD_PATHS, type SiteFiles } from "../lab/site.ts";
import { everyChangeArrived } from "../lab/truth.ts";
import { withWorkbench } from "../lab/workbench.ts";

const START_MS = 60_000;
const ARRIVE_MS = 60_000;
const ROUNDS = 40;

/** K52: what whoever looks for a fault gets when the settings ask for it. */
const DEBUG_LINES = [
  / Debug: OPC UA Client: attempt, \d+ ms: the server offers .*SignAndEncrypt\/Basic256Sha256 for /,
  / Debug: OPC UA Client: attempt, \d+ ms: chosen: SignAndEncrypt\/Basic256Sha256 of /,
  / Debug: OPC UA Client: attempt, \d+ ms: the secure channel is open$/,
  / Debug: OPC UA Client: attempt, \d+ ms: session and source are there \(new, 0 messages fetched\): /,
  / Debug: MQTT Publisher: CONNECT to .* as "gateway-1": session kept, user name, password, last will, keep alive \d+ s$/,
  / Debug: MQTT Publisher: CONNACK: accepted, session not present$/,
  / Debug: MQTT Publisher: in flight: 0$/,
];

/** The same files with `"debug": true` in both settings files. */
function withDebug(files: SiteFiles): SiteFiles {
  const edited = new Map(files);
  for (const path of [CARD_PATHS.opcuaSettings, CARD_PATHS.mqttSettings])
    edited.set(path, JSON.stringify({ ...JSON.parse(String(files.get(path))), debug: true }));
  return edited;
}

test("on Node.js every change of every type arrives, in order and value-exact, and is accounted for (R1, R76, R77, R143, R165, L6, L7, K13, K48, K52)", (t) =>
  withWorkbench(t, "values-node", async (bench) => {
    const plant = await startPlant({ bench, gateway: "node", extras: true });
    const { server, observer, variables } = plant;
    const files = withDebug(plant.files);
    const env = { ...process.env, GATEWAY_STATUS_SECONDS: "1" };
    const gateway = startNodeGateway({ bench, files, env });
    await findLine(gateway.lines, OPCUA_CONNECTED, { deadlineMs: START_MS });
    await findLine(gateway.lines, MQTT_CONNECTED, { deadlineMs: START_MS });
    const judge = { server, observer, variables, deadlineMs: ARRIVE_MS };
    await everyChangeArrived(judge);

    await server.change({ count: ROUNDS, everyMs: 50 });
    const arrival = await everyChangeArrived(judge);
    assert.equal(arrival.changes, variables.length * (1 + ROUNDS));
    assert.equal(arrival.repeated, 0);
    for (const block of [OPCUA_START, MQTT_START, NAVIGATION_START])
      assertBlock(gateway.lines.entries, block);

    // R143, R165: each item's values on both sides, none more and none less.
    for (const words of ["Navigation Service: received", "MQTT Publisher: published"]) {
      const isComplete = (lines: readonly string[]): boolean => {
        const totals = itemTotals(lines, words);
        return variables.every(({ name }) => (totals.get(name) ?? 0) >= 1 + ROUNDS);
      };
      await gateway.lines.until(isComplete, {
        what: `account of all values: ${words}`,
        deadlineMs: ARRIVE_MS,
      });
      const totals = itemTotals(gateway.lines.entries, words);
      for (const { name } of variables) assert.equal(totals.get(name), 1 + ROUNDS, `${words}: ${name}`);
    }
    await findLine(gateway.lines, "Navigation Service: buffered: 0 (0 bytes), dropped since the start: 0", {
      deadlineMs: ARRIVE_MS,
    });
    for (const side of ["OPC UA Client", "MQTT Publisher"])
      await findLine(gateway.lines, `${side}: reconnects since the start: 0`, { deadlineMs: ARRIVE_MS });
    assertSiteIsTold(gateway.lines.entries, files);
    for (const text of DEBUG_LINES)
      assert.ok(
        gateway.lines.entries.some((line) => text.test(line)),
        `the log has ${text}`,
      );
  }));
