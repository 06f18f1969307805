/**
 * The gateway on Node.js between a real OPC UA server and a real mosquitto: the quickest proof that every change
 * arrives, in order and value-exact. The same story on the card: values-quark, values-uefi.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broker } from "../lab/broker.ts";
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
import { Observer } from "../lab/observer.ts";
import { DemoServer } from "../lab/opcua-server.ts";
import { makeSitePki } from "../lab/pki.ts";
import { siteFiles } from "../lab/site.ts";
import { everyChangeArrived } from "../lab/truth.ts";
import { ALL_VARIABLES } from "../lab/variables.ts";
import { withWorkbench } from "../lab/workbench.ts";

const START_MS = 60_000;
const ARRIVE_MS = 60_000;

test("on Node.js every change of every type arrives, in order and value-exact", (t) =>
  withWorkbench(t, "values-node", async (bench) => {
    const loopback = "127.0.0.1";
    const pki = await makeSitePki({
      dir: bench.path("pki"),
      brokerAddress: loopback,
      serverAddress: loopback,
    });
    const server = await DemoServer.start({ bench, pki, extras: true });
    const broker = await Broker.start({ bench, pki });
    const observer = await Observer.start({ bench, pki, broker });

    const gateway = startNodeGateway({
      bench,
      files: siteFiles({
        pki,
        serverUrl: `opc.tcp://${loopback}:${server.port}`,
        brokerUri: `ssl://${loopback}:${broker.port}`,
        variables: ALL_VARIABLES,
      }),
    });
    await findLine(gateway.lines, OPCUA_CONNECTED, { deadlineMs: START_MS });
    await findLine(gateway.lines, MQTT_CONNECTED, { deadlineMs: START_MS });
    const judge = { server, observer, variables: ALL_VARIABLES, deadlineMs: ARRIVE_MS };
    await everyChangeArrived(judge);

    await server.change({ count: 40, everyMs: 50 });
    const arrival = await everyChangeArrived(judge);
    assert.equal(arrival.changes, ALL_VARIABLES.length * 41);
    assert.equal(arrival.repeated, 0);
    for (const block of [OPCUA_START, MQTT_START, NAVIGATION_START])
      assertBlock(gateway.lines.entries, block);
  }));
