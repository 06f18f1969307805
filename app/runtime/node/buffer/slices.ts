/** `buf.utf8Slice()`, `buf.hexWrite()` and their like: Node's own methods, one per encoding, that libraries found. */
import type { Buffer } from "node:buffer";
import { bufferOutOfBounds, nodeError } from "../node-error.ts";

const ENCODINGS = ["utf8", "latin1", "ascii", "hex", "base64", "base64url", "ucs2"] as const;

/** An index as Node's C++ takes it: whole, and no more forgiving than that. */
function index(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  const number = Math.trunc(Number(value)) || 0;
  if (number < 0) throw nodeError(RangeError, "ERR_OUT_OF_RANGE", "Index out of range");
  return number;
}

function slicer(encoding: BufferEncoding) {
  return function slice(this: Buffer, start?: unknown, end?: unknown): string {
    if (this.length === 0) return "";
    const from = index(start, 0);
    const to = Math.max(index(end, this.length), from);
    if (to > this.length) throw nodeError(RangeError, "ERR_OUT_OF_RANGE", "Index out of range");
    return this.toString(encoding, from, to);
  };
}

function writer(encoding: BufferEncoding) {
  return function write(this: Buffer, text: string, offset?: unknown, length?: unknown): number {
    const at = index(offset, 0);
    if (at > this.length) throw bufferOutOfBounds("offset");
    return this.write(text, at, Math.min(index(length, this.length - at), this.length - at), encoding);
  };
}

export const encodingMethods: Readonly<Record<string, unknown>> = Object.fromEntries(
  ENCODINGS.flatMap((encoding) => [
    [`${encoding}Slice`, slicer(encoding)],
    [`${encoding}Write`, writer(encoding)],
  ]),
);
