/**
 * mosquitto is started anew in the middle of the traffic, with its sessions on disk and without. The gateway's connection
 * is cut first and mended when the observer is back, so that nothing but the gateway could have lost a value.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broker, GATEWAY_USER } from "../lab/broker.ts";
import { findLine, MQTT_CONNECTED, OPCUA_CONNECTED } from "../lab/console-lines.ts";
import { Middleman } from "../lab/middleman.ts";
import { startNodeGateway } from "../lab/node-gateway.ts";
import { Observer } from "../lab/observer.ts";
import { DemoServer } from "../lab/opcua-server.ts";
import { makeSitePki } from "../lab/pki.ts";
import { run } from "../lab/process.ts";
import { siteFiles } from "../lab/site.ts";
import { everyChangeArrived } from "../lab/truth.ts";
import { VARIABLES } from "../lab/variables.ts";
import { withWorkbench } from "../lab/workbench.ts";

const DEADLINE_MS = 60_000;
const RESTARTS = 2;
const ROUNDS = 30;
const MARK = "mark";

for (const persistence of [true, false]) {
  const how = persistence ? "keeps" : "loses";
  test(`the broker starts anew in the middle of the traffic and ${how} its sessions: nothing is missing (L15)`, (t) =>
    withWorkbench(t, `broker-restart-${how}`, async (bench) => {
      const address = "127.0.0.1";
      const pki = await makeSitePki({
        dir: bench.path("pki"),
        serverAddress: address,
        brokerAddress: address,
      });
      const server = await DemoServer.start({ bench, pki });
      const broker = await Broker.start({ bench, pki, persistence });
      const observer = await Observer.start({ bench, pki, broker });
      const middleman = await Middleman.start({ bench, target: broker.port });
      const files = siteFiles({
        pki,
        variables: VARIABLES,
        serverUrl: `opc.tcp://${address}:${server.port}`,
        brokerUri: `ssl://${address}:${middleman.port}`,
      });
      /** Returns when the observer has all that the broker has. */
      const settle = async (mark: string): Promise<void> => {
        const { certFile, keyFile } = pki.observer;
        const to = ["-h", address, "-p", `${broker.port}`, "-i", "marker", "-q", "1", "-t", MARK, "-m", mark];
        const user = ["-u", GATEWAY_USER.username, "-P", GATEWAY_USER.password];
        const tls = ["--cafile", pki.ca.certFile, "--cert", certFile, "--key", keyFile];
        await run(["mosquitto_pub", ...to, ...user, ...tls]);
        await observer.messages.find(({ topic, payload }) => topic === MARK && payload === mark, {
          what: "the mark behind the last value",
          deadlineMs: DEADLINE_MS,
        });
      };

      const gateway = startNodeGateway({ bench, files });
      await findLine(gateway.lines, OPCUA_CONNECTED, { deadlineMs: DEADLINE_MS });
      await findLine(gateway.lines, MQTT_CONNECTED, { deadlineMs: DEADLINE_MS });
      for (let restart = 0; restart < RESTARTS; restart += 1) {
        const linesBefore = gateway.lines.entries.length;
        const messagesBefore = observer.messages.entries.length;
        const changing = server.change({ count: ROUNDS, everyMs: 40 });
        await observer.messages.until(
          () => observer.messages.entries.length >= messagesBefore + (VARIABLES.length * ROUNDS) / 3,
          { what: "a third of the values", deadlineMs: DEADLINE_MS },
        );
        middleman.refuse();
        await broker.lines.find(
          (line) => /Client gateway-1 (?:closed its connection|disconnected)/.test(line),
          {
            what: "line that the gateway is gone",
            deadlineMs: DEADLINE_MS,
          },
        );
        await settle(`${restart}`);
        await broker.stop();
        await broker.start();
        await broker.lines.find(
          (line) => line.includes(`Sending ${persistence ? "CONNACK" : "SUBACK"} to observer`),
          { what: "line that the observer is back", deadlineMs: DEADLINE_MS },
        );
        middleman.open();
        await findLine(gateway.lines, MQTT_CONNECTED, { deadlineMs: DEADLINE_MS, from: linesBefore });
        await changing;
      }
      const arrival = await everyChangeArrived({
        server,
        observer,
        variables: VARIABLES,
        deadlineMs: DEADLINE_MS,
      });
      assert.equal(arrival.changes, VARIABLES.length * (1 + RESTARTS * ROUNDS));
      t.diagnostic(`${arrival.changes} changes arrived, ${arrival.repeated} of them twice`);
    }));
}
