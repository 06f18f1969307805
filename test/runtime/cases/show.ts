/**
 * What conformance cases print with: a case is a program that runs on Node.js and on the device runtime, and whose
 * output must be the same, thrown codes and messages included.
 */
import { Buffer } from "node:buffer";

function text(value: unknown): string {
  if (value instanceof Uint8Array) {
    const kind = Buffer.isBuffer(value) ? "Buffer" : "Uint8Array";
    return `${kind}<${Buffer.from(value).toString("hex")}>`;
  }
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number" && Object.is(value, -0)) return "-0";
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${key}: ${text(item)}`);
    return `{${entries.join(", ")}}`;
  }
  return String(value);
}

/** Prints what `work` gives, or how it fails. */
export function show(label: string, work: () => unknown): void {
  let result: string;
  try {
    result = text(work());
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string };
    result = `throws ${name} ${code ?? "-"}: ${message}`;
  }
  console.log(`${label}: ${result}`);
}

/** Like `show` where only the kind of failure is Node's promise, not its words. */
export function showCode(label: string, work: () => unknown): void {
  show(label, () => {
    try {
      return work();
    } catch (error) {
      return `throws ${(error as { code?: string }).code ?? (error as Error).name}`;
    }
  });
}

/** Repeatable pseudo-random numbers in 0..1 (mulberry32), the same everywhere. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
