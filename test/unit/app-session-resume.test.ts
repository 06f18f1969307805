/** A cut link to a server that lives on: the session goes on, and no change is lost, repeated or out of order. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import {
  DataChangeNotification,
  type NotificationMessage,
  type OPCUAServer,
  SecurityPolicy,
  type UAVariable,
} from "node-opcua";
import { silenceLibrary } from "../../app/cells/opcua/connection/client-options.ts";
import type { OpcUaSettings } from "../../app/config/opcua.ts";
import { type Certificate, Pki } from "../lab/pki.ts";
import { freePort } from "../lab/ports.ts";
import { makeFolder } from "./app-folder.ts";
import { LinkProxy } from "./app-link-proxy.ts";
import {
  clientSettings,
  collect,
  nodesFor,
  serverOptions,
  setDouble,
  startServer,
} from "./app-opcua-site.ts";
import { until } from "./app-until.ts";

const { folder, remove } = makeFolder();
const pki = new Pki(join(folder, "pki"));
let client: Certificate;
let certificate: Certificate;
let port: number;
let server: OPCUAServer;
let variable: UAVariable | undefined;
let add: (name: string) => UAVariable;
let link: LinkProxy;

async function start(securityPolicies: SecurityPolicy[]): Promise<void> {
  const options = { ...serverOptions({ port, certificate, folder }), securityPolicies };
  const started = await startServer(options, ["Value"]);
  server = started.server;
  variable = started.variables[0];
  add = started.add;
}

before(async () => {
  silenceLibrary();
  const altNames = ["URI:urn:test:server", "IP:127.0.0.1"];
  client = await pki.issue({ name: "client", use: "opcua", altNames: ["URI:urn:test:client"] });
  certificate = await pki.issue({ name: "server", use: "opcua", altNames });
});
after(remove);
beforeEach(async () => {
  port = await freePort();
  await start([SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes256_Sha256_RsaPss]);
  link = await LinkProxy.open(() => port);
});
afterEach(async () => {
  link.close();
  await server.shutdown(0);
});

function settings(): OpcUaSettings {
  return {
    ...clientSettings({ tcpPort: link.port, trusted: certificate, client }),
    policy: "Any",
    nodes: nodesFor(["Value"]),
  };
}

const sessions = () => server.engine.getSessions();
/** Subscriptions of the server's only session. */
const subscriptions = () => sessions().flatMap((session) => session.publishEngine.subscriptions);

/** Sets a value and waits until the server has sampled it. */
async function change(value: number): Promise<void> {
  setDouble(variable, value);
  const sampled = (): boolean =>
    subscriptions().some((subscription) =>
      [...subscription.getMonitoredItems().serverHandles].some(
        (id) => subscription.getMonitoredItem(id)?.oldDataValue.value.value === value,
      ),
    );
  await until(sampled);
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test("changes before, while and after the link is cut: each arrives once, in order, on the same session (L1, R75)", async (t) => {
  const { collector, lines, valuesOf } = collect(settings());
  t.after(() => collector.stop());
  await collector.run();
  await until(() => valuesOf("Value").length > 0);
  const [session] = sessions();
  assert.equal(collector.reconnects, 0);
  let value = 0;
  for (let round = 1; round <= 2; round += 1) {
    for (let more = 0; more < 3; more += 1) await change(++value);
    await until(() => valuesOf("Value").length === value + 1);
    // Sent by the server, never received.
    link.swallowing = true;
    for (let more = 0; more < 3; more += 1) await change(++value);
    link.cut();
    // Kept in the server's queue.
    for (let more = 0; more < 5; more += 1) await change(++value);
    link.mend();
    await until(() => collector.reconnects === round);
    await until(() => valuesOf("Value").length === value + 1);
    for (let more = 0; more < 2; more += 1) await change(++value);
    await until(() => valuesOf("Value").length === value + 1);
  }
  assert.deepEqual(valuesOf("Value"), range(0, value));
  assert.deepEqual(sessions(), [session]);
  const resumed = lines.filter((line) =>
    /Info: OPC UA Client: the session goes on after \d+ s; [1-9]\d* messages that had not arrived were fetched/.test(
      line,
    ),
  );
  assert.equal(resumed.length, 2, lines.join("\n"));
  assert.equal(
    lines.filter((line) => line.includes("OPC UA Client has established connection to")).length,
    3,
  );
  // What was acknowledged is not kept.
  await until(() => subscriptions().every((each) => each.getAvailableSequenceNumbers().length === 0));
  await collector.stop();
  assert.deepEqual(sessions(), []);
});

test("what many items have queued while the link was cut comes in messages of 250 values at most (L1, L15)", async (t) => {
  const names = range(1, 600).map((number) => `Many${number}`);
  const variables = names.map((name) => add(name));
  const { collector, valuesOf } = collect({ ...settings(), nodes: nodesFor(names) });
  t.after(() => collector.stop());
  await collector.run();
  const have = (count: number): boolean => names.every((name) => valuesOf(name).length === count);
  await until(() => have(1));
  const sizes: number[] = [];
  for (const subscription of subscriptions())
    subscription.on("notification", ({ notificationData }: NotificationMessage) => {
      for (const each of notificationData ?? [])
        if (each instanceof DataChangeNotification) sizes.push(each.monitoredItems?.length ?? 0);
    });
  link.cut();
  for (const each of variables) setDouble(each, 1);
  link.mend();
  await until(() => have(2));
  // The server sends the current values once more after it all: more messages, none of them larger.
  assert.equal(Math.max(...sizes), 250, sizes.join(", "));
});

test("a session that the server has ended: a new one takes its subscription over, with what it holds", async (t) => {
  const { collector, lines, valuesOf } = collect(settings());
  t.after(() => collector.stop());
  await collector.run();
  await until(() => valuesOf("Value").length > 0);
  link.swallowing = true;
  await change(1);
  link.cut();
  await change(2);
  await change(3);
  const [session] = sessions();
  assert.ok(session);
  server.engine.closeSession(session.authenticationToken, false, "Timeout");
  link.mend();
  await until(() => valuesOf("Value").length === 4);
  await change(4);
  await until(() => valuesOf("Value").length === 5);
  assert.deepEqual(valuesOf("Value"), range(0, 4));
  assert.match(lines.join("\n"), /a new session goes on with the subscription after \d+ s/);
});

test("a server that was started anew gets a new session, and the current value is published", async (t) => {
  const { collector, lines, valuesOf } = collect(settings());
  t.after(() => collector.stop());
  await collector.run();
  await until(() => valuesOf("Value").length > 0);
  await server.shutdown(0);
  await start([SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes256_Sha256_RsaPss]);
  setDouble(variable, 7);
  await until(() => valuesOf("Value").at(-1) === 7);
  assert.doesNotMatch(lines.join("\n"), /goes on/);
  assert.equal(sessions().length, 1);
});

test("other security than before: endpoints are chosen anew, and so is the session (L1)", async (t) => {
  const { collector, lines, valuesOf } = collect(settings());
  t.after(() => collector.stop());
  await collector.run();
  await until(() => valuesOf("Value").length > 0);
  assert.match(lines[0] ?? "", /\(SignAndEncrypt, Aes256_Sha256_RsaPss\)$/);
  await server.shutdown(0);
  await start([SecurityPolicy.Basic256Sha256]);
  await until(() => collector.reconnects === 1);
  await until(() => valuesOf("Value").length > 1);
  assert.match(lines.join("\n"), /established connection to .* \(SignAndEncrypt, Basic256Sha256\)/);
  assert.doesNotMatch(lines.join("\n"), /goes on/);
});

test("messages that the server no longer keeps are counted, and the others come in order", async (t) => {
  const { collector, lines, valuesOf } = collect(settings());
  t.after(() => collector.stop());
  await collector.run();
  await until(() => valuesOf("Value").length > 0);
  link.swallowing = true;
  await change(1);
  await change(2);
  const [subscription] = subscriptions();
  assert.ok(subscription);
  await until(() => subscription.getAvailableSequenceNumbers().length > 1);
  link.cut();
  for (const number of subscription.getAvailableSequenceNumbers().slice(0, 1))
    subscription.acknowledgeNotification(number);
  link.mend();
  await until(() => collector.reconnects === 1);
  // This server sends the current value once more; it is published once.
  await change(3);
  await until(() => valuesOf("Value").at(-1) === 3);
  assert.deepEqual(valuesOf("Value"), [0, 2, 3]);
  assert.match(
    lines.join("\n"),
    /Warning: OPC UA Client: 1 messages of the server were lost, it does not keep them any more\. Cure: /,
  );
});
