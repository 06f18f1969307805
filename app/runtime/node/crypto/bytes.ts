/** Arguments that Node.js takes as "string or bytes". */
import { Buffer } from "../buffer.ts";
import { invalidArgType } from "../node-error.ts";
import type { Bytes } from "./native.ts";

export const EXPECTED = ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"];
const EXPECTED_DATA = ["string", "Buffer", "TypedArray", "DataView"];

export function isBytes(value: unknown): value is Bytes {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

/** The bytes of `value`; strings in `encoding` ("buffer" and undefined mean UTF-8). */
export function bytesOf(value: unknown, name: string, encoding?: unknown): Bytes {
  if (isBytes(value)) return value;
  if (typeof value !== "string")
    throw invalidArgType(name, name === "data" ? EXPECTED_DATA : EXPECTED, value);
  return Buffer.from(value, encoding === "buffer" ? undefined : (encoding as BufferEncoding));
}

/** A result in the encoding asked for: undefined and "buffer" mean the Buffer itself. */
export function encoded(result: Buffer, encoding: unknown): Buffer | string {
  return encoding === undefined || encoding === null || encoding === "buffer"
    ? result
    : result.toString(encoding as BufferEncoding);
}
