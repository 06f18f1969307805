/** assert. */
import assert, { AssertionError, deepStrictEqual, strict, strictEqual } from "node:assert";
import { show } from "./show.ts";

const told = (label: string, work: () => unknown) =>
  show(label, () => {
    try {
      work();
      return "passes";
    } catch (error) {
      const { name, code, operator, actual, generatedMessage, message } = error as AssertionError;
      return [
        error instanceof AssertionError,
        name,
        code,
        operator,
        String(actual),
        generatedMessage || operator?.endsWith("trictEqual") ? "-" : message,
      ];
    }
  });

told("ok", () => assert(1));
told("not ok", () => assert(0, "zero is not ok"));
told("ok function", () => assert.ok(null, "null"));
told("own error", () => assert(false, new RangeError("mine")));
told("equal", () => assert.equal(1, "1"));
told("not equal", () => assert.equal(1, 2, "differ"));
told("strictEqual", () => strictEqual(1, 1));
told("strictEqual types", () => strictEqual(1, "1" as never));
told("strictEqual nan", () => strictEqual(Number.NaN, Number.NaN));
told("strict", () => strict.equal(1, "1" as never, "strict differs"));
told("deepEqual", () => assert.deepEqual({ a: 1 }, { a: "1" }));
told("deepStrictEqual", () => deepStrictEqual({ a: 1 }, { a: "1" } as never, "deep differs"));
told("notStrictEqual", () => assert.notStrictEqual(1, 1, "same"));
told("notDeepStrictEqual", () => assert.notDeepStrictEqual([1], [1], "same"));
told("throws", () =>
  assert.throws(() => {
    throw new TypeError("bad");
  }, /bad/),
);
told("throws class", () =>
  assert.throws(() => {
    throw new TypeError("bad");
  }, TypeError),
);
told("throws object", () =>
  assert.throws(
    () => {
      throw Object.assign(new Error("m"), { code: "C" });
    },
    { code: "C", message: /m/ },
  ),
);
told("throws nothing", () => assert.throws(() => undefined, "never"));
told("throws other", () =>
  assert.throws(
    () => {
      throw new Error("x");
    },
    /y/,
    "no y",
  ),
);
told("match", () => assert.match("abc", /b/));
told("no match", () => assert.match("abc", /x/, "no x"));
told("ifError", () => assert.ifError(null));
told("ifError error", () => assert.ifError(new Error("boom")));
told("fail", () => assert.fail("on purpose"));
async function main(): Promise<void> {
  await assert.rejects(Promise.reject(new Error("rejected")), /rejected/);
  await assert
    .rejects(Promise.resolve(), /x/)
    .catch((error: AssertionError) => console.log(error.code, error.operator));
}

main();
