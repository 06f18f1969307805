/** A log cell that dies over and over: the supervisor says so on the serial line itself, and no line is lost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findLine, MQTT_CONNECTED, STAMPED } from "../lab/console-lines.ts";
import { cellPids, startNodeGateway } from "../lab/node-gateway.ts";
import { startPlant } from "../lab/plant.ts";
import { withWorkbench } from "../lab/workbench.ts";

const DEADLINE_MS = 60_000;

test("the supervisor speaks for a log cell that does not stay", (t) =>
  withWorkbench(t, "log-cell-dies", async (bench) => {
    const { files } = await startPlant({ bench, gateway: "node" });
    const gateway = startNodeGateway({ bench, files });
    const root = bench.path("card");
    await findLine(gateway.lines, MQTT_CONNECTED, { deadlineMs: DEADLINE_MS });
    const dies = (when: RegExp) => (line: string) =>
      line.includes("Error: the log cell ended unexpectedly (signal SIGKILL); it is started again ") &&
      when.test(line);
    const kill = () => process.kill(cellPids(root).get("log") ?? Number.NaN, "SIGKILL");

    kill();
    const from = gateway.lines.entries.length;
    await gateway.lines.find(dies(/at once/), { what: "first death", deadlineMs: DEADLINE_MS, from });
    assert.equal(gateway.lines.entries.filter(dies(/at once/)).length, 1, "told by its successor alone");

    kill();
    const told = await gateway.lines.find(dies(/in \d+\.\d s/), {
      what: "second death",
      deadlineMs: DEADLINE_MS,
    });
    assert.match(told, STAMPED);
    // The successor finds the same line in its pipe: the health log has it from there.
    await gateway.lines.until((lines) => lines.filter(dies(/in \d+\.\d s/)).length === 2, {
      what: "the same from the successor",
      deadlineMs: DEADLINE_MS,
    });
  }));
