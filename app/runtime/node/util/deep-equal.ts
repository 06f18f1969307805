/** util.isDeepStrictEqual and assert.deepEqual's comparison. */
import { types } from "./types.ts";

interface Mode {
  readonly strict: boolean;
  /** Pairs under comparison: a cycle that leads back to a pair is equal so far. */
  readonly pairs: Map<object, object>;
}

function sameKeys(a: object, b: object, mode: Mode): boolean {
  const enumerable = (value: object) =>
    Reflect.ownKeys(value).filter(
      (key) =>
        (mode.strict || typeof key === "string") && Object.getOwnPropertyDescriptor(value, key)?.enumerable,
    );
  const keys = enumerable(a);
  if (keys.length !== enumerable(b).length) return false;
  return keys.every((key) => {
    if (!Object.prototype.propertyIsEnumerable.call(b, key)) return false;
    const [left, right] = [a as Record<string | symbol, unknown>, b as Record<string | symbol, unknown>];
    return equal(left[key], right[key], mode);
  });
}

function sameSets(a: Set<unknown>, b: Set<unknown>, mode: Mode): boolean {
  if (a.size !== b.size) return false;
  const rest = [...b].filter((value) => !a.has(value));
  return [...a]
    .filter((value) => !b.has(value))
    .every((value) => {
      const at = rest.findIndex((candidate) => equal(value, candidate, mode));
      if (at >= 0) rest.splice(at, 1);
      return at >= 0;
    });
}

function sameMaps(a: Map<unknown, unknown>, b: Map<unknown, unknown>, mode: Mode): boolean {
  if (a.size !== b.size) return false;
  const rest = [...b].filter(([key]) => !a.has(key));
  return [...a].every(([key, value]) => {
    if (b.has(key)) return equal(value, b.get(key), mode);
    const at = rest.findIndex(([k, v]) => equal(key, k, mode) && equal(value, v, mode));
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function bytesOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

/** What two objects hold beside their enumerable properties. */
function sameContents(a: object, b: object, mode: Mode): boolean {
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a)) return a.length === (b as unknown[]).length;
  if (types.isDate(a)) return types.isDate(b) && a.getTime() === b.getTime();
  if (types.isRegExp(a)) {
    return types.isRegExp(b) && a.source === b.source && a.flags === b.flags && a.lastIndex === b.lastIndex;
  }
  if (a instanceof Error) return b instanceof Error && a.message === b.message && a.name === b.name;
  if (types.isFloat64Array(a)) {
    return (
      types.isFloat64Array(b) && a.length === b.length && a.every((value, at) => equal(value, b[at], mode))
    );
  }
  if (types.isArrayBufferView(a)) return types.isArrayBufferView(b) && sameBytes(bytesOf(a), bytesOf(b));
  if (types.isAnyArrayBuffer(a)) return types.isAnyArrayBuffer(b) && sameBytes(bytesOf(a), bytesOf(b));
  if (types.isSet(a)) return types.isSet(b) && sameSets(a, b, mode);
  if (types.isMap(a)) return types.isMap(b) && sameMaps(a, b, mode);
  if (types.isBoxedPrimitive(a)) return types.isBoxedPrimitive(b) && Object.is(a.valueOf(), b.valueOf());
  return !(types.isSet(b) || types.isMap(b) || types.isDate(b) || types.isRegExp(b));
}

function equal(a: unknown, b: unknown, mode: Mode): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) {
    if (mode.strict) return Object.is(a, b);
    // biome-ignore lint/suspicious/noDoubleEquals: the loose comparison of assert.deepEqual
    return a == b || (Number.isNaN(a) && Number.isNaN(b));
  }
  if (a === b) return true;
  if (mode.strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Object.prototype.toString.call(a) !== Object.prototype.toString.call(b)) return false;
  if (mode.pairs.get(a) === b) return true;
  mode.pairs.set(a, b);
  const result = sameContents(a, b, mode) && (types.isTypedArray(a) || sameKeys(a, b, mode));
  mode.pairs.delete(a);
  return result;
}

export function isDeepStrictEqual(a: unknown, b: unknown): boolean {
  return equal(a, b, { strict: true, pairs: new Map() });
}

export function isDeepEqual(a: unknown, b: unknown): boolean {
  return equal(a, b, { strict: false, pairs: new Map() });
}
