/** What native/buffer*.c offers, and what everything about Buffer asks of a value. */
import type { Buffer } from "node:buffer";
import { native } from "../../binding.ts";
import { invalidArgType } from "../node-error.ts";

export type Method = (this: Uint8Array, ...args: never[]) => unknown;

interface BufferBinding {
  readonly methods: Readonly<Record<string, Method>> & {
    copy(this: Uint8Array, target: Uint8Array, targetStart: number, start: number, end: number): number;
    write(this: Uint8Array, text: string, offset: number, length: number, encoding: string): number;
  };
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

export const binding = native("buffer") as BufferBinding;

export const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
export const isMemory = (value: unknown): value is ArrayBufferLike =>
  value instanceof ArrayBuffer ||
  (typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer);

export function requireBytes(value: unknown, name: string): asserts value is Uint8Array {
  if (!isBytes(value)) throw invalidArgType(name, ["Buffer", "Uint8Array"], value);
}
