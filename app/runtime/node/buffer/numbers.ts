/**
 * What the native number methods of Buffer leave over: Node's checks and errors for bad offsets and values, BigInt
 * writes, and integers of 1 to 6 bytes.
 */
import { bufferOutOfBounds, invalidArgType, outOfRange, validateNumber } from "../node-error.ts";

type Bytes = Uint8Array;
type Method = (this: Bytes, ...args: never[]) => unknown;

function boundsError(value: number, length: number, type?: string): Error {
  if (Math.floor(value) !== value) {
    validateNumber(value, type ?? "offset");
    return outOfRange(type ?? "offset", "an integer", value);
  }
  if (length < 0) return bufferOutOfBounds();
  return outOfRange(type ?? "offset", `>= ${type ? 1 : 0} and <= ${length}`, value);
}

function checkBounds(buffer: Bytes, offset: unknown, size: number): asserts offset is number {
  validateNumber(offset, "offset");
  if (buffer[offset] === undefined || buffer[offset + size - 1] === undefined) {
    throw boundsError(offset, buffer.length - size);
  }
}

function checkValue(value: number | bigint, min: number | bigint, max: number | bigint, size: number): void {
  if (value <= max && value >= min) return;
  if (typeof value === "number" && Number.isNaN(value)) return;
  const n = typeof min === "bigint" ? "n" : "";
  let range = `>= ${min}${n} and <= ${max}${n}`;
  if (size > 4) {
    const bits = size * 8;
    range =
      min === 0 || min === 0n
        ? `>= 0${n} and < 2${n} ** ${bits}${n}`
        : `>= -(2${n} ** ${bits - 1}${n}) and < 2${n} ** ${bits - 1}${n}`;
  }
  throw outOfRange("value", range, value);
}

function sizeOf(method: string): number {
  if (method.includes("8")) return 1;
  if (method.includes("16")) return 2;
  return method.includes("32") || method.includes("Float") ? 4 : 8;
}

/** Called by the native method when arguments aren't plain and in range; always throws. */
export function refuseNumber(method: string, buffer: Bytes, first: unknown, second: unknown): never {
  const size = sizeOf(method);
  if (method.startsWith("read")) {
    checkBounds(buffer, first === undefined ? 0 : first, size);
  } else {
    const offset = second === undefined ? 0 : second;
    if (!method.includes("Float") && !method.includes("Double") && !method.includes("Big")) {
      const value = Number(first);
      const max = method.includes("UInt") ? 2 ** (8 * size) - 1 : 2 ** (8 * size - 1) - 1;
      const min = method.includes("UInt") ? 0 : -max - 1;
      if (size === 1) validateNumber(offset, "offset");
      checkValue(value, min, max, size);
    }
    checkBounds(buffer, offset, size);
  }
  throw invalidArgType("this", ["Buffer", "Uint8Array"], buffer);
}

function checkSize(size: unknown): asserts size is number {
  if (size === undefined) throw invalidArgType("byteLength", "number", size);
  if (!(Number.isInteger(size) && (size as number) >= 1 && (size as number) <= 6)) {
    throw boundsError(size as number, 6, "byteLength");
  }
}

function readInteger(
  buffer: Bytes,
  offset: unknown,
  size: unknown,
  bigEndian: boolean,
  signed: boolean,
): number {
  if (offset === undefined) throw invalidArgType("offset", "number", offset);
  checkSize(size);
  checkBounds(buffer, offset, size);
  let value = 0;
  for (let i = 0; i < size; i++) {
    value = value * 256 + (buffer[bigEndian ? offset + i : offset + size - 1 - i] as number);
  }
  return signed && value >= 2 ** (8 * size - 1) ? value - 2 ** (8 * size) : value;
}

function writeInteger(
  buffer: Bytes,
  input: unknown,
  offset: unknown,
  size: unknown,
  bigEndian: boolean,
  signed: boolean,
): number {
  checkSize(size);
  const value = Number(input);
  const max = signed ? 2 ** (8 * size - 1) - 1 : 2 ** (8 * size) - 1;
  if (size === 1) validateNumber(offset === undefined ? 0 : offset, "offset");
  checkValue(value, signed ? -max - 1 : 0, max, size);
  const at = offset === undefined ? 0 : offset;
  checkBounds(buffer, at, size);
  let rest = Math.trunc(value) || 0;
  if (rest < 0) rest += 2 ** (8 * size);
  for (let i = 0; i < size; i++) {
    buffer[bigEndian ? at + size - 1 - i : at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return at + size;
}

/** Wraps the native BigInt writers with Node's range check. */
function bigWriter(write: Method, signed: boolean): Method {
  const max = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n;
  const min = signed ? -(2n ** 63n) : 0n;
  return function writeBig(this: Bytes, value: bigint, offset = 0) {
    // In this order: a number out of range is told so, and another one only after the offset.
    // Compared as numbers: the engine errs on negative numbers beside BigInts.
    const [low, high] = typeof value === "bigint" ? [min, max] : [Number(min), Number(max)];
    if (value < low || value > high) checkValue(value, min, max, 8);
    checkBounds(this, offset, 8);
    if (typeof value !== "bigint")
      throw new TypeError("Cannot mix BigInt and other types, use explicit conversions");
    return (write as (this: Bytes, value: bigint, offset: number) => number).call(this, value, offset);
  } as Method;
}

/** Everything numeric for Buffer.prototype, from the native methods: aliases ("Uint") included. */
export function numberMethods(native: Readonly<Record<string, Method>>): Record<string, Method> {
  const methods: Record<string, Method> = {};
  for (const [name, method] of Object.entries(native)) {
    if (!/^(read|write).*(Int|Float|Double)/.test(name)) continue;
    const big = name.startsWith("writeBig");
    methods[name] = big ? bigWriter(method, !name.includes("UInt")) : method;
  }
  for (const order of ["LE", "BE"]) {
    const bigEndian = order === "BE";
    for (const kind of ["UInt", "Int"]) {
      const signed = kind === "Int";
      methods[`read${kind}${order}`] = function (this: Bytes, offset: unknown, size: unknown) {
        return readInteger(this, offset, size, bigEndian, signed);
      } as Method;
      methods[`write${kind}${order}`] = function (
        this: Bytes,
        value: unknown,
        offset: unknown,
        size: unknown,
      ) {
        return writeInteger(this, value, offset, size, bigEndian, signed);
      } as Method;
    }
  }
  for (const [name, method] of Object.entries(methods)) {
    if (name.includes("UInt")) methods[name.replace("UInt", "Uint")] = method;
  }
  return methods;
}
