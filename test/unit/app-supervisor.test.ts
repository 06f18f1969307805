/** The supervisor: cells that die are started again and find their pipes as they were; the log keeps its order. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EXIT_SOFTWARE } from "../../app/cells/cell.ts";
import { parsePartitionReport, partitionLines } from "../../app/supervisor/partitions.ts";
import {
  findLine,
  MQTT_CONNECTED,
  MQTT_START,
  NAVIGATION_START,
  OPCUA_CONNECTED,
  OPCUA_START,
  OS_START,
  withoutStamp,
} from "../lab/console-lines.ts";
import { cellPids, startNodeGateway } from "../lab/node-gateway.ts";
import { startPlant } from "../lab/plant.ts";
import { everyChangeArrived } from "../lab/truth.ts";
import { REPOSITORY, withWorkbench } from "../lab/workbench.ts";
import { until } from "./app-until.ts";

const DEADLINE_MS = 60_000;

function cellPid(root: string, role: string): number {
  const pid = cellPids(root).get(role);
  if (pid === undefined) throw new Error(`no process of the ${role} cell`);
  return pid;
}

const LOG_SETTINGS = "LogFileSizeLimit=100000\nDirectorySizeLimit=1000000\n";
const CELLS = ["log", "mqtt", "navigation", "opcua"];

test("lines come in the guide's order, killed cells come back, values go on arriving (R137–R142)", (t) =>
  withWorkbench(t, "supervisor", async (bench) => {
    const { server, observer, variables, files } = await startPlant({ bench, gateway: "node" });
    const root = bench.path("card");
    const gateway = startNodeGateway({ bench, files });
    await findLine(gateway.lines, OPCUA_CONNECTED, { deadlineMs: DEADLINE_MS });
    await findLine(gateway.lines, MQTT_CONNECTED, { deadlineMs: DEADLINE_MS });
    const said = gateway.lines.entries.map(withoutStamp);
    let end = 0;
    for (const block of [OS_START, OPCUA_START, MQTT_START, NAVIGATION_START]) {
      const at = said.indexOf(block[0] ?? "", end);
      assert.deepEqual(said.slice(at, at + block.length), block, "a block without anything in between");
      // What is between two blocks are the settings of the one before (K48).
      for (const line of said.slice(end, at))
        assert.match(line ?? "", /[:\]] (?:SHA-256 of |settings: |there is no )/);
      end = at + block.length;
    }

    const judge = { server, observer, variables, deadlineMs: DEADLINE_MS };
    await everyChangeArrived(judge);
    for (const role of ["navigation", "mqtt", "log", "opcua"]) {
      const from = gateway.lines.entries.length;
      process.kill(cellPid(root, role), "SIGKILL");
      const line = `Error: the ${role} cell ended unexpectedly (signal SIGKILL); it is started again at once`;
      await findLine(gateway.lines, line, { deadlineMs: DEADLINE_MS, from });
      if (role === "mqtt") await findLine(gateway.lines, MQTT_CONNECTED, { deadlineMs: DEADLINE_MS, from });
      if (role === "opcua") await findLine(gateway.lines, OPCUA_CONNECTED, { deadlineMs: DEADLINE_MS, from });
      await server.change({ count: 3, everyMs: 50 });
      await everyChangeArrived(judge);
    }
  }));

test("a supervisor that is killed leaves no cell behind that works beside those of the next one (R141)", (t) =>
  withWorkbench(t, "orphans", async (bench) => {
    const { files } = await startPlant({ bench, gateway: "node" });
    const gateway = startNodeGateway({ bench, files });
    await findLine(gateway.lines, OPCUA_CONNECTED, { deadlineMs: DEADLINE_MS });
    await findLine(gateway.lines, MQTT_CONNECTED, { deadlineMs: DEADLINE_MS });
    const root = bench.path("card");
    assert.deepEqual([...cellPids(root).keys()].sort(), CELLS);
    await gateway.stop("SIGKILL");
    await until(() => cellPids(root).size === 0);
  }));

test("an error in the supervisor itself is in the log, and ends it for init to start it anew (R141)", (t) =>
  withWorkbench(t, "supervisor-error", async (bench) => {
    const { files } = await startPlant({ bench, gateway: "node" });
    const fault =
      'if (!process.argv.includes("--role")) process.on("SIGUSR2", () => { throw new Error("no memory to fork") })';
    const gateway = startNodeGateway({
      ...{ bench, files },
      program: [
        ...["--import", "tsx", "--import", `data:text/javascript,${encodeURIComponent(fault)}`],
        join(REPOSITORY, "app/main.ts"),
      ],
    });
    const logs = join(bench.path("card"), "HW-LOG/logs");
    writeFileSync(join(logs, ".log"), LOG_SETTINGS);
    await findLine(gateway.lines, MQTT_CONNECTED, { deadlineMs: DEADLINE_MS });
    gateway.child.kill("SIGUSR2");
    await gateway.exited();
    assert.equal(gateway.child.exitCode, EXIT_SOFTWARE);
    const told =
      /Error: the supervisor met an error it can't handle, the gateway is started anew: no memory to fork \(at /;
    assert.equal(gateway.lines.entries.filter((line) => told.test(line)).length, 1);
    const kept = readdirSync(logs).map((name) => readFileSync(join(logs, name), "utf8"));
    assert.match(kept.join(""), told);
    assert.equal(cellPids(bench.path("card")).size, 0);
  }));

test("the health log gets the same lines as the serial line, first what it goes by itself (R153, R165, K48, L16)", (t) =>
  withWorkbench(t, "health-log", async (bench) => {
    const { files } = await startPlant({ bench, gateway: "node" });
    const gateway = startNodeGateway({ bench, files });
    const logs = join(bench.path("card"), "HW-LOG/logs");
    writeFileSync(join(logs, ".log"), LOG_SETTINGS);
    await findLine(gateway.lines, MQTT_CONNECTED, { deadlineMs: DEADLINE_MS });
    await findLine(gateway.lines, OPCUA_CONNECTED, { deadlineMs: DEADLINE_MS });
    await gateway.stop();
    const [file, ...more] = readdirSync(logs).filter((name) => name.startsWith("health-"));
    assert.deepEqual(more, []);
    const kept = readFileSync(join(logs, file ?? ""), "utf8")
      .split("\n")
      .slice(0, -1);
    assert.deepEqual(kept, gateway.lines.entries);
    const digest = createHash("sha256").update(LOG_SETTINGS).digest("hex");
    const texts = kept.map(withoutStamp);
    assert.ok(texts.includes(`Info: [LOG] SHA-256 of HW-LOG:/logs/.log: ${digest}`));
    assert.equal(texts.filter((text) => text?.startsWith("Info: [LOG] settings: up to ")).length, 1);
  }));

test("no broken settings stop the rest: one line each, and nothing loops (R141)", (t) =>
  withWorkbench(t, "both-broken", async (bench) => {
    const { files } = await startPlant({ bench, gateway: "node" });
    for (const [path, content] of files) {
      if (path.endsWith(".json")) files.set(path, String(content).replace("{", "["));
    }
    const gateway = startNodeGateway({ bench, files });
    const errors = () =>
      gateway.lines.entries.map(withoutStamp).filter((line) => line?.startsWith("Error: "));
    await gateway.lines.until(() => errors().length >= 2, {
      what: "two error lines",
      deadlineMs: DEADLINE_MS,
    });
    await gateway.stop();
    // The card has no settings of the health log, which is one more line.
    assert.equal(gateway.lines.entries.length, OS_START.length + 3, gateway.lines.entries.join("\n"));
    assert.match(
      errors()[0] ?? "",
      /OpcUaClientSettings-0\.json, line 2, column \d+: not valid JSON: expected ',' or '\]', found ':'/,
    );
    assert.match(errors()[1] ?? "", /MqttPublisherSettings-0\.json, line 2, column \d+: not valid JSON/);
  }));

test("partitions as the init script reports them (R25, R137)", () => {
  const report =
    "HW-BOOT\t/dev/mmcblk0p1\tok\nHW-LOG\t/dev/mmcblk0p2\tok\nHW-IDS\t/dev/mmcblk0p3\tok\nHW-INW\t/dev/mmcblk0p4\tok\nHW-ENW\t/dev/mmcblk0p5\tok\n";
  const whole = partitionLines(parsePartitionReport(report));
  assert.deepEqual(
    whole.info.map((line) => `Info: ${line}`),
    OS_START,
  );
  assert.equal(whole.error, null);
  const damaged = report
    .replace("mmcblk0p3\tok", "mmcblk0p3\te2fsck found damage that it can't repair")
    .replace(/HW-INW.*\n/, "HW-INW\t-\tnot found\n");
  const { info, error } = partitionLines(parsePartitionReport(damaged));
  assert.equal(info.length, 7);
  assert.equal(
    error,
    "[BLKDEVSR] the card's partitions are not as expected: HW-IDS (/dev/mmcblk0p3): e2fsck found damage that it can't repair; " +
      "HW-INW: not found. Cure: write the card anew with gwcard, or label its ext3 partitions HW-BOOT, HW-LOG, HW-IDS, HW-INW, HW-ENW",
  );
  assert.match(partitionLines(parsePartitionReport("")).error ?? "", /HW-BOOT: not found; HW-LOG: not found/);
  assert.deepEqual(partitionLines(parsePartitionReport("")).info, []);
});
