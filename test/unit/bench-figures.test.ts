/** What the bench makes out of what it reads: callgrind's files, status lines, sequences of values, the table. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SequenceCheck } from "../bench/load/arrivals.ts";
import { loadItem, loadValue } from "../bench/load/protocol.ts";
import { costOf, parseProfile } from "../bench/profile.ts";
import { parseStatusLine, StatusLines } from "../bench/status-lines.ts";
import { GOALS, goalTable } from "../bench/table.ts";
import { Journal } from "../lab/journal.ts";
import { topicOf } from "../lab/site.ts";

/** main calls encrypt, which calls itself and a helper in another file; inlined code changes `fi` and `fe`. */
const PROFILE = `# callgrind format
version: 1
positions: line
events: Ir
summary: 1111

ob=(1) /bin/program
fl=(1) ./app/main.c
fn=(1) main
10 100
fi=(2) ./app/inline.h
+5 1
fe=(1)
cfi=(3) ./openssl/evp.c
cfn=(2) encrypt
calls=2 7
11 1010

fl=(3)
fn=(2)
7 600
* 100
cfn=(2)
calls=1 7
8 50
cfi=(4) ./musl/memcpy.c
cfn=(3) memcpy
calls=3 1
9 310

fl=(4)
fn=(3)
1 310
totals: 1111
`;

test("callgrind's profile: instructions of each function, and of what it calls", () => {
  const profile = parseProfile(PROFILE);
  assert.equal(profile.total, 1111);
  assert.deepEqual(profile.functions, [
    { name: "encrypt", file: "./openssl/evp.c", self: 700, inclusive: 1060 },
    { name: "memcpy", file: "./musl/memcpy.c", self: 310, inclusive: 310 },
    { name: "main", file: "./app/main.c", self: 101, inclusive: 1111 },
  ]);
});

test("what a library costs is what the calls into it cost, its inner calls not counted twice", () => {
  assert.equal(costOf(parseProfile(PROFILE), /openssl/), 1010);
  assert.equal(costOf(parseProfile(PROFILE), /nothing/), 0);
});

const LINE =
  "[2026-11-23 00:15:14.577 (UTC+0000)] Info: [SUPERVISOR] status: CPU 90.0 % of the last 5.0 s " +
  "(log 0.0, opcua 60.0, mqtt 20.0), 83 MB of 501 MB of memory in use";

test("a status line in seconds of processor time", () => {
  assert.equal(parseStatusLine("[2026] Info: another line", 1), null);
  const device = parseStatusLine(LINE, 1);
  assert.deepEqual(device && [device.seconds, device.busy, device.memoryMegabytes], [5, 4.5, 83]);
  assert.deepEqual(
    [...(device?.cells ?? [])],
    [
      ["log", 0],
      ["opcua", 3],
      ["mqtt", 1],
    ],
  );
  assert.equal(parseStatusLine(LINE, 2)?.busy, 9, "shares are those of all processors");
});

test("a stretch is what lies between two status lines", () => {
  const lines = new Journal<string>("console");
  let count = 0;
  const status = new StatusLines({ lines, count: () => count, on: "device" });
  for (count of [10, 110, 310]) lines.append(LINE);
  const stretch = status.stretch(0, 2);
  assert.deepEqual([stretch.seconds, stretch.busy, stretch.values], [10, 9, 300]);
  assert.equal(stretch.cells.get("opcua"), 6);
  assert.throws(() => status.stretch(2, 3), /there are no status lines 2 to 3/);
});

test("every value of the load is told from its neighbours and needs the most digits", () => {
  for (const item of [0, 1, 299, 999]) {
    for (let sequence = 0; sequence < 5000; sequence++)
      assert.equal(Math.floor(loadValue(item, sequence)), sequence);
  }
  const digits = Array.from({ length: 1000 }, (_, item) => String(loadValue(item, 12)).length);
  assert.ok(digits.filter((length) => length >= 16).length > 500);
});

test("a value that is lost, doubled or swapped does not pass", () => {
  const payload = (item: number, sequence: number) =>
    `{"Value":${loadValue(item, sequence)},"SourceTimestamp":"2026-11-23T00:00:00.000Z"}`;
  const check = new SequenceCheck(2);
  const [one = "", two = ""] = [0, 1].map((item) => topicOf(loadItem(item)));
  check.take(one, payload(0, 0));
  check.take(two, payload(1, 0));
  check.take("another topic", "{}");
  check.take(one, payload(0, 1));
  assert.equal(check.count, 3);
  assert.throws(
    () => check.take(one, payload(0, 1)),
    /value 2 of Plant 1\/Machine\/Load 0000 is .*the broker got/,
  );
  assert.throws(() => check.take(one, payload(0, 3)), /value 2 of/);
  assert.throws(() => check.take(two, payload(0, 1)), /value 1 of/);
});

test("the table tells what is reached, what is missed and what is not measured", () => {
  const lines = goalTable({
    "quark.values_per_s": 300,
    "quark.ram_mb": 65,
    "quark.rsa2048_private_s": 0.4,
  });
  const row = (key: string) => lines.find((line) => line.endsWith(key)) ?? "";
  assert.match(row("quark.values_per_s"), / 300 {2}≥ 300 reached +≥ 1000 MISSED /);
  assert.match(row("quark.ram_mb"), / 65 {2}≤ 64 MISSED +≤ 40 MISSED /);
  assert.match(row("quark.cells_up_s"), / – {2}≤ 15 not measured +≤ 8 not measured /);
  assert.match(row("quark.rsa2048_private_s"), / 0\.400 {2}≤ 0\.5 reached +– /);
  assert.equal(lines.length, GOALS.length + 1);
});
