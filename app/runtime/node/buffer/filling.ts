/** Writing into a Buffer: copies, text, patterns; here are the arguments that the native methods don't take as they are. */
import type { Buffer } from "node:buffer";
import {
  invalidArgValue,
  nodeError,
  outOfRange,
  unknownEncoding,
  validateInteger,
  validateString,
} from "../node-error.ts";
import { binding, requireBytes } from "./native.ts";

/** What is no number, or infinite, counts as if it were not given. */
function toInteger(value: unknown, fallback: number): number {
  const number = +(value as number);
  return Number.isFinite(number) ? Math.floor(number) : fallback;
}

export function copy(source: unknown, target: unknown, ...range: unknown[]): number {
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
  return binding.methods.copy.call(source, target, to, from, Math.min(end, source.length));
}

export function write(
  buffer: unknown,
  text: unknown,
  offset: unknown,
  length: unknown,
  encoding: unknown,
): number {
  requireBytes(buffer, "this");
  let name = encoding;
  if (offset === undefined) {
    // Node.js looks at nothing else then.
    name = "utf8";
  } else if (length === undefined && typeof offset === "string") {
    name = offset;
  } else {
    validateInteger(offset, "offset", 0, buffer.length);
    if (typeof length === "string") name = length;
    else if (length !== undefined) validateInteger(length, "length", 0, buffer.length);
  }
  if (name && !binding.isEncoding(String(name))) throw unknownEncoding(name);
  if (typeof text !== "string") {
    throw nodeError(TypeError, "ERR_INVALID_ARG_TYPE", "argument must be a string");
  }
  const plain = (value: unknown) => (typeof value === "number" ? value : undefined);
  const start = plain(offset) ?? 0;
  return binding.methods.write.call(
    buffer,
    text as string,
    start,
    plain(length) ?? buffer.length - start,
    "utf8",
  );
}

export function fill(
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
  } else if (!ArrayBuffer.isView(value)) {
    value = Number(value) | 0;
  }
  if (start === undefined) {
    [start, stop] = [0, buffer.length];
  } else {
    validateInteger(start, "offset", 0);
    if (stop === undefined) stop = buffer.length;
    else validateInteger(stop, "end", 0, buffer.length);
    if (start >= (stop as number)) return buffer;
  }
  if (ArrayBuffer.isView(value) && value.byteLength === 0) throw invalidArgValue("value", value);
  const pattern = typeof value === "number" ? value & 0xff : (value as Uint8Array);
  binding.fillBytes(buffer, pattern, Math.trunc(start as number), Math.trunc(stop as number));
  return buffer;
}
