/** Comparing and searching bytes, with Node's argument rules. */
import { invalidArgType, unknownEncoding, validateInteger } from "../node-error.ts";
import { binding, isBytes, requireBytes } from "./native.ts";

export function compare(a: unknown, b: unknown): -1 | 0 | 1 {
  requireBytes(a, "buf1");
  requireBytes(b, "buf2");
  return binding.compare(a, b);
}

export function compareRange(self: Uint8Array, target: unknown, ...range: unknown[]): -1 | 0 | 1 {
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

export function indexOf(
  self: Uint8Array,
  value: unknown,
  byteOffset: unknown,
  encoding: unknown,
  forward: boolean,
): number {
  let [offset, name] = [byteOffset, encoding];
  if (typeof offset === "string") [offset, name] = [undefined, offset];
  // A BigInt is no number here.
  let start = +(offset as number);
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
