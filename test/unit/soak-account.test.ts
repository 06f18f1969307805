/** The soak's own judgement: a lost, doubled or swapped value is found, an outage explains only what lies in it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ledger } from "../soak/ledger.ts";
import { floorRise, parseMemory, slopeOf } from "../soak/memory.ts";
import type { Outage } from "../soak/outage.ts";
import { OutagePlan, putOff } from "../soak/plan.ts";
import type { SoakRecord } from "../soak/soak.ts";
import { judge, lostThoughResumable, missing } from "../soak/verdict.ts";

const ROUND_MS = 250;

function ledgerOf(rounds: readonly number[]): Ledger {
  const ledger = new Ledger(1, 100);
  for (const round of rounds) ledger.take({ item: 0, round, repeated: false, overflow: false, at: 0 });
  return ledger;
}

function madeAt(rounds: number): number[] {
  return Array.from({ length: rounds }, (_, round) => round * ROUND_MS);
}

test("what is missing between two values of an item, and behind the last, is a gap", () => {
  const ledger = ledgerOf([2, 3, 6, 7]);
  assert.equal(ledger.beforeFirst(madeAt(10)), 2);
  assert.deepEqual(
    ledger.gaps(madeAt(10), 9).map(({ from, to, values }) => ({ from, to, values })),
    [
      { from: 4, to: 5, values: 2 },
      { from: 8, to: 9, values: 2 },
    ],
  );
});

test("a number that the server left out is not missing", () => {
  const made = madeAt(10);
  made[4] = Number.NaN;
  made[5] = Number.NaN;
  assert.deepEqual(ledgerOf([0, 1, 2, 3, 6, 7, 8, 9]).gaps(made, 9), []);
  const [gap, ...others] = ledgerOf([0, 1, 2, 7, 8, 9]).gaps(made, 9);
  assert.deepEqual(
    { ...gap, overflow: undefined },
    { item: 0, from: 3, to: 6, values: 2, overflow: undefined },
  );
  assert.deepEqual(others, []);
});

test("repetitions are counted, swapped values are told from them", () => {
  const ledger = ledgerOf([0, 1, 1, 0, 3, 2, 2]);
  assert.equal(ledger.arrived, 4);
  assert.equal(ledger.duplicates, 3);
  assert.deepEqual(
    ledger.outOfOrder.map(({ round }) => round),
    [2],
  );
});

test("a value that the server never had is an error", () => {
  assert.throws(() => ledgerOf([100]), /the server has no value 100 of item 0/);
});

const LATE = { startedAt: 300_000, endedAt: 300_000, recoveredAt: 300_000, madeAt: 300_000 };
/** The other kinds on both sides, all at once, late. */
const OTHER_OUTAGES: readonly Outage[] = (["opcua", "mqtt"] as const).flatMap((side) =>
  (["stall", "restart", "kill", "link"] as const).map((kind) => ({
    ...{ side, kind, plannedSeconds: 0, overlapped: true },
    ...LATE,
  })),
);

function recordOf(changes: Partial<SoakRecord>): SoakRecord {
  const memory = Array.from({ length: 60 }, (_, index) => ({
    at: index * 10_000,
    megabytes: { whole: 38 + (index % 2) / 10 },
  }));
  const outage = { kind: "cut", plannedSeconds: 10, overlapped: false } as const;
  const at = { startedAt: 60_000, endedAt: 70_000, recoveredAt: 72_000, madeAt: 72_000 };
  return {
    ...{ seed: 1, minutes: 10, items: 1, startedAt: 0, endedAt: 600_000, rounds: 2400, made: 2400 },
    ...{ beforeFirst: 0, arrived: 2400, duplicates: 0, flaggedDuplicates: 0, overflowed: 0, outOfOrder: 0 },
    ...{ oddPayloads: [], otherMessages: {}, droppedByLog: 0, gaps: [], memory, log: [], broken: null },
    outages: [
      { side: "opcua", ...outage, ...at },
      { side: "mqtt", ...outage, ...at, startedAt: 200_000, endedAt: 210_000, recoveredAt: 212_000 },
      ...OTHER_OUTAGES,
    ],
    ...changes,
  };
}

function gapAt(fromAt: number, toAt: number): Pick<SoakRecord, "gaps" | "arrived"> {
  return {
    gaps: [{ item: 0, from: 240, to: 243, values: 4, overflow: false, fromAt, toAt }],
    arrived: 2396,
  };
}

test("a run in which all is well has no faults", () => {
  assert.deepEqual(judge(recordOf({})), []);
});

test("values of an OPC UA outage are explained, the same number at another time is not", () => {
  const [cut, broker] = recordOf({}).outages;
  assert.ok(cut !== undefined && broker !== undefined);
  const outages = [{ ...cut, kind: "restart" as const }, broker, { ...cut, ...LATE }, ...OTHER_OUTAGES];
  const inside = recordOf({ ...gapAt(60_000, 70_750), outages });
  assert.deepEqual(judge(inside), []);
  assert.equal(missing(inside)["OPC UA outage"], 4);
  assert.equal(lostThoughResumable(inside), 0);
  assert.match(
    judge(recordOf(gapAt(100_000, 100_750))).join("\n"),
    /4 values are lost and nothing explains it/,
  );
});

test("a session outlives a short interruption of the network, so nothing may be lost in it", () => {
  const cut = recordOf(gapAt(60_000, 70_750));
  const said = "4 values are lost in interruptions of the network that an OPC UA session survives";
  assert.deepEqual(judge(cut), [said]);
  const [first, broker] = cut.outages;
  assert.ok(first !== undefined && broker !== undefined);
  const long = { ...first, startedAt: 10_000 };
  assert.deepEqual(
    judge(recordOf({ ...gapAt(60_000, 70_750), outages: [long, broker, ...OTHER_OUTAGES] })),
    [],
  );
});

test("what a restart loses soon after a stall is not lost in the stall", () => {
  const [cut, broker] = recordOf({}).outages;
  assert.ok(cut !== undefined && broker !== undefined);
  const times = { startedAt: 80_000, endedAt: 92_000, recoveredAt: 97_000, madeAt: 96_800 };
  const outages = [cut, { ...cut, kind: "restart" as const, ...times }, broker, ...OTHER_OUTAGES];
  const log = [
    { at: 80_300, text: "Warning: OPC UA Client lost its connection to 192.168.177.7 port 4840: it broke" },
    { at: 97_000, text: "Info: OPC UA Client has established connection to 192.168.177.7 port 4840 (…)" },
  ];
  const record = recordOf({ ...gapAt(92_000, 96_500), outages, log });
  assert.equal(missing(record)["OPC UA outage"], 4);
  assert.deepEqual(judge(record), []);
});

test("an OPC UA outage lasts until the device says that it is connected again", () => {
  const log = [
    { at: 60_100, text: "Warning: OPC UA Client lost its connection to 192.168.177.7 port 4840: it broke" },
    { at: 95_000, text: "Info: OPC UA Client has established connection to 192.168.177.7 port 4840 (…)" },
  ];
  assert.deepEqual(missing(recordOf({ ...gapAt(94_000, 94_750), log })).none, 0);
  assert.match(judge(recordOf({ ...gapAt(99_000, 99_750), log })).join("\n"), /4 values are lost/);
});

test("an outage of the broker explains nothing that the device does not own up to", () => {
  const silent = recordOf(gapAt(205_000, 205_750));
  assert.match(
    judge(silent).join("\n"),
    /item 0 lacks 4 values from number 240, made at 1970-01-01T00:03:25/,
  );
  const honest = recordOf({ ...gapAt(205_000, 205_750), droppedByLog: 4 });
  assert.deepEqual(judge(honest), []);
  const short = recordOf({ ...gapAt(205_000, 205_750), droppedByLog: 3 });
  assert.match(judge(short).join("\n"), /4 values are lost, but the device says that it dropped 3/);
});

test("growing memory, swapped and repeated values, an outage without end and errors are faults", () => {
  const memory = Array.from({ length: 60 }, (_, index) => ({
    at: index * 10_000,
    megabytes: { whole: 38 + index / 10 },
  }));
  const hours = { minutes: 60, outages: recordOf({}).outages };
  assert.match(
    judge(recordOf({ ...hours, memory })).join("\n"),
    /memory \(whole\) comes down to \d{5} kB more each hour, more than 256/,
  );
  assert.deepEqual(judge(recordOf(hours)), []);
  // The broker's longest outage may leave a little behind, once.
  const longest = {
    ...({ side: "mqtt", kind: "restart", plannedSeconds: 60, overlapped: false } as const),
    ...{ startedAt: 250_000, endedAt: 310_000, recoveredAt: 311_000, madeAt: 311_000 },
  };
  const stepped = (by: number) =>
    judge(
      recordOf({
        ...{ minutes: 60, outages: [...hours.outages, longest] },
        memory: memory.map(({ at }) => ({ at, megabytes: { whole: 38, mqtt: at < 280_000 ? 10 : 10 + by } })),
      }),
    );
  assert.deepEqual(stepped(1), []);
  assert.deepEqual(stepped(2), [
    "memory (mqtt) has grown from 10 MB to 12 MB over the broker's longest outage, by more than 1.5 MB",
  ]);
  // In minutes the medians of the first and of the last third are compared.
  const growing = (name: string, by: number) =>
    judge(
      recordOf({
        memory: memory.map(({ at }, index) => ({
          at,
          megabytes: { whole: 38, [name]: 10 + (by * index) / 59 },
        })),
      }),
    );
  for (const [name, tolerated] of [
    ["mqtt", 1.5],
    ["whole", 4],
  ] as const) {
    assert.deepEqual(growing(name, tolerated), []);
    const [fault = "", ...others] = growing(name, 2 * tolerated);
    assert.ok(fault.endsWith(` MB in calm times, by more than ${tolerated} MB`), fault);
    assert.ok(fault.startsWith(`memory (${name}) has grown from `), fault);
    assert.deepEqual(others, []);
  }
  assert.deepEqual(judge(recordOf({ memory: memory.slice(0, 12) })), [
    "too few calm moments to say how memory develops",
  ]);
  assert.deepEqual(judge(recordOf({ outages: recordOf({}).outages.filter(({ kind }) => kind !== "kill") })), [
    "the opcua side never failed by kill",
    "the mqtt side never failed by kill",
  ]);
  assert.match(judge(recordOf({ outOfOrder: 1 })).join("\n"), /1 values came after younger ones/);
  assert.match(judge(recordOf({ duplicates: 21 })).join("\n"), /21 values came twice, at most 1 may/);
  assert.match(judge(recordOf({ arrived: 2399 })).join("\n"), /1 values are neither there nor missing/);
  const outages = recordOf({}).outages.map((outage) => ({ ...outage, recoveredAt: null }));
  assert.match(judge(recordOf({ outages })).join("\n"), /no value came after the outage opcua cut of 10 s/);
  const log = [{ at: 0, text: "Error: it broke" }];
  assert.deepEqual(judge(recordOf({ log })), ["Error: it broke"]);
  assert.match(judge(recordOf({ broken: "QEMU ended" })).join("\n"), /before its time: QEMU ended/);
});

test("a straight line has its slope and no error, a noisy one an error that covers it", () => {
  const line = [0, 1, 2, 3].map((hours) => ({ at: hours * 3_600_000, megabytes: 40 + hours }));
  const exact = slopeOf(line);
  assert.equal(exact?.kilobytesPerHour, 1024);
  assert.equal(exact.errorKilobytesPerHour, 0);
  assert.equal(floorRise(line), (2 * 1024) / 1.5);
  // Garbage that is collected at last is no leak, whatever the line through it says.
  const sawtooth = [1, 2, 3, 1, 2, 3, 4, 1].map((megabytes, hours) => ({ at: hours * 3_600_000, megabytes }));
  assert.equal(floorRise(sawtooth), 0);
  assert.equal(slopeOf(line.slice(0, 2)), null);
});

test("memory is read from the device's own line, with and without its cells", () => {
  const line =
    "[2026-11-23 03:28:00.000 (UTC+0000)] Info: [SUPERVISOR] status: CPU 4.8 % of the last 10.0 s (log 0.2, opcua 3.4), " +
    "34.8 MB of 500 MB of memory in use";
  assert.deepEqual(parseMemory(line, 7), { at: 7, megabytes: { whole: 34.8 } });
  assert.deepEqual(parseMemory(`${line} (log 8.30, opcua 10.92)`, 7), {
    at: 7,
    megabytes: { whole: 34.8, log: 8.3, opcua: 10.92 },
  });
  assert.equal(parseMemory("something else", 7), null);
});

test("the same seed is the same story, and each kind of outage is in it soon", () => {
  const story = (seed: number, side: "opcua" | "mqtt") => {
    const plan = new OutagePlan({ seed, side, long: false });
    return Array.from({ length: 10 }, () => plan.next());
  };
  assert.deepEqual(story(1, "mqtt"), story(1, "mqtt"));
  assert.notDeepEqual(story(1, "mqtt"), story(2, "mqtt"));
  assert.notDeepEqual(story(1, "mqtt"), story(1, "opcua"));
  for (let seed = 0; seed < 20; seed += 1) {
    const kinds = story(seed, "opcua").map(({ kind }) => kind);
    assert.deepEqual(kinds.slice(0, 5).sort(), ["cut", "kill", "link", "restart", "stall"]);
  }
});

test("hours: no outage reaches into a common rest, except one that is longer than the time between two", () => {
  const [period, rest] = [600, 150];
  for (let elapsed = 0; elapsed < 2 * period; elapsed += 7) {
    for (const seconds of [0, 40, 300, period - rest - 1]) {
      const begin = (elapsed + putOff(elapsed, seconds)) % period;
      assert.ok(begin + seconds < period - rest, `${seconds} s after ${elapsed} s begins at ${begin}`);
      assert.ok(putOff(elapsed, seconds) <= period);
    }
    assert.equal(putOff(elapsed, 1200), 0);
  }
  assert.equal(putOff(100, 300), 0);
  assert.equal(putOff(400, 300), 200);
});
