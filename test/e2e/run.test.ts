/** `make run` does what it says: boots the card, shows values arriving in a table, and ends by itself when asked to. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { BOOT_DEADLINE_MS } from "../lab/device.ts";
import { LabProcess } from "../lab/process.ts";
import { HEARTBEAT_TOPIC, topicOf } from "../lab/site.ts";
import { VARIABLES } from "../lab/variables.ts";
import { REPOSITORY, withWorkbench } from "../lab/workbench.ts";

const VALUES = 2 * VARIABLES.length;

test("make run shows values arriving and explains itself", (t) =>
  withWorkbench(t, "run", async (bench) => {
    const demo = new LabProcess({
      name: "make run",
      argv: [
        ...[process.execPath, "--import", "tsx", join(REPOSITORY, "test/lab/run.ts")],
        ...["--boot", "quark", "--values", String(VALUES), "--every", "1"],
      ] as [string, ...string[]],
      cwd: REPOSITORY,
      logFile: bench.path("output.log"),
    });
    bench.defer(() => demo.stop());
    await demo.lines.find((line) => /arrived, each as the server made it, in order\.$/.test(line), {
      what: "closing line",
      deadlineMs: 2 * BOOT_DEADLINE_MS,
    });
    await demo.exited();
    assert.equal(demo.child.exitCode, 0);
    const lines = demo.lines.entries;
    const rows = lines.filter(
      (line) => /^\d\d:\d\d:\d\d\.\d{3} {2}/.test(line) && !line.includes(HEARTBEAT_TOPIC),
    );
    assert.ok(rows.length >= VALUES, `${rows.length} rows`);
    for (const variable of VARIABLES)
      assert.ok(
        rows.some((row) => row.includes(`  ${topicOf(variable)} `)),
        variable.name,
      );
    for (const part of ["out/run/serial.log", "Ctrl-C", "the kernel runs", "the OPC UA session stands"]) {
      assert.ok(
        lines.some((line) => line.includes(part)),
        `'${part}' is in the output`,
      );
    }
  }));

test("make run refuses options that make no sense and says which there are", (t) =>
  withWorkbench(t, "run-usage", async (bench) => {
    const demo = new LabProcess({
      name: "make run",
      argv: [process.execPath, "--import", "tsx", join(REPOSITORY, "test/lab/run.ts"), "--boot", "floppy"],
      cwd: REPOSITORY,
      logFile: bench.path("output.log"),
    });
    await demo.exited();
    assert.equal(demo.child.exitCode, 1);
    assert.match(demo.lines.entries.join("\n"), /make no sense together\nmake run \[RUN=/);
  }));
