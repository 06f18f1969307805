/** Servers that take little at once: items in batches and several subscriptions, and a plain word when it is too much. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { OPCUAServer, OPCUAServerOptions, UAVariable } from "node-opcua";
import { silenceLibrary } from "../../app/cells/opcua/connection/client-options.ts";
import type { OpcUaSettings } from "../../app/config/opcua.ts";
import { type Certificate, Pki } from "../lab/pki.ts";
import { freePort } from "../lab/ports.ts";
import { makeFolder } from "./app-folder.ts";
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
const NAMES = Array.from({ length: 50 }, (_, index) => `V${index}`);
let certificate: Certificate;
let server: OPCUAServer | null = null;

before(async () => {
  silenceLibrary();
  const altNames = ["URI:urn:test:server", "IP:127.0.0.1"];
  certificate = await pki.issue({ name: "server", use: "opcua", altNames });
});
after(async () => {
  await server?.shutdown(0);
  remove();
});

/** A server with these capabilities, and the settings for it; the server before is shut down. */
async function site(
  serverCapabilities: OPCUAServerOptions["serverCapabilities"],
): Promise<{ settings: OpcUaSettings; variables: UAVariable[]; server: OPCUAServer }> {
  await server?.shutdown(0);
  const port = await freePort();
  const started = await startServer(
    { ...serverOptions({ port, certificate, folder }), ...(serverCapabilities && { serverCapabilities }) },
    NAMES,
  );
  server = started.server;
  const settings: OpcUaSettings = {
    ...clientSettings({ tcpPort: port, trusted: certificate, client: certificate }),
    mode: "None",
    policy: "None",
    identity: null,
    nodes: nodesFor(NAMES),
  };
  return { settings, variables: started.variables, server };
}

/** Every node's changes arrive. */
async function flows(variables: readonly UAVariable[], valuesOf: (name: string) => unknown[]): Promise<void> {
  await until(() => NAMES.every((name) => valuesOf(name).length > 0));
  for (const [index, variable] of variables.entries()) setDouble(variable, index + 1);
  await until(() => NAMES.every((name, index) => valuesOf(name).at(-1) === index + 1));
}

test("items are created within the server's limits, and what it has revised is told (R46, R73)", async (t) => {
  const { settings, variables } = await site({
    operationLimits: { maxMonitoredItemsPerCall: 7, maxNodesPerRead: 3 },
  });
  const { collector, lines, valuesOf } = collect({ ...settings, readingCycle: 1 });
  t.after(() => collector.stop());
  await collector.run();
  await flows(variables, valuesOf);
  assert.equal(
    lines[1],
    "Info: OPC UA Client: 50 of 50 nodes are monitored (8 calls): published every 1000 ms, keep-alive every 5 s, lifetime 180 s; sampled every 1000 ms (50 nodes), up to 200 changes queued per node",
  );
  assert.equal(lines.length, 2);
});

test("a server that names no limit and has one all the same: the batches are halved", async (t) => {
  const { settings, variables, server } = await site(undefined);
  const { collector, lines, valuesOf } = collect(settings);
  const { operationLimits } = server.engine.serverCapabilities;
  t.after(() => collector.stop());
  // From the session on it refuses what the client believes that it takes.
  server.on("create_session", () => {
    operationLimits.maxMonitoredItemsPerCall = 12;
  });
  const advertised = Object.getOwnPropertyDescriptor(operationLimits, "maxMonitoredItemsPerCall");
  assert.equal(advertised?.value, 10_000);
  let limit = 10_000;
  Object.defineProperty(operationLimits, "maxMonitoredItemsPerCall", {
    get: () => (new Error().stack?.includes("_on_CreateMonitoredItemsRequest") ? limit : 0),
    set: (value: number) => {
      limit = value;
    },
  });
  await collector.run();
  await flows(variables, valuesOf);
  // 50 and 25 are too many; then 12 at once.
  assert.match(lines[1] ?? "", /50 of 50 nodes are monitored \(7 calls\)/);
});

test("more items than a subscription takes: there are several", async (t) => {
  const { settings, variables, server } = await site({ maxMonitoredItemsPerSubscription: 20 });
  const { collector, lines, valuesOf } = collect(settings);
  t.after(() => collector.stop());
  await collector.run();
  await flows(variables, valuesOf);
  assert.match(lines[1] ?? "", /50 of 50 nodes are monitored, in 3 subscriptions \(3 calls\)/);
  assert.equal(server.engine.currentSubscriptionCount, 3);
});

test("one of several subscriptions dies without a word: noticed behind the others, and all begin anew (L1, R75)", async (t) => {
  const { settings, variables, server } = await site({ maxMonitoredItemsPerSubscription: 20 });
  const { collector, lines, valuesOf } = collect(settings);
  t.after(() => collector.stop());
  await collector.run();
  await flows(variables, valuesOf);
  const subscriptions = () => server.engine.getSessions().flatMap((each) => each.publishEngine.subscriptions);
  const before = subscriptions();
  const [dead] = before.slice(1, 2);
  assert.ok(dead);
  // It lives on for whoever asks, but neither its items nor its proof of life come any more.
  Object.assign(dead, { process_subscription: () => undefined });
  let value = 1000;
  // The others have something to tell all the time.
  const busy = setInterval(() => setDouble(variables[0], ++value), 100);
  t.after(() => clearInterval(busy));
  for (const variable of variables.slice(20, 40)) setDouble(variable, 77);
  const lost = (): string | undefined => lines.find((line) => line.includes("lost its connection"));
  await until(() => lost() !== undefined);
  assert.match(
    lost() ?? "",
    /lost its connection to .*: the server is connected but has sent nothing of 1 of its 3 subscriptions for 1\d s\. Cure: /,
  );
  await until(() => NAMES.slice(20, 40).every((name) => valuesOf(name).at(-1) === 77));
  assert.doesNotMatch(lines.join("\n"), /goes on/);
  // Nothing of the former ones is left with the server, nor a session.
  assert.equal(server.engine.currentSessionCount, 1);
  assert.equal(subscriptions().length, 3);
  assert.ok(subscriptions().every((each) => !before.includes(each)));
});

test("more items than the server takes: one line, and the others flow", async (t) => {
  const { settings, variables } = await site({
    maxMonitoredItemsPerSubscription: 20,
    maxSubscriptionsPerSession: 2,
  });
  const { collector, lines, valuesOf } = collect(settings);
  t.after(() => collector.stop());
  await collector.run();
  const delivered = NAMES.slice(0, 40);
  await until(() => delivered.every((name) => valuesOf(name).length > 0));
  setDouble(variables[39], 7);
  await until(() => valuesOf("V39").at(-1) === 7);
  assert.deepEqual(lines.slice(2), [
    "Warning: OPC UA Client: the server takes no more items; 10 nodes are not delivered (BadTooManyMonitoredItems). Cure: raise the server's limit, or configure fewer nodes",
  ]);
});
