/**
 * The OPC UA server is away for 30 s: the heartbeat goes on and says so, the gateway comes back by itself, and the
 * values that the server has then arrive.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findLine, OPCUA_CONNECTED } from "../lab/console-lines.ts";
import { ARRIVE_DEADLINE_MS, powerOnAndConnect } from "../lab/device.ts";
import { HEARTBEAT_TOPIC } from "../lab/site.ts";
import { withWorkbench } from "../lab/workbench.ts";

const HEARTBEAT_SECONDS = 3;
/** 30 s, counted in the gateway's own heartbeats. */
const OUTAGE_HEARTBEATS = 10;

test("the OPC UA server is away for 30 s: the heartbeat tells, the values come back (R56–R58, R75, R116)", (t) =>
  withWorkbench(t, "server-outage", async (bench) => {
    const device = await powerOnAndConnect({
      bench,
      boot: "quark",
      mqttKey: "ec:P-256",
      heartbeatSeconds: HEARTBEAT_SECONDS,
    });
    const { server, observer, variables } = device;
    const { console } = device.machine;
    await server.change({ count: 5, everyMs: 200 });
    await device.everyChangeArrived();

    const heartbeats = (bad: boolean) =>
      observer.of(HEARTBEAT_TOPIC).filter(({ payload }) => /"StatusCode"/.test(payload) === bad);
    const good = heartbeats(false).length;
    assert.equal(heartbeats(true).length, 0, "the heartbeat is Good while the server is there");

    const beforeOutage = console.entries.length;
    await server.stop();
    await observer.messages.until(() => heartbeats(true).length >= OUTAGE_HEARTBEATS, {
      what: `${OUTAGE_HEARTBEATS} heartbeats that say that the server is away`,
      deadlineMs: 2 * OUTAGE_HEARTBEATS * HEARTBEAT_SECONDS * 1000 + ARRIVE_DEADLINE_MS,
    });
    await server.start();

    await findLine(console, OPCUA_CONNECTED, { deadlineMs: ARRIVE_DEADLINE_MS, from: beforeOutage });
    await device.everyChangeArrived();
    await server.change({ count: 5, everyMs: 200 });
    const arrival = await device.everyChangeArrived();
    assert.equal(arrival.changes, variables.length * (1 + 5 + 1 + 5));
    assert.equal(arrival.repeated, 0);
    await observer.messages.until(() => heartbeats(false).length > good, {
      what: "Good heartbeat after the outage",
      deadlineMs: ARRIVE_DEADLINE_MS,
    });
  }));
