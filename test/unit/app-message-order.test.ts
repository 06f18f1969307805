/** Messages of a subscription that come twice, early, late or not at all are passed on once and in order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MessageOrder } from "../../app/cells/opcua/acquisition/message-order.ts";

const HIGHEST = 0xffff_ffff;

/** The number of the nth message when numbering begins with `first`: 0 is left out. */
function nth(first: number, n: number): number {
  const number = first + n;
  return number <= HIGHEST ? number : number - HIGHEST;
}

test("whatever arrives in whatever order: each message that the server has is passed on once, in order", async () => {
  const from = fc.constantFrom(1, 1000, HIGHEST - 5);
  const arrivals = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 40 });
  const gone = fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(from, arrivals, gone, async (first, sequence, unavailable) => {
      const order = new MessageOrder(1);
      const passed: number[] = [];
      assert.equal(order.accept(first), true);
      passed.push(first);
      const lostNumbers = new Set(unavailable.map((n) => nth(first, n)));
      const sent = new Set<number>();
      let lost = 0;
      const fetch = async (number: number) => {
        await Promise.resolve();
        return sent.has(number) && !lostNumbers.has(number) ? () => void passed.push(number) : null;
      };
      let working: Promise<void> = Promise.resolve();
      const highest = Math.max(0, ...sequence);
      for (let n = 1; n <= highest; n += 1) sent.add(nth(first, n));
      for (const n of sequence) {
        const number = nth(first, n);
        if (order.accept(number)) passed.push(number);
        else if (order.hold(number, () => void passed.push(number))) {
          working = order.catchUp(fetch, false).then((outcome) => {
            lost += outcome.lost;
          });
        }
        if (n % 3 === 0) await working;
      }
      await working;
      const outcome = await order.catchUp(fetch, true);
      lost += outcome.lost;
      const arrived = new Set([first, ...sequence.map((n) => nth(first, n))]);
      const possible = Array.from({ length: highest + 1 }, (_, n) => nth(first, n));
      // In order, and none twice.
      assert.deepEqual(
        passed,
        possible.filter((number) => passed.includes(number)),
      );
      for (const number of possible) {
        if (!passed.includes(number)) assert.ok(lostNumbers.has(number), `${number} was not passed on`);
      }
      assert.ok(lost <= lostNumbers.size);
      assert.ok(passed.length >= 1 && arrived.size >= 1);
    }),
    { numRuns: 300 },
  );
});

test("a gap that no server could fill is skipped without asking for each message", async () => {
  const order = new MessageOrder(1);
  const passed: number[] = [];
  assert.equal(order.accept(1), true);
  assert.equal(
    order.hold(1_000_000, () => void passed.push(1_000_000)),
    true,
  );
  let asked = 0;
  const outcome = await order.catchUp(async () => {
    asked += 1;
    return null;
  }, false);
  assert.deepEqual(outcome, { fetched: 0, lost: 999_998 });
  assert.deepEqual(passed, [1_000_000]);
  assert.equal(asked, 1);
  assert.equal(order.accept(1_000_001), true);
  assert.equal(order.isPast(5), true);
  assert.equal(
    order.hold(5, () => assert.fail("passed on before")),
    false,
  );
});
