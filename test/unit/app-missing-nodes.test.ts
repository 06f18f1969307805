/** Nodes that the server does not have: told once, asked for again, and delivered as soon as they are there. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { StatusCodes } from "node-opcua-client";
import { MissingNodes } from "../../app/cells/opcua/acquisition/missing-nodes.ts";
import { NodeWarnings } from "../../app/cells/opcua/acquisition/node-warnings.ts";
import { silenceLibrary } from "../../app/cells/opcua/connection/client-options.ts";
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
let certificate: Certificate;

before(async () => {
  silenceLibrary();
  const altNames = ["URI:urn:test:server", "IP:127.0.0.1"];
  certificate = await new Pki(join(folder, "pki")).issue({ name: "server", use: "opcua", altNames });
});
after(remove);

for (const subscriptions of [true, false]) {
  const way = subscriptions ? "a subscription" : "cyclic reading";
  test(`a node that does not exist is one warning, and flows when it appears: ${way} (R73, L8)`, async (t) => {
    const port = await freePort();
    const { server, variables, add } = await startServer(serverOptions({ port, certificate, folder }), [
      "There",
    ]);
    if (!subscriptions) {
      // What a server answers that does not know the service (Part 4 §7.34).
      Object.assign(server, { _on_CreateSubscriptionRequest: Reflect.get(server, "_on_CancelRequest") });
    }
    const { collector, lines, valuesOf } = collect(
      {
        ...clientSettings({ tcpPort: port, trusted: certificate, client: certificate }),
        mode: "None",
        policy: "None",
        identity: null,
        nodes: nodesFor(["There", "Missing"]),
      },
      { missingRetryMs: 50 },
    );
    t.after(async () => {
      await collector.stop();
      await server.shutdown(0);
    });
    await collector.run();
    for (const value of [1, 2, 3]) {
      setDouble(variables[0], value);
      await until(() => valuesOf("There").at(-1) === value);
    }
    const missing =
      /Warning: .*does not deliver ns=1;s=Missing \("Missing"\): BadNodeIdUnknown\. Cure: correct/;
    assert.equal(lines.filter((line) => missing.test(line)).length, 1, lines.join("\n"));
    assert.deepEqual(valuesOf("Missing"), []);
    const late = add("Missing");
    await until(() => valuesOf("Missing").length > 0);
    for (const value of [4, 5]) {
      setDouble(late, value);
      await until(() => valuesOf("Missing").at(-1) === value);
    }
    await until(() => lines.length > 3);
    assert.equal(lines[3], 'Info: OPC UA Client: the server now delivers ns=1;s=Missing ("Missing")');
    assert.equal(lines.length, 4);
  });
}

test("nodes are asked for ever more seldom, and no more when the connection is gone", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  const missing = new MissingNodes({
    log: { info: note, warning: note, error: note, debug: () => undefined },
    firstRetryMs: 10_000,
  });
  const [node] = nodesFor(["Missing"]);
  assert.ok(node);
  missing.add(node, StatusCodes.BadNodeIdUnknown);
  missing.tell();
  missing.tell();
  let asked = 0;
  missing.begin({
    again: async () => {
      asked += 1;
    },
    failed: (error) => assert.fail(error),
  });
  const settle = async () => {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  const pauses = [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000];
  for (const [index, pause] of pauses.entries()) {
    t.mock.timers.tick(pause - 1);
    await settle();
    assert.equal(asked, index);
    t.mock.timers.tick(1);
    await settle();
    assert.equal(asked, index + 1);
  }
  missing.add(node, StatusCodes.BadUserAccessDenied);
  missing.tell();
  missing.end();
  t.mock.timers.tick(1_000_000);
  await settle();
  assert.equal(asked, pauses.length);
  assert.deepEqual(
    lines.map((line) => /\): (\w+)\./.exec(line)?.[1]),
    ["BadNodeIdUnknown", "BadUserAccessDenied"],
  );
});

test("of a thousand nodes that are wrong ten are named and the others counted (R73, K49)", () => {
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  const log = { info: note, warning: note, error: note, debug: () => undefined };
  const missing = new MissingNodes({ log, firstRetryMs: 10_000 });
  const nodes = nodesFor(Array.from({ length: 1000 }, (_, index) => `Node ${index}`));
  for (const node of nodes) missing.add(node, StatusCodes.BadNodeIdUnknown);
  missing.tell();
  assert.equal(lines.length, 11);
  assert.equal(
    lines[10],
    "OPC UA Client: the server does not deliver 990 more nodes: BadNodeIdUnknown. Cure: as above; if it is all of one namespace, its index has changed on the server",
  );
  missing.tell();
  assert.equal(lines.length, 11);
  for (const node of nodes) missing.remove(node);
  missing.tell();
  assert.equal(lines.length, 22);
  assert.equal(lines[21], "OPC UA Client: the server now delivers 990 more nodes");
  lines.length = 0;
  const warnings = new NodeWarnings(log);
  for (const node of [...nodes, ...nodes]) warnings.tell(node, "is not published");
  assert.equal(lines.length, 21);
  assert.equal(lines[0], 'OPC UA Client: ns=1;s=Node 0 ("Node 0") is not published');
  assert.match(
    lines[20] ?? "",
    /^OPC UA Client: more nodes have such faults; 20 lines an hour .* Cure: mend/,
  );
});
