/** The lab judges everything else, so it is judged here: each check must fail when the thing it checks is wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareTopic } from "./compare.ts";
import {
  assertBlock,
  assertHealthy,
  assertNoLine,
  OPCUA_START,
  stampTime,
  withoutStamp,
} from "./console-lines.ts";
import { Journal } from "./journal.ts";
import { LineSplitter } from "./lines.ts";
import type { Message } from "./observer.ts";
import type { Change } from "./opcua-protocol.ts";
import { Pki } from "./pki.ts";
import { LabProcess, run } from "./process.ts";
import { ALL_VARIABLES, SampleSequence, shortestFloat } from "./variables.ts";
import { withWorkbench } from "./workbench.ts";

const START = Date.UTC(2026, 0, 1);
const truth: Change[] = [1.5, 2.5, 3.5].map((json, index) => ({
  name: "Double",
  index,
  sourceTimestamp: new Date(START + index).toISOString(),
  type: "Double",
  array: false,
  json,
}));

function message(index: number, changed: Record<string, unknown> = {}): Message {
  const payload = {
    Value: truth[index]?.json,
    SourceTimestamp: truth[index]?.sourceTimestamp,
    ServerTimestamp: truth[index]?.sourceTimestamp,
    ...changed,
  };
  return { topic: "t", payload: JSON.stringify(payload), qos: 1, retain: false, at: START };
}

const compare = (messages: Message[], optional?: ReadonlySet<number>) =>
  compareTopic({ name: "Double", truth, messages, ...(optional === undefined ? {} : { optional }) });

test("the judge accepts the truth, a tail still on its way, and counts repetitions", () => {
  assert.deepEqual(compare([0, 1, 2].map((index) => message(index))), { lastIndex: 2, repeated: 0 });
  assert.deepEqual(compare([message(0)]), { lastIndex: 0, repeated: 0 });
  assert.deepEqual(compare([0, 1, 2, 1, 2].map((index) => message(index))), { lastIndex: 2, repeated: 2 });
  assert.deepEqual(compare([message(0), message(2)], new Set([1])), { lastIndex: 2, repeated: 0 });
});

test("the judge refuses a gap, a swap, a wrong value, a stranger and a wrong envelope", () => {
  assert.throws(() => compare([message(0), message(2)]), /change 1 is missing: after change 0 came change 2/);
  assert.throws(() => compare([message(1), message(0)]), /change 0 is missing/);
  assert.throws(() => compare([message(0, { Value: 1.5000000001 })]), /the server's value was 1.5/);
  assert.throws(() => compare([message(0, { Value: "1.5" })]), /the server's value was 1.5/);
  assert.throws(
    () => compare([message(0, { SourceTimestamp: "2026-01-02T00:00:00Z" })]),
    /no change with this SourceTimestamp/,
  );
  assert.throws(() => compare([message(0, { ServerTimestamp: undefined })]), /ServerTimestamp is no time/);
  assert.throws(() => compare([message(0, { StatusCode: { Code: 0 } })]), /a Good value has no StatusCode/);
  assert.throws(() => compare([{ ...message(0), retain: true }]), /it is retained \(R111\)/);
  assert.throws(() => compare([{ ...message(0), payload: "{" }]), /the payload is no JSON/);
});

const stamped = (second: number, text: string) => `[2026-01-01 00:00:0${second}.000 (UTC+0000)] ${text}`;

test("a block of the diagnostics log must be complete, verbatim, in order, once and stamped", () => {
  const lines = OPCUA_START.map((text) => stamped(1, text));
  assertBlock(
    ["[    0.1] Linux", ...lines.slice(0, 3), stamped(1, "Info: other"), ...lines.slice(3)],
    OPCUA_START,
  );
  assert.throws(
    () => assertBlock(lines.slice(1), OPCUA_START),
    /'Info: Starting the OPC UA Client Manager Server service' is missing/,
  );
  assert.throws(() => assertBlock([...lines].reverse(), OPCUA_START), /out of order/);
  assert.throws(() => assertBlock([...lines, lines[0] ?? ""], OPCUA_START), /is there 2 times/);
  assert.throws(() => assertBlock(OPCUA_START, OPCUA_START), /is missing/);
  const backwards = OPCUA_START.map((text, index) => stamped(9 - index, text));
  assert.throws(() => assertBlock(backwards, OPCUA_START), /runs backwards/);
});

test("the health check of the console finds errors, warnings, panics and unstamped lines", () => {
  assertHealthy(["[    0.0] Linux version", stamped(1, "Info: fine")]);
  for (const bad of [
    stamped(1, "Error: x"),
    stamped(1, "Warning: x"),
    "Info: x",
    "[ 1.0] Kernel panic - not syncing",
  ]) {
    assert.throws(() => assertHealthy([bad]), /should not be there/);
  }
  assert.throws(() => assertNoLine([stamped(1, "Info: up")], "Info: up"), /unexpected line/);
  assert.equal(withoutStamp("[2026-1-01 00:00:00.000 (UTC+0000)] Info: x"), null);
  assert.equal(stampTime("[2026-01-01 02:00:00.000 (UTC+0200)] Info: x"), START);
});

test("a wait ends at its deadline or when nothing more can come, and says what it waited for", async () => {
  const journal = new Journal<string>("console");
  setImmediate(() => journal.append("two"));
  assert.equal(await journal.find((entry) => entry === "two", { what: "two", deadlineMs: 5000 }), "two");
  await assert.rejects(
    journal.find(() => false, { what: "three", deadlineMs: 1 }),
    {
      code: "LAB_TIMEOUT",
      message: /console: no three within 0.001 s\n {2}console ends with:\n {4}two/,
    },
  );
  setImmediate(() => journal.end(new Error("it was switched off")));
  await assert.rejects(
    journal.find(() => false, { what: "four", deadlineMs: 5000 }),
    {
      code: "LAB_PROCESS_ENDED",
      message: /waited for four, but it was switched off/,
    },
  );
});

test("lines are cut at line feeds, whatever the chunks; carriage returns go", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const byte of Buffer.from("ä\r\nb\n\nrest")) splitter.push(Uint8Array.of(byte));
  assert.deepEqual(lines, ["ä", "b", ""]);
});

test("processes: a missing tool, a failing one and one that must be killed", (t) =>
  withWorkbench(t, "lab-processes", async (bench) => {
    await assert.rejects(run(["no-such-tool-here"]), { code: "LAB_TOOL_MISSING" });
    await assert.rejects(run(["openssl", "x509", "-in", "no-such-file"]), { code: "LAB_PROCESS_FAILED" });
    const stubborn = new LabProcess({
      name: "stubborn",
      argv: ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"],
      logFile: bench.path("stubborn.log"),
    });
    await stubborn.lines.find((line) => line === "ready", { what: "ready", deadlineMs: 10_000 });
    await stubborn.stop();
    assert.equal(stubborn.running, false);
  }));

test("two consecutive values of a variable differ, and both ends see the same sequence", () => {
  for (const variable of ALL_VARIABLES) {
    const [here, there] = [new SampleSequence(variable), new SampleSequence(variable)];
    let previous = "";
    for (let count = 0; count < 50; count++) {
      const sample = JSON.stringify(here.next());
      assert.equal(JSON.stringify(there.next()), sample);
      assert.notEqual(sample, previous, variable.name);
      previous = sample;
    }
  }
});

test("the shortest decimal of a binary32 value", () => {
  assert.equal(shortestFloat(Math.fround(0.1)), 0.1);
  assert.equal(shortestFloat(Math.fround(16777216)), 16777216);
  assert.equal(shortestFloat(Math.fround(3.4028234663852886e38)), 3.4028235e38);
  assert.equal(shortestFloat(Number.NaN), Number.NaN);
});

test("certificates: openssl agrees that good ones are good and says why wrong ones are wrong", (t) =>
  withWorkbench(t, "lab-pki", async (bench) => {
    const pki = new Pki(bench.path("pki"));
    const ca = await pki.issue({ name: "ca", use: "ca", key: "ec:P-256" });
    const altNames = ["IP:192.0.2.1"];
    const good = await pki.issue({ name: "good", use: "tls-server", key: "ec:P-256", issuer: ca, altNames });
    const expired = await pki.issue({
      ...{ name: "expired", use: "tls-server", key: "ec:P-256", issuer: ca },
      ...{ validFromDays: -20, validToDays: -10 },
    });
    const verify = ["openssl", "verify", "-CAfile", ca.certFile] as const;
    await run([...verify, "-purpose", "sslserver", "-verify_ip", "192.0.2.1", good.certFile]);
    await assert.rejects(run([...verify, expired.certFile]), /certificate has expired/);
    await assert.rejects(run([...verify, "-verify_ip", "192.0.2.2", good.certFile]), /IP address mismatch/);
    await assert.rejects(
      run([...verify, "-purpose", "sslclient", good.certFile]),
      /unsuitable certificate purpose/i,
    );
  }));
