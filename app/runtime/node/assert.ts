/** node:assert. */
import { isDeepEqual, isDeepStrictEqual } from "./util/deep-equal.ts";
import { inspect } from "./util/inspect.ts";

interface Details {
  readonly message?: string | undefined;
  readonly actual?: unknown;
  readonly expected?: unknown;
  readonly operator: string;
}

const PHRASES: Readonly<Record<string, string>> = {
  "==": "Expected values to be loosely equal",
  deepEqual: "Expected values to be loosely deep-equal",
  deepStrictEqual: "Expected values to be strictly deep-equal",
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to',
  notStrictEqual: 'Expected "actual" to be strictly unequal to',
  strictEqual: "Expected values to be strictly equal",
};

export class AssertionError extends Error {
  readonly code = "ERR_ASSERTION";
  readonly generatedMessage: boolean;
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string;

  constructor(details: Details) {
    const { message, actual, expected, operator } = details;
    super(message ?? `${PHRASES[operator] ?? operator}:\n\n${inspect(actual)} !== ${inspect(expected)}\n`);
    this.name = "AssertionError";
    this.generatedMessage = message === undefined;
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
  }
}

type Message = string | Error | undefined;

function fail(message: Message, details: Omit<Details, "message">): never {
  if (message instanceof Error) throw message;
  throw new AssertionError({ ...details, message });
}

export function ok(value: unknown, message?: Message): asserts value {
  if (value) return;
  fail(message ?? "The expression evaluated to a falsy value", {
    actual: value,
    expected: true,
    operator: "==",
  });
}

function equal(actual: unknown, expected: unknown, message?: Message): void {
  // biome-ignore lint/suspicious/noDoubleEquals: that is what assert.equal does
  if (actual == expected || (Number.isNaN(actual) && Number.isNaN(expected))) return;
  fail(message ?? `${inspect(actual)} == ${inspect(expected)}`, { actual, expected, operator: "==" });
}

function notEqual(actual: unknown, expected: unknown, message?: Message): void {
  // biome-ignore lint/suspicious/noDoubleEquals: that is what assert.notEqual does
  if (actual != expected) return;
  fail(message ?? `${inspect(actual)} != ${inspect(expected)}`, { actual, expected, operator: "!=" });
}

function strictEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (!Object.is(actual, expected)) fail(message, { actual, expected, operator: "strictEqual" });
}

function notStrictEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (Object.is(actual, expected)) fail(message, { actual, expected, operator: "notStrictEqual" });
}

function deepEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (!isDeepEqual(actual, expected)) fail(message, { actual, expected, operator: "deepEqual" });
}

function deepStrictEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (!isDeepStrictEqual(actual, expected)) fail(message, { actual, expected, operator: "deepStrictEqual" });
}

function notDeepStrictEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (isDeepStrictEqual(actual, expected))
    fail(message, { actual, expected, operator: "notDeepStrictEqual" });
}

type Expectation =
  | RegExp
  | (new (
      ...args: never[]
    ) => unknown)
  | ((error: unknown) => boolean)
  | object
  | undefined;

function isClass(value: unknown): value is new (...args: never[]) => unknown {
  return typeof value === "function" && (value === Error || value.prototype instanceof Error);
}

function checkThrown(error: unknown, expected: Expectation, message: Message, operator: string): void {
  if (expected === undefined || typeof expected === "string") return;
  let matches: boolean;
  if (expected instanceof RegExp) matches = expected.test(String(error));
  else if (isClass(expected)) matches = error instanceof expected;
  else if (typeof expected === "function")
    matches = (expected as (error: unknown) => boolean)(error) === true;
  else {
    matches = Object.entries(expected).every(([key, value]) => {
      const actual: unknown = (error as Record<string, unknown>)[key];
      return value instanceof RegExp ? value.test(String(actual)) : isDeepStrictEqual(actual, value);
    });
  }
  if (matches) return;
  if (isClass(expected)) throw error;
  fail(message, { actual: error, expected, operator });
}

/** A text in place of the expectation is the message. */
function failMissing(
  what: string,
  expected: Expectation | string,
  message: Message,
  operator: string,
): never {
  const text = typeof expected === "string" ? expected : message;
  if (text instanceof Error) throw text;
  const ending = text === undefined ? "." : `: ${text}`;
  fail(`Missing expected ${what}${ending}`, { actual: undefined, expected, operator });
}

function throws(action: () => unknown, expected?: Expectation, message?: Message): void {
  try {
    action();
  } catch (error) {
    checkThrown(error, expected, message, "throws");
    return;
  }
  failMissing("exception", expected, message, "throws");
}

async function rejects(
  action: Promise<unknown> | (() => Promise<unknown>),
  expected?: Expectation,
  message?: Message,
): Promise<void> {
  try {
    await (typeof action === "function" ? action() : action);
  } catch (error) {
    checkThrown(error, expected, message, "rejects");
    return;
  }
  failMissing("rejection", expected, message, "rejects");
}

function match(text: string, pattern: RegExp, message?: Message): void {
  if (!pattern.test(text)) {
    fail(
      message ?? `The input did not match the regular expression ${pattern}. Input:\n\n${inspect(text)}\n`,
      {
        actual: text,
        expected: pattern,
        operator: "match",
      },
    );
  }
}

function ifError(value: unknown): void {
  if (value === null || value === undefined) return;
  const shown = value instanceof Error ? value.message : inspect(value);
  fail(`ifError got unwanted exception: ${shown}`, { actual: value, expected: null, operator: "ifError" });
}

const assert = Object.assign((value: unknown, message?: Message): asserts value => ok(value, message), {
  AssertionError,
  deepEqual,
  deepStrictEqual,
  equal,
  fail: (message: Message = "Failed"): never => fail(message, { operator: "fail" }),
  ifError,
  match,
  notDeepStrictEqual,
  notEqual,
  notStrictEqual,
  ok,
  rejects,
  strictEqual,
  throws,
});

/** assert.strict: the loose comparisons are the strict ones. */
export const strict = Object.assign((value: unknown, message?: Message) => ok(value, message), assert, {
  deepEqual: deepStrictEqual,
  equal: strictEqual,
  notEqual: notStrictEqual,
});

export {
  assert as default,
  deepEqual,
  deepStrictEqual,
  equal,
  ifError,
  match,
  notDeepStrictEqual,
  notEqual,
  notStrictEqual,
  rejects,
  strictEqual,
  throws,
};
