/** util.types: what kind of object a value is, without trusting its prototype. */
type Constructor = new (...args: never[]) => unknown;

const classOf = Object.prototype.toString;
const typedArrayTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get as (this: unknown) => string | undefined;

export function isStringTag(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** True when the getter accepts the object, which only an object with that internal slot does. */
function hasSlot(probe: (value: unknown) => unknown): (value: unknown) => boolean {
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    try {
      probe(value);
      return true;
    } catch {
      return false;
    }
  };
}

function getter(prototype: object, name: string): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: unknown) => unknown;
}

const mapSize = getter(Map.prototype, "size");
const setSize = getter(Set.prototype, "size");
const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const viewLength = getter(DataView.prototype, "byteLength");
const weakKey = {};

const isMap = hasSlot((value) => mapSize.call(value)) as (value: unknown) => value is Map<unknown, unknown>;
const isSet = hasSlot((value) => setSize.call(value)) as (value: unknown) => value is Set<unknown>;
const isWeakMap = hasSlot((value) => WeakMap.prototype.has.call(value as WeakMap<object, unknown>, weakKey));
const isWeakSet = hasSlot((value) => WeakSet.prototype.has.call(value as WeakSet<object>, weakKey));
const isArrayBuffer = hasSlot((value) => bufferLength.call(value)) as (
  value: unknown,
) => value is ArrayBuffer;
const isDataView = hasSlot((value) => viewLength.call(value)) as (value: unknown) => value is DataView;
const isDate = hasSlot((value) => Date.prototype.getTime.call(value)) as (value: unknown) => value is Date;

type TypedArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

function isTypedArray(value: unknown): value is TypedArray {
  return typedArrayTag.call(value) !== undefined;
}

function isTag<T>(tag: string): (value: unknown) => value is T {
  return (value): value is T =>
    typeof value === "object" && value !== null && classOf.call(value) === `[object ${tag}]`;
}

function isA(Class: Constructor | undefined): (value: unknown) => boolean {
  return (value) => Class !== undefined && value instanceof Class;
}

function hasFunctionTag(tag: string): (value: unknown) => boolean {
  return (value) =>
    typeof value === "function" && (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === tag;
}

const boxes = [Number, String, Boolean, Symbol, BigInt];

export const types = {
  isAnyArrayBuffer: (value: unknown): value is ArrayBuffer =>
    isArrayBuffer(value) || isTag("SharedArrayBuffer")(value),
  isArrayBuffer,
  isArrayBufferView: (value: unknown): value is ArrayBufferView => ArrayBuffer.isView(value),
  isAsyncFunction: (value: unknown) =>
    hasFunctionTag("AsyncFunction")(value) || hasFunctionTag("AsyncGeneratorFunction")(value),
  isBoxedPrimitive: (value: unknown) =>
    typeof value === "object" && value !== null && boxes.some((Box) => value instanceof Box),
  isDataView,
  isDate,
  isFloat64Array: isTag<Float64Array>("Float64Array"),
  isGeneratorFunction: (value: unknown) =>
    hasFunctionTag("GeneratorFunction")(value) || hasFunctionTag("AsyncGeneratorFunction")(value),
  isGeneratorObject: isTag<Generator>("Generator"),
  isMap,
  isMapIterator: isTag<Iterator<unknown>>("Map Iterator"),
  isNativeError: (value: unknown): value is Error =>
    classOf.call(value) === "[object Error]" && value instanceof Error,
  isPromise: isA(Promise) as (value: unknown) => value is Promise<unknown>,
  isRegExp: isTag<RegExp>("RegExp"),
  isSet,
  isSetIterator: isTag<Iterator<unknown>>("Set Iterator"),
  isSharedArrayBuffer: isTag<SharedArrayBuffer>("SharedArrayBuffer"),
  isTypedArray,
  isUint8Array: (value: unknown): value is Uint8Array => typedArrayTag.call(value) === "Uint8Array",
  isWeakMap,
  isWeakSet,
};
