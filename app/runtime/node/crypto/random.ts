/** Random numbers, all from OpenSSL's generator (which notices a fork and reseeds). */
import type { Buffer } from "../buffer.ts";
import { invalidArgType, nodeError, outOfRange, validateInteger } from "../node-error.ts";
import { isBytes } from "./bytes.ts";
import { binding } from "./native.ts";

type Callback<T> = (error: Error | null, result: T) => void;

/** Runs `work` and hands the result over later, as Node's asynchronous variants do. */
function later<T>(callback: Callback<T> | undefined, work: () => T): T | undefined {
  if (callback === undefined) return work();
  if (typeof callback !== "function") throw invalidArgType("callback", "function", callback);
  const result = work();
  queueMicrotask(() => callback(null, result));
  return undefined;
}

export function randomBytes(size: number, callback?: Callback<Buffer>): Buffer | undefined {
  if (typeof size !== "number") throw invalidArgType("size", "number", size);
  if (!(size >= 0 && size <= 2 ** 31 - 1)) throw outOfRange("size", ">= 0 && <= 2147483647", size);
  return later(callback, () => binding.randomBytes(size));
}

export function randomFillSync<T extends ArrayBufferView | ArrayBuffer>(
  target: T,
  offset = 0,
  size?: number,
): T {
  if (!isBytes(target)) throw invalidArgType("buf", ["ArrayBuffer", "ArrayBufferView"], target);
  const length = target.byteLength;
  validateInteger(offset, "offset", 0, length);
  const count = size ?? length - offset;
  validateInteger(count, "size", 0, 2 ** 31 - 1);
  if (count + offset > length) throw outOfRange("size + offset", `<= ${length}`, count + offset);
  const [memory, start] = target instanceof ArrayBuffer ? [target, 0] : [target.buffer, target.byteOffset];
  binding.randomFill(new Uint8Array(memory, start + offset, count));
  return target;
}

/** The Web Crypto one: integer typed arrays up to 64 KiB. */
export function getRandomValues<T extends ArrayBufferView>(target: T): T {
  if (target.byteLength > 65536) {
    const message = `The requested length exceeds 65,536 bytes (${target.byteLength})`;
    throw nodeError(RangeError, "ERR_OUT_OF_RANGE", message);
  }
  binding.randomFill(target);
  return target;
}

export function randomUUID(): string {
  const bytes = binding.randomBytes(16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** randomInt([min, ] max[, callback]): uniform, by rejection. */
export function randomInt(first: number, second?: number | Callback<number>, third?: Callback<number>) {
  const ranged = typeof second === "number";
  const [min, max] = ranged ? [first, second] : [0, first];
  const callback = ranged ? third : second;
  if (!Number.isSafeInteger(min)) throw invalidArgType("min", "a safe integer", min);
  if (!Number.isSafeInteger(max)) throw invalidArgType("max", "a safe integer", max);
  if (max <= min) throw outOfRange("max", `greater than the value of "min" (${min})`, max);
  const range = max - min;
  if (range > 2 ** 48 - 1) throw outOfRange(ranged ? "max - min" : "max", "<= 281474976710655", range);
  const limit = 2 ** 48 - (2 ** 48 % range);
  return later(callback, () => {
    for (;;) {
      const number = binding.randomBytes(6).readUIntBE(0, 6);
      if (number < limit) return min + (number % range);
    }
  });
}
