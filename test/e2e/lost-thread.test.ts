/**
 * A cell that answers but has lost its thread: values stand still between two cells although everybody is connected. The
 * supervisor notices that nothing passes, starts the taking cell anew, and what has waited in front of it arrives.
 */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findLine, MQTT_CONNECTED, OPCUA_CONNECTED } from "../lab/console-lines.ts";
import { startNodeGateway } from "../lab/node-gateway.ts";
import { startPlant } from "../lab/plant.ts";
import { everyChangeArrived } from "../lab/truth.ts";
import { REPOSITORY, withWorkbench } from "../lab/workbench.ts";

const DEADLINE_MS = 60_000;
/** More than a pipe and the buffers around it hold. */
const ROUNDS = 200;
/** What the ended cell had taken in and not published goes with it: a read buffer full of early changes. */
const MOST_TAKEN = 60;
const PROGRAM = ["--import", "tsx", join(REPOSITORY, "test/lab/lost-thread-main.ts")];
const NOTICED =
  "the navigation cell answers, but has got nowhere for 300 s with what it has to do; the mqtt cell is ended and started again";

test("values that stand still between cells that answer are noticed: the taking cell is started anew and they arrive (R33, R141)", (t) =>
  withWorkbench(t, "lost-thread", async (bench) => {
    const { server, observer, variables, files } = await startPlant({ bench, gateway: "node" });
    const fault = bench.path("fault");
    writeFileSync(fault, "");
    const env = { ...process.env, LOST_THREAD: fault };
    const gateway = startNodeGateway({ bench, files, env, program: PROGRAM });
    await findLine(gateway.lines, OPCUA_CONNECTED, { deadlineMs: DEADLINE_MS });
    await findLine(gateway.lines, MQTT_CONNECTED, { deadlineMs: DEADLINE_MS });
    await server.change({ count: ROUNDS, everyMs: 20 });
    await findLine(gateway.lines, NOTICED, { deadlineMs: DEADLINE_MS });
    assert.equal(existsSync(fault), false);
    const optional = new Set(Array.from({ length: MOST_TAKEN }, (_, change) => change));
    await everyChangeArrived({ server, observer, variables, deadlineMs: DEADLINE_MS, optional });
    const told = gateway.lines.entries.filter((line) => line.includes("got nowhere"));
    assert.equal(told.length, 1, told.join("\n"));
  }));
