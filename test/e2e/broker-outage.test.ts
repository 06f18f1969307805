/**
 * mosquitto is away for 30 s while the machine goes on changing: the gateway comes back by itself and brings
 * everything that happened in the meantime, in order.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findLine, MQTT_CONNECTED } from "../lab/console-lines.ts";
import { ARRIVE_DEADLINE_MS, powerOnAndConnect } from "../lab/device.ts";
import { withWorkbench } from "../lab/workbench.ts";

const OUTAGE_ROUNDS = 30;
const ROUND_EVERY_MS = 1000;

test("the broker is away for 30 s: nothing is missing afterwards (R113, R115, L15)", (t) =>
  withWorkbench(t, "broker-outage", async (bench) => {
    const device = await powerOnAndConnect({ bench, boot: "quark", mqttKey: "ec:P-256" });
    const { server, broker, variables } = device;
    const { console } = device.machine;
    await server.change({ count: 5, everyMs: 200 });
    await device.everyChangeArrived();

    const beforeOutage = console.entries.length;
    await broker.stop();
    const stoppedAt = Date.now();
    await server.change({ count: OUTAGE_ROUNDS, everyMs: ROUND_EVERY_MS });
    assert.ok(
      Date.now() - stoppedAt >= (OUTAGE_ROUNDS - 1) * ROUND_EVERY_MS,
      "the outage was as long as meant",
    );
    await broker.start();

    await findLine(console, MQTT_CONNECTED, { deadlineMs: ARRIVE_DEADLINE_MS, from: beforeOutage });
    await device.everyChangeArrived();
    await server.change({ count: 5, everyMs: 200 });
    const arrival = await device.everyChangeArrived();
    assert.equal(arrival.changes, variables.length * (1 + 5 + OUTAGE_ROUNDS + 5));
    // What was on its way when the connection broke may come again (MQTT §4.4), everything else must not.
    assert.ok(arrival.repeated <= variables.length, `${arrival.repeated} messages came twice`);
    t.diagnostic(`${arrival.changes} changes arrived, ${arrival.repeated} of them twice`);
  }));
