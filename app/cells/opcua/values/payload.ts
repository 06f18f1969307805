/**
 * The texts of a message: OPC UA Part 6 §5.4.2, non-reversible form (design §7). Built by concatenation, straight
 * through, because this runs once per value on a slow CPU.
 */
import { type StatusCode, StatusCodes } from "node-opcua-client";
import { significantText } from "./rounding.ts";

/** A float has at most this many significant decimal digits (IEEE 754 binary32). */
const MAX_FLOAT_DIGITS = 9;
/** Fewer digits than this never need trying: trailing zeros disappear by themselves. */
const MIN_FLOAT_DIGITS = 6;

/** Below this, floats are denormalised. */
const SMALLEST_NORMAL_FLOAT = 2 ** -126;

/** A server that sends more means the most there can be. */
const MOST_TENS_OF_PICOSECONDS = 9999;

/** Where namespace indices of node ids are looked up; Part 6 §5.4.2.10 wants the URI in the non-reversible form. */
export type Namespaces = readonly string[];

/** Double as the shortest text that reads back to the same value. */
export function encodeDouble(value: number): string {
  if (Number.isNaN(value)) return '"NaN"';
  if (value === Number.POSITIVE_INFINITY) return '"Infinity"';
  if (value === Number.NEGATIVE_INFINITY) return '"-Infinity"';
  return value === 0 && 1 / value < 0 ? "-0" : String(value);
}

/** Float as the shortest text that reads back to the same 32-bit value: 0.1, not 0.10000000149011612. */
export function encodeFloat(value: number): string {
  // Whole numbers that a float holds exactly are their own shortest text.
  if ((value | 0) === value && value > -16777216 && value < 16777216) return encodeDouble(value);
  if (!Number.isFinite(value)) return encodeDouble(value);
  // Close to zero a float holds fewer digits the smaller it is.
  const fewest = Math.abs(value) < SMALLEST_NORMAL_FLOAT ? 1 : MIN_FLOAT_DIGITS;
  for (let digits = fewest; digits < MAX_FLOAT_DIGITS; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(MAX_FLOAT_DIGITS)));
}

/** How Float and Double are written. */
export interface NumberTexts {
  readonly float: (value: number) => string;
  readonly double: (value: number) => string;
}

/** Exact without a count of significant digits; R78 is 6 (L7). */
export function numberTexts(significantDigits: number | null): NumberTexts {
  if (significantDigits === null) return { float: encodeFloat, double: encodeDouble };
  const rounded = (value: number): string =>
    Number.isFinite(value) ? significantText(value, significantDigits) : encodeDouble(value);
  return { float: rounded, double: rounded };
}

/** High and low half; a text, because JSON numbers lose digits beyond 2^53. */
export function encodeInt64(high: number, low: number, signed: boolean): string {
  // The common case without BigInt: what fits into 53 bits.
  if (high >= 0 && high < 0x20_0000) return `"${high * 0x1_0000_0000 + low}"`;
  const bits = (BigInt(high) << 32n) | BigInt(low);
  return `"${signed ? BigInt.asIntN(64, bits) : bits}"`;
}

/** Codes without their lower half, which says no more about the symbol (Part 6 §5.4.2.12). */
const symbols = new Map<number, string>();

function symbolOf(code: number): string | undefined {
  if (symbols.size === 0) {
    for (const status of Object.values(StatusCodes) as StatusCode[]) {
      const known = symbols.get(status.value);
      if (known === undefined) symbols.set(status.value, status.name);
    }
  }
  return symbols.get((code & 0xffff_0000) >>> 0);
}

/** Part 6 §5.4.2.12; the symbol is left out when it is not known. */
export function encodeStatus(code: number): string {
  const symbol = symbolOf(code);
  return symbol === undefined ? `{"Code":${code}}` : `{"Code":${code},"Symbol":${JSON.stringify(symbol)}}`;
}

/** What a time stamp has below 100 ns, in tens of picoseconds; "" for nothing (Part 6 §5.2.2.17, §5.4.2.18). */
export function picosecondsText(tens: number): string {
  return tens === 0 ? "" : `${Math.min(tens, MOST_TENS_OF_PICOSECONDS)}`;
}

/** The message of a heartbeat: a counter, and the state of the connection as status (design §7). */
export function encodeHeartbeat(options: { count: number; time: Date; status: StatusCode }): string {
  const time = `"${options.time.toISOString()}"`;
  const code = options.status.value;
  const status = code === 0 ? "" : `,"StatusCode":${encodeStatus(code)}`;
  return `{"Value":${options.count},"SourceTimestamp":${time},"ServerTimestamp":${time}${status}}`;
}
