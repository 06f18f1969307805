/**
 * node:buffer. The hot methods are C functions on Buffer.prototype (`native/buffer*.c`); what they don't handle comes
 * back here through the slow hook, where Node's argument rules and error codes live.
 */
import type { Buffer as NodeBuffer } from "node:buffer";
import { native } from "../binding.ts";
import { atob, btoa } from "./buffer/base64.ts";
import { copy, fill, write } from "./buffer/filling.ts";
import { binding, isBytes, isMemory, type Method } from "./buffer/native.ts";
import { numberMethods, refuseNumber } from "./buffer/numbers.ts";
import { compare, compareRange, indexOf } from "./buffer/search.ts";
import { encodingMethods } from "./buffer/slices.ts";
import {
  bufferOutOfBounds,
  invalidArgType,
  nodeError,
  unknownEncoding,
  validateInteger,
  validateNumber,
} from "./node-error.ts";

/** Largest Buffer: QuickJS's limit for an ArrayBuffer. */
export const kMaxLength = 2 ** 31 - 1;
export const kStringMaxLength = 2 ** 30 - 1;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength };
export const INSPECT_MAX_BYTES = 50;

class FastBuffer extends Uint8Array {}

function validateSize(size: unknown): asserts size is number {
  validateNumber(size, "size", 0, kMaxLength);
}

function allocUnsafe(size: unknown): Buffer {
  validateSize(size);
  return binding.allocUnsafe(Math.trunc(size));
}

function alloc(size: unknown, fillValue: unknown, encoding: unknown): Buffer {
  validateSize(size);
  const buffer = binding.alloc(Math.trunc(size));
  return fillValue === undefined || fillValue === 0 || size === 0
    ? buffer
    : (fill(buffer, fillValue, 0, buffer.length, encoding) as Buffer);
}

function fromMemory(memory: ArrayBufferLike, byteOffset: unknown, length: unknown): Buffer {
  const offset = byteOffset === undefined ? 0 : Number(byteOffset) || 0;
  const most = memory.byteLength - offset;
  if (most < 0 || offset < 0) throw bufferOutOfBounds("offset");
  let size = most;
  if (length !== undefined) {
    size = Number(length);
    if (!(size > 0)) size = 0;
    if (size > most) throw bufferOutOfBounds("length");
  }
  return binding.view(memory, Math.trunc(offset), Math.trunc(size));
}

function fromArrayLike(list: ArrayLike<number>): Buffer {
  const buffer = binding.allocUnsafe(Math.max(list.length, 0));
  buffer.set(list.length > 0 ? list : []);
  return buffer;
}

interface Convertible {
  length?: unknown;
  buffer?: unknown;
  type?: unknown;
  data?: unknown;
  [Symbol.toPrimitive]?: unknown;
}

/** Buffer.from for everything but strings with a known encoding and Uint8Arrays. */
function from(value: unknown, encodingOrOffset: unknown, length: unknown): Buffer {
  if (typeof value === "string") {
    if (typeof encodingOrOffset !== "string" || encodingOrOffset === "") return binding.from(value);
    if (!binding.isEncoding(encodingOrOffset)) throw unknownEncoding(encodingOrOffset);
    return binding.from(value, encodingOrOffset);
  }
  if (typeof value === "object" && value !== null) {
    if (isMemory(value)) return fromMemory(value, encodingOrOffset, length);
    const primitive: unknown = value.valueOf?.();
    if (
      primitive != null &&
      primitive !== value &&
      (typeof primitive === "string" || typeof primitive === "object")
    ) {
      return binding.from(primitive, encodingOrOffset);
    }
    const object = value as Convertible;
    if (object.length !== undefined || isMemory(object.buffer)) {
      return typeof object.length === "number"
        ? fromArrayLike(object as ArrayLike<number>)
        : binding.allocUnsafe(0);
    }
    if (object.type === "Buffer" && Array.isArray(object.data)) return fromArrayLike(object.data);
    const convert = object[Symbol.toPrimitive];
    if (typeof convert === "function") {
      const text: unknown = convert.call(object, "string");
      if (typeof text === "string") return from(text, encodingOrOffset, length);
    }
  }
  const expected = ["string", "Buffer", "ArrayBuffer", "Array", "Array-like Object"];
  throw invalidArgType("first argument", expected, value);
}

function refuse(name: string, expected: readonly string[]) {
  return (_self: unknown, value: unknown): never => {
    throw invalidArgType(name, expected, value);
  };
}

const slow: Record<string, (self: unknown, ...args: unknown[]) => unknown> = {
  from: (_self, ...args) => from(args[0], args[1], args[2]),
  alloc: (_self, ...args) => alloc(args[0], args[1], args[2]),
  allocUnsafe: (_self, size) => allocUnsafe(size),
  byteLength: refuse("string", ["string", "Buffer", "ArrayBuffer"]),
  equals: refuse("otherBuffer", ["Buffer", "Uint8Array"]),
  copy,
  concat: (_self, list, length) => refuseConcat(list, length),
  write: (self, ...args) => write(self, args[0], args[1], args[2], args[3]),
  toString: (_self: unknown, name: unknown) => {
    throw unknownEncoding(name);
  },
};

binding.setSlowHook((method, self, ...args) => {
  const handler = slow[method];
  return handler ? handler(self, ...args) : refuseNumber(method, self as Uint8Array, args[0], args[1]);
});

function refuseConcat(list: unknown, length: unknown): never {
  if (!Array.isArray(list)) throw invalidArgType("list", "Array", list);
  if (length !== undefined) validateInteger(length, "length", 0, kMaxLength);
  const index = list.findIndex((item) => !isBytes(item));
  if (index >= 0) throw invalidArgType(`list[${index}]`, ["Buffer", "Uint8Array"], list[index]);
  throw new RangeError("Array buffer allocation failed");
}

function swapper(width: number) {
  return function swap(this: Uint8Array) {
    if (this.length % width !== 0) {
      throw nodeError(
        RangeError,
        "ERR_INVALID_BUFFER_SIZE",
        `Buffer size must be a multiple of ${width * 8}-bits`,
      );
    }
    binding.swap(this, width);
    return this;
  };
}

const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

type Inspect = (value: unknown, options: object) => string;

function inspectBytes(this: Uint8Array, _depth?: unknown, options?: object, inspect?: Inspect): string {
  const hex = binding
    .view(this.buffer, this.byteOffset, Math.min(this.length, INSPECT_MAX_BYTES))
    .toString("hex");
  const more = this.length - INSPECT_MAX_BYTES;
  const rest = more > 0 ? ` ... ${more} more byte${more > 1 ? "s" : ""}` : "";
  const shown = `${hex.replace(/(.{2})(?=.)/g, "$1 ")}${rest}`;
  // Behind the bytes' own keys are those that somebody put on the Buffer.
  const extras = inspect ? Object.entries(this).slice(this.length) : [];
  if (extras.length === 0 || !inspect) return `<Buffer ${shown}>`;
  const extraText = inspect(Object.fromEntries(extras), { ...options, breakLength: Infinity, compact: true });
  return `<Buffer ${shown}${shown === "" ? "" : ", "}${extraText.slice(2, -2)}>`;
}

const methods: Record<PropertyKey, unknown> = {
  fill(this: Buffer, value: unknown, offset?: unknown, end?: unknown, encoding?: unknown) {
    return fill(this, value, offset, end, encoding);
  },
  compare(this: Uint8Array, target: unknown, ...range: unknown[]) {
    return compareRange(this, target, ...range);
  },
  indexOf(this: Uint8Array, value: unknown, offset?: unknown, encoding?: unknown) {
    return indexOf(this, value, offset, encoding, true);
  },
  lastIndexOf(this: Uint8Array, value: unknown, offset?: unknown, encoding?: unknown) {
    return indexOf(this, value, offset, encoding, false);
  },
  includes(this: Uint8Array, value: unknown, offset?: unknown, encoding?: unknown) {
    return indexOf(this, value, offset, encoding, true) !== -1;
  },
  toJSON(this: Uint8Array) {
    return { type: "Buffer", data: Array.from(this) };
  },
  swap16: swapper(2),
  swap32: swapper(4),
  swap64: swapper(8),
  inspect: inspectBytes,
  [inspectCustom]: inspectBytes,
};

/** Node's first names for `buffer` and `byteOffset`. */
function deprecatedView(view: (buffer: Uint8Array) => unknown) {
  return function get(this: unknown) {
    return this instanceof FastBuffer ? view(this) : undefined;
  };
}

function put(target: object, members: object): void {
  for (const key of Reflect.ownKeys(members)) {
    const value: unknown = Reflect.get(members, key);
    Object.defineProperty(target, key, { value, writable: true, configurable: true });
  }
}

const names = Object.getOwnPropertyNames(binding.methods);
const natives = Object.fromEntries(names.map((name) => [name, binding.methods[name] as Method]));
put(FastBuffer.prototype, natives);
put(FastBuffer.prototype, numberMethods(natives));
put(FastBuffer.prototype, methods);
Object.defineProperties(FastBuffer.prototype, {
  parent: { get: deprecatedView((buffer) => buffer.buffer), enumerable: true, configurable: true },
  offset: { get: deprecatedView((buffer) => buffer.byteOffset), enumerable: true, configurable: true },
});
put(FastBuffer.prototype, { toLocaleString: natives.toString });
put(FastBuffer.prototype, encodingMethods);

/** Callable with and without `new`, as Node's deprecated constructor is. */
function BufferFunction(value: unknown, encodingOrOffset?: unknown, length?: unknown): Buffer {
  if (typeof value !== "number") return from(value, encodingOrOffset, length);
  if (typeof encodingOrOffset === "string") throw invalidArgType("string", "string", value);
  return binding.alloc(value);
}

Object.setPrototypeOf(BufferFunction, Uint8Array);
BufferFunction.prototype = FastBuffer.prototype;
Object.defineProperty(BufferFunction, "name", { value: "Buffer" });
Object.defineProperty(BufferFunction, Symbol.species, { get: () => FastBuffer, configurable: true });
put(FastBuffer.prototype, { constructor: BufferFunction });
put(BufferFunction, {
  from: binding.from,
  of: (...items: number[]) => fromArrayLike(items),
  alloc: binding.alloc,
  allocUnsafe: binding.allocUnsafe,
  allocUnsafeSlow: binding.allocUnsafe,
  byteLength: binding.byteLength,
  concat: binding.concat,
  compare,
  isBuffer: (value: unknown) => value instanceof FastBuffer,
  isEncoding: (name: unknown) => typeof name === "string" && name !== "" && binding.isEncoding(name),
  poolSize: 8192,
});
(native("core") as { setBufferPrototype(prototype: object): void }).setBufferPrototype(FastBuffer.prototype);

/** A type beside the value, so that `Buffer` can be imported for both. */
export type Buffer = NodeBuffer;
export const Buffer = BufferFunction as unknown as BufferConstructor;
export const SlowBuffer = Buffer;

/** UTF-8 for TextDecoder: undefined when `fatal` and ill-formed. */
export const utf8Decode = binding.utf8Decode;

export const isUtf8 = (input: Uint8Array): boolean => binding.utf8Decode(input, true, true) !== undefined;
export const isAscii = (input: Uint8Array): boolean => input.every((byte) => byte < 0x80);

export { atob, btoa };

export default {
  Buffer,
  SlowBuffer,
  constants,
  kMaxLength,
  kStringMaxLength,
  INSPECT_MAX_BYTES,
  isUtf8,
  isAscii,
  btoa,
  atob,
};
