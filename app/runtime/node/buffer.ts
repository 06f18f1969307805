/**
 * node:buffer. The hot methods are C functions on Buffer.prototype (`native/buffer*.c`); what they don't handle comes
 * back here through the slow hook, where Node's argument rules and error codes live.
 */
import type { Buffer as NodeBuffer } from "node:buffer";
import { native } from "../binding.ts";
import { numberMethods, refuseNumber } from "./buffer-numbers.ts";
import {
  bufferOutOfBounds,
  invalidArgType,
  invalidArgValue,
  nodeError,
  outOfRange,
  unknownEncoding,
  validateInteger,
  validateNumber,
  validateString,
} from "./node-error.ts";

type Method = (this: Uint8Array, ...args: never[]) => unknown;

/** What native/buffer*.c offers. */
interface BufferBinding {
  readonly methods: Readonly<Record<string, Method>>;
  setSlowHook(hook: (method: string, self: unknown, ...args: unknown[]) => unknown): void;
  from(value: unknown, encoding?: unknown): Buffer;
  byteLength(value: unknown, encoding?: unknown): number;
  alloc(size: unknown, fill?: unknown, encoding?: unknown): Buffer;
  allocUnsafe(size: unknown): Buffer;
  isEncoding(name: string): boolean;
  view(memory: ArrayBufferLike, offset: number, length: number): Buffer;
  concat(list: readonly Uint8Array[], length?: number): Buffer;
  compare(a: Uint8Array, b: Uint8Array): -1 | 0 | 1;
  fillBytes(target: Uint8Array, pattern: number | Uint8Array, start: number, end: number): void;
  swap(target: Uint8Array, width: number): void;
  search(
    hay: Uint8Array,
    needle: number | Uint8Array,
    offset: number,
    forward: boolean,
    step: number,
  ): number;
  utf8Decode(bytes: ArrayBufferView | ArrayBuffer, fatal: boolean, ignoreBOM: boolean): string | undefined;
}

const binding = native("buffer") as BufferBinding;

/** Largest Buffer: QuickJS's limit for an ArrayBuffer. */
export const kMaxLength = 2 ** 31 - 1;
export const kStringMaxLength = 2 ** 30 - 1;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength };
export const INSPECT_MAX_BYTES = 50;

class FastBuffer extends Uint8Array {}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
const isMemory = (value: unknown): value is ArrayBufferLike =>
  value instanceof ArrayBuffer ||
  (typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer);

function requireBytes(value: unknown, name: string): asserts value is Uint8Array {
  if (!isBytes(value)) throw invalidArgType(name, ["Buffer", "Uint8Array"], value);
}

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

function toInteger(value: unknown, fallback: number): number {
  const number = Number(value);
  return Number.isNaN(number) ? fallback : Math.trunc(number);
}

function copy(source: unknown, target: unknown, ...range: unknown[]): number {
  requireBytes(source, "source");
  requireBytes(target, "target");
  const [targetStart = 0, sourceStart = 0, sourceEnd = source.length] = range;
  const to = toInteger(targetStart, 0);
  if (to < 0) throw outOfRange("targetStart", ">= 0", to);
  const from = toInteger(sourceStart, 0);
  if (from < 0 || from > source.length) {
    throw outOfRange("sourceStart", `>= 0 && <= ${source.length}`, from);
  }
  const end = toInteger(sourceEnd, 0);
  if (end < 0) throw outOfRange("sourceEnd", ">= 0", end);
  if (to >= target.length) return 0;
  return Buffer.prototype.copy.call(source as Buffer, target, to, from, Math.min(end, source.length));
}

function write(buffer: unknown, text: unknown, offset: unknown, length: unknown, encoding: unknown): number {
  requireBytes(buffer, "this");
  if (typeof text !== "string")
    throw nodeError(TypeError, "ERR_INVALID_ARG_TYPE", "argument must be a string");
  let name = encoding;
  if (length === undefined && typeof offset === "string") {
    name = offset;
  } else if (offset !== undefined) {
    validateInteger(offset, "offset", 0, buffer.length);
    if (typeof length === "string") name = length;
    else if (length !== undefined) validateInteger(length, "length", 0, buffer.length);
  }
  if (name && !binding.isEncoding(String(name))) throw unknownEncoding(name);
  const plain = (value: unknown) => (typeof value === "number" ? value : undefined);
  const start = plain(offset) ?? 0;
  return Buffer.prototype.write.call(
    buffer as Buffer,
    text,
    start,
    plain(length) ?? buffer.length - start,
    "utf8",
  );
}

function fill(
  buffer: Buffer,
  input: unknown,
  offset?: unknown,
  end?: unknown,
  encoding?: unknown,
): Uint8Array {
  let [value, start, stop, name] = [input, offset, end, encoding];
  if (typeof value === "string") {
    if (start === undefined || typeof start === "string") [name, start, stop] = [start, undefined, undefined];
    else if (typeof stop === "string") [name, stop] = [stop, undefined];
    if (name !== undefined && name !== null && name !== "" && !binding.isEncoding(String(name))) {
      validateString(name, "encoding");
      throw unknownEncoding(name);
    }
    if (value.length === 0) {
      value = 0;
    } else {
      const text = value;
      const bytes = binding.from(text, name || undefined);
      if (bytes.length === 0) throw invalidArgValue("value", text);
      value = bytes;
    }
  } else if (isBytes(value) || ArrayBuffer.isView(value)) {
    if (value.byteLength === 0) throw invalidArgValue("value", value);
  } else {
    value = Number(value) | 0;
  }
  if (start === undefined) {
    [start, stop] = [0, buffer.length];
  } else {
    validateNumber(start, "offset", 0);
    if (stop === undefined) stop = buffer.length;
    else validateNumber(stop, "end", 0, buffer.length);
    if (start >= (stop as number)) return buffer;
  }
  const pattern = typeof value === "number" ? value & 0xff : (value as Uint8Array);
  binding.fillBytes(buffer, pattern, Math.trunc(start as number), Math.trunc(stop as number));
  return buffer;
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

function compare(a: unknown, b: unknown): -1 | 0 | 1 {
  requireBytes(a, "buf1");
  requireBytes(b, "buf2");
  return binding.compare(a, b);
}

function compareRange(self: Uint8Array, target: unknown, ...range: unknown[]): -1 | 0 | 1 {
  requireBytes(target, "target");
  const names = ["targetStart", "targetEnd", "sourceStart", "sourceEnd"];
  const limits = [Number.MAX_SAFE_INTEGER, target.length, Number.MAX_SAFE_INTEGER, self.length];
  const fallback = [0, target.length, 0, self.length];
  const [targetStart, targetEnd, start, end] = names.map((name, i) => {
    if (range[i] === undefined) return fallback[i];
    validateInteger(range[i], name, 0, limits[i]);
    return range[i];
  }) as [number, number, number, number];
  if (start >= end) return targetStart >= targetEnd ? 0 : -1;
  if (targetStart >= targetEnd) return 1;
  return binding.compare(
    Uint8Array.prototype.subarray.call(self, start, end),
    Uint8Array.prototype.subarray.call(target, targetStart, targetEnd),
  );
}

function indexOf(
  self: Uint8Array,
  value: unknown,
  byteOffset: unknown,
  encoding: unknown,
  forward: boolean,
): number {
  let [offset, name] = [byteOffset, encoding];
  if (typeof offset === "string") [offset, name] = [undefined, offset];
  let start = Number(offset);
  if (Number.isNaN(start)) start = forward ? 0 : self.length;
  start = Math.trunc(Math.max(-0x80000000, Math.min(0x7fffffff, start)));
  if (typeof value === "number") return binding.search(self, (value >>> 0) & 0xff, start, forward, 1);
  const known = name === undefined || binding.isEncoding(String(name));
  const wide = known && /^(ucs-?2|utf-?16le)$/i.test(String(name));
  if (typeof value === "string") {
    if (!known) throw unknownEncoding(name);
    return binding.search(self, binding.from(value, name), start, forward, wide ? 2 : 1);
  }
  if (isBytes(value)) return binding.search(self, value, start, forward, wide ? 2 : 1);
  throw invalidArgType("value", ["number", "string", "Buffer", "Uint8Array"], value);
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
  [inspectCustom](this: Uint8Array) {
    const hex = binding
      .view(this.buffer, this.byteOffset, Math.min(this.length, INSPECT_MAX_BYTES))
      .toString("hex");
    const more = this.length - INSPECT_MAX_BYTES;
    const rest = more > 0 ? ` ... ${more} more byte${more > 1 ? "s" : ""}` : "";
    return `<Buffer ${hex.replace(/(.{2})(?=.)/g, "$1 ")}${rest}>`;
  },
};

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
put(FastBuffer.prototype, { toLocaleString: natives.toString });
for (const name of ["utf8", "latin1", "ascii", "hex", "base64", "base64url", "ucs2"]) {
  put(FastBuffer.prototype, {
    [`${name}Slice`](this: Buffer, start?: number, end?: number) {
      return this.toString(name as BufferEncoding, start, end);
    },
    [`${name}Write`](this: Buffer, text: string, offset = 0, length = this.length - offset) {
      return this.write(text, offset, length, name as BufferEncoding);
    },
  });
}

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
export const btoa = (text: string): string => Buffer.from(text, "latin1").toString("base64");
export const atob = (text: string): string => Buffer.from(text, "base64").toString("latin1");

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
