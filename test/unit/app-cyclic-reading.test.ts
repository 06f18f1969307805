/** A server without subscriptions is read cyclically: changes are published, once, and within what it takes at once. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Message, ServiceFault } from "node-opcua";
import { StatusCodes } from "node-opcua-client";
import { silenceLibrary } from "../../app/cells/opcua/connection/client-options.ts";
import { Pki } from "../lab/pki.ts";
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
const NAMES = Array.from({ length: 10 }, (_, index) => `V${index}`);

before(silenceLibrary);
after(remove);

test("values are read and published when they change, over cut links too; one line says so (L8)", async (t) => {
  const altNames = ["URI:urn:test:server", "IP:127.0.0.1"];
  const certificate = await new Pki(join(folder, "pki")).issue({ name: "server", use: "opcua", altNames });
  const port = await freePort();
  const { server, variables } = await startServer(
    {
      ...serverOptions({ port, certificate, folder }),
      serverCapabilities: { operationLimits: { maxNodesPerRead: 3 } },
    },
    NAMES,
  );
  const refuse = (message: Message, channel: { send_response: (...args: object[]) => void }): void => {
    const fault = new ServiceFault({
      responseHeader: {
        requestHandle: message.request.requestHeader.requestHandle,
        serviceResult: StatusCodes.BadServiceUnsupported,
      },
    });
    channel.send_response("MSG" as unknown as object, fault, message, () => undefined);
  };
  Object.assign(server, { _on_CreateSubscriptionRequest: refuse });
  const link = await LinkProxy.open(() => port);
  const { collector, lines, valuesOf } = collect({
    ...clientSettings({ tcpPort: link.port, trusted: certificate, client: certificate }),
    mode: "None",
    policy: "None",
    identity: null,
    nodes: nodesFor(NAMES),
  });
  t.after(async () => {
    await collector.stop();
    link.close();
    await server.shutdown(0);
  });
  await collector.run();
  assert.equal(
    lines[1],
    "Warning: OPC UA Client: the server has no subscriptions (BadServiceUnsupported); 10 nodes are read every 0.1 s. Cure: use a server with subscriptions, or live with it",
  );
  for (const value of [1, 2]) {
    for (const variable of variables) setDouble(variable, value);
    await until(() => NAMES.every((name) => valuesOf(name).at(-1) === value));
  }
  for (const [value, name] of [
    [Number.NaN, "V0"],
    [-0, "V1"],
  ] as const) {
    setDouble(variables[NAMES.indexOf(name)], value);
    await until(() => valuesOf(name).length === 4);
  }
  variables[2]?.setValueFromSource({ dataType: "Double", value: 2 }, StatusCodes.BadSensorFailure);
  await until(() => valuesOf("V2").at(-1) === "BadSensorFailure");
  link.cut();
  setDouble(variables[3], 3);
  link.mend();
  await until(() => collector.reconnects === 1 && valuesOf("V3").at(-1) === 3);
  // Read many times more, and nothing that has not changed was published again.
  setDouble(variables[9], 9);
  await until(() => valuesOf("V9").at(-1) === 9);
  assert.deepEqual(valuesOf("V0"), [0, 1, 2, "NaN"]);
  assert.deepEqual(valuesOf("V1"), [0, 1, 2, -0]);
  assert.deepEqual(valuesOf("V2"), [0, 1, 2, "BadSensorFailure"]);
  assert.deepEqual(valuesOf("V3"), [0, 1, 2, 3]);
  for (const name of NAMES.slice(4, 9)) assert.deepEqual(valuesOf(name), [0, 1, 2]);
  assert.deepEqual(lines.filter((line) => line.includes("no subscriptions")).length, 1);
});
