/** The account that is given once a minute: each item's values, how much waits, what was dropped (R143, R165). */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { encodeFrame } from "../../app/link/frame.ts";
import { FrameQueue } from "../../app/link/frame-queue.ts";
import { everyInterval, ItemCounters } from "../../app/link/item-counters.ts";
import { itemsSeconds, statusSeconds } from "../../app/link/status-interval.ts";

const WHAT = "Navigation Service: received in 60 s";

test("items with values are told with their numbers, the others are added up (R143, R165)", () => {
  const counters = new ItemCounters(
    new Map([
      [0, "Heartbeat"],
      [7, 'Speed "1"'],
      [3, "Temperature"],
    ]),
  );
  const totals = new Map([
    [0, 0],
    [7, 0],
    [3, 0],
  ]);
  assert.deepEqual(counters.describe(WHAT, totals), [`${WHAT}: 0; 3 items unchanged`]);
  totals.set(0, 1).set(7, 5);
  assert.deepEqual(counters.describe(WHAT, totals), [
    `${WHAT}: 6 ("Heartbeat" 1, "Speed \\"1\\"" 5); 1 item unchanged`,
  ]);
  totals.set(3, 2).set(7, 6).set(0, 2).set(99, 5);
  assert.deepEqual(counters.describe(WHAT, totals), [
    `${WHAT}: 4 ("Heartbeat" 1, "Speed \\"1\\"" 1, "Temperature" 2)`,
  ]);
  assert.deepEqual(new ItemCounters(new Map()).describe(WHAT, new Map()), [`${WHAT}: 0`]);
});

test("a number that goes round at 2^32 is told as what was added", () => {
  const counters = new ItemCounters(new Map([[1, "a"]]));
  counters.describe(WHAT, new Map([[1, 0xfffffff0]]));
  assert.deepEqual(counters.describe(WHAT, new Map([[1, 5]])), [`${WHAT}: 21 ("a" 21)`]);
  // The same in the other form: what never goes round.
  assert.deepEqual(counters.describe(WHAT, new Map([[1, 2 ** 32 + 6]])), [`${WHAT}: 1 ("a" 1)`]);
});

test("however many items there are: each that has values is told with their number, in short lines (R143, R165)", () => {
  const name = fc.string({ minLength: 1, maxLength: 60 });
  const items = fc.array(fc.tuple(name, fc.nat(5)), { maxLength: 400 });
  fc.assert(
    fc.property(items, fc.constantFrom(1, 30), (list, times) => {
      const all = Array.from({ length: times }, () => list).flat();
      const counters = new ItemCounters(new Map(all.map(([each], port) => [port, each])));
      const lines = counters.describe(WHAT, new Map(all.map(([, count], port) => [port, count])));
      const sum = all.reduce((total, [, count]) => total + count, 0);
      const idle = all.filter(([, count]) => count === 0).length;
      for (const line of lines) assert.ok(line.startsWith(WHAT) && line.length < 900, line);
      assert.ok(lines[0]?.startsWith(`${WHAT}: ${sum}`));
      const told = lines.join("\n").matchAll(/("(?:[^"\\]|\\.)*") (\d+)(?=[,)])/g);
      const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
      assert.deepEqual(
        [...told].map(([, quoted, count]) => [JSON.parse(quoted as string), Number(count)]),
        all.filter(([, count]) => count > 0).map(([each, count]) => [short(each), count]),
      );
      const end = new RegExp(`; ${idle} items? unchanged$`);
      assert.equal(end.test(lines.at(-1) ?? ""), idle > 0);
    }),
    { numRuns: 60 },
  );
});

/** `everyInterval` on a clock of its own: what it logs, by second. */
function tellOver(
  t: TestContext,
  seconds: number,
  lines: (seconds: string) => readonly string[],
): string[][] {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const told: string[][] = [];
  everyInterval({ info: (line) => void told.at(-1)?.push(line) }, lines);
  for (let second = 0; second <= seconds; second += 1) {
    told.push([]);
    t.mock.timers.tick(second === 0 ? 0 : 1000);
  }
  return told;
}

test("some hundreds of lines are spread over the minute, a few come at once; none is lost, none comes twice", (t) => {
  let minute = 0;
  const counts = [3, 700, 0, 2];
  const told = tellOver(t, 5 * 60, () => {
    const count = counts[minute] ?? 0;
    minute += 1;
    return Array.from({ length: count }, (_, index) => `${minute}: ${index}`);
  });
  const all = counts.flatMap((count, at) =>
    Array.from({ length: count }, (_, index) => `${at + 1}: ${index}`),
  );
  assert.deepEqual(told.flat(), all);
  assert.equal(told[60]?.length, 3);
  assert.deepEqual(
    told.slice(120, 180).map(({ length }) => length),
    Array.from({ length: 60 }, (_, second) => (second < 53 ? 13 : second === 53 ? 11 : 0)),
  );
  assert.equal(told[240]?.length, 2);
});

test("an account that comes every second does not wait for the next one", (t) => {
  process.env.GATEWAY_ITEMS_SECONDS = "1";
  t.after(() => delete process.env.GATEWAY_ITEMS_SECONDS);
  const many = Array.from({ length: 50 }, (_, index) => String(index));
  assert.deepEqual(
    tellOver(t, 2, () => many),
    [[], many, many],
  );
});

test("what waits in a queue is counted, and what is dropped is told by port (R115)", () => {
  const dropped: number[] = [];
  const queue = new FrameQueue(64 * 1024, (port) => void dropped.push(port));
  let pushed = 0;
  const push = (): void => {
    const frame = encodeFrame(pushed, "x".repeat(pushed % 977));
    queue.pushFrames(frame, 0, frame.length);
    queue.pushText(pushed + 1, "text");
    pushed += 2;
  };
  for (let each = 0; each < 700; each += 1) push();
  assert.ok(dropped.length > 0);
  assert.equal(dropped.length, queue.dropped);
  assert.deepEqual(
    dropped,
    dropped.map((_, index) => index),
  );
  assert.equal(queue.countFrames(), pushed - dropped.length);
  for (let head = queue.peek(); head !== null; head = queue.peek()) queue.shift(head.length);
  assert.equal(queue.countFrames(), 0);
});

test("the account comes once a minute unless the kernel's command line says otherwise", (t) => {
  const before = process.env.GATEWAY_STATUS_SECONDS;
  t.after(() => {
    if (before === undefined) delete process.env.GATEWAY_STATUS_SECONDS;
    else process.env.GATEWAY_STATUS_SECONDS = before;
  });
  for (const [given, seconds] of [
    ["2", 2],
    ["86400", 86_400],
    ["86401", 60],
    ["0", 60],
    ["-1", 60],
    ["soon", 60],
  ] as const) {
    process.env.GATEWAY_STATUS_SECONDS = given;
    assert.deepEqual([statusSeconds(), itemsSeconds()], [seconds, seconds]);
  }
  process.env.GATEWAY_ITEMS_SECONDS = "7";
  t.after(() => delete process.env.GATEWAY_ITEMS_SECONDS);
  assert.deepEqual([statusSeconds(), itemsSeconds()], [60, 7]);
});
