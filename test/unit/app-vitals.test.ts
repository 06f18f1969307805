/** The status line: what proc(5) counts, told as shares of the last interval. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  describeCellMemory,
  describeCpu,
  describeMemory,
  parseProcessMemory,
  parseProcessorTimes,
  parseProcessTime,
  type Reading,
  Vitals,
} from "../../app/supervisor/vitals.ts";
import { findLine } from "../lab/console-lines.ts";
import { startNodeGateway } from "../lab/node-gateway.ts";
import { withWorkbench } from "../lab/workbench.ts";

const STAT = `cpu  1000 20 300 90000 500 0 60 0 0 0
cpu0 500 10 150 45000 250 0 30 0 0 0
cpu1 500 10 150 45000 250 0 30 0 0 0
intr 12345 0
ctxt 6789
`;

test("idle time is that of all processors, waiting for the card included", () => {
  assert.deepEqual(parseProcessorTimes(STAT), { idleSeconds: 905, processors: 2 });
});

test("a process's time is found behind a name that looks like fields", () => {
  const stat = "71 (a) 1 2 (b) S 1 71 71 0 -1 4194304 100 200 0 0 1234 66 7 8 20 0 1 0 300 4096 10";
  assert.equal(parseProcessTime(stat), 13);
});

test("a process's memory is told in pages", () => {
  const stat =
    "71 (a) 1 2 (b) S 1 71 71 0 -1 4194304 100 200 0 0 1234 66 7 8 20 0 1 0 300 4096 10 4294967295";
  assert.equal(parseProcessMemory(stat), 10 * 4096);
});

test("each cell's memory is told, to see which one grows", () => {
  const cells = new Map([
    ["opcua", { pid: 10, seconds: 0, bytes: 7.5 * 1024 * 1024 }],
    ["mqtt", { pid: 11, seconds: 0, bytes: 4_000_000 }],
  ] as const);
  assert.equal(describeCellMemory({ cells }), "(opcua 7.50, mqtt 3.81)");
});

test("memory in use is what can't be given to someone else", () => {
  const meminfo = "MemTotal:         507904 kB\nMemFree:          400000 kB\nMemAvailable:     462848 kB\n";
  assert.equal(describeMemory(meminfo), "44.0 MB of 496 MB of memory in use");
});

test("the shares are those of the interval; a cell that was started again begins at nothing", () => {
  const before: Reading = {
    uptime: 100,
    idleSeconds: 80,
    processors: 1,
    cells: new Map([
      ["opcua", { pid: 10, seconds: 5, bytes: 0 }],
      ["mqtt", { pid: 11, seconds: 50, bytes: 0 }],
    ]),
  };
  const now: Reading = {
    uptime: 160,
    idleSeconds: 116,
    processors: 1,
    cells: new Map([
      ["opcua", { pid: 10, seconds: 17, bytes: 0 }],
      ["mqtt", { pid: 99, seconds: 6, bytes: 0 }],
    ]),
  };
  assert.equal(describeCpu(before, now), "CPU 40.0 % of the last 60.0 s (opcua 20.0, mqtt 10.0)");
});

test("two processors that are both half busy are half busy together", () => {
  const before: Reading = { uptime: 0, idleSeconds: 0, processors: 2, cells: new Map() };
  const now: Reading = { uptime: 10, idleSeconds: 10, processors: 2, cells: new Map() };
  assert.equal(describeCpu(before, now), "CPU 50.0 % of the last 10.0 s ()");
});

test("a process that has ended is left out", () => {
  let uptime = 0;
  const vitals = new Vitals({
    uptime: () => uptime++,
    cells: () => [
      { role: "opcua", pid: process.pid },
      // Above the highest process id that Linux gives (PID_MAX_LIMIT).
      { role: "mqtt", pid: 2 ** 22 + 1 },
      { role: "log", pid: null },
    ],
  });
  assert.match(
    vitals.tell(),
    /^status: CPU .* s \(opcua [\d.]+\), [\d.]+ MB of \d+ MB of memory in use \((?:[a-z]+ [\d.]+(?:, )?)+\)$/,
  );
});

test("the supervisor tells it in the interval that is asked for", (t) =>
  withWorkbench(t, "vitals", async (bench) => {
    const gateway = startNodeGateway({
      bench,
      files: new Map(),
      env: { ...process.env, GATEWAY_STATUS_SECONDS: "1" },
    });
    const line = await findLine(gateway.lines, "[SUPERVISOR] status:", { deadlineMs: 60_000 });
    const pattern =
      /Info: \[SUPERVISOR\] status: CPU [\d.]+ % of the last [\d.]+ s \((?:[a-z]+ [\d.]+(?:, )?)+\), [\d.]+ MB of \d+ MB of memory in use \((?:[a-z]+ [\d.]+(?:, )?)+\); OPC UA not connected, MQTT not connected$/;
    assert.match(line, pattern);
  }));
