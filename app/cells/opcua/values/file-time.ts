/**
 * DateTime as it travels (OPC UA Part 6 §5.2.2.5: 100 ns since 1601 as Int64) to ISO 8601 (§5.4.2.6), exact, and without a
 * Date per value: the text of a second is kept, only the digits behind it are new.
 */

/** High halves between these are years 1829 to 9957; below 2^30 all of the arithmetic here is exact. */
const LOWEST_HIGH = 0x0100_0000;
const HIGHEST_HIGH = 0x24c0_0000;
/** 2^32 = 429 × 10^7 + 4 967 296: seconds out of a high half without losing a bit. */
const SECONDS_PER_HIGH = 429;
const TICKS_PER_HIGH = 4_967_296;
const TICKS_PER_SECOND = 10_000_000;
/** 1601-01-01 as Unix time. */
const EPOCH_MS = -11_644_473_600_000;
/** What lies outside of what a DateTime can express. */
export const EARLIEST = '"0001-01-01T00:00:00Z"';
const LATEST = '"9999-12-31T23:59:59Z"';
/** 9999-12-31T23:59:59, from which on a DateTime is the latest one. */
const LATEST_TICKS = 2_650_467_743_990_000_000n;

let knownSecond = -1;
let secondText = "";

/** The low half's share of the second, left behind by `secondOf`. */
let ticksLeft = 0;

function secondOf(low: number, high: number): string {
  const ticks = high * TICKS_PER_HIGH + low;
  const more = Math.floor(ticks / TICKS_PER_SECOND);
  ticksLeft = ticks - more * TICKS_PER_SECOND;
  const second = high * SECONDS_PER_HIGH + more;
  if (second !== knownSecond) {
    knownSecond = second;
    secondText = `"${new Date(second * 1000 + EPOCH_MS).toISOString().slice(0, 19)}.`;
  }
  return secondText;
}

function threeDigits(number: number): string {
  return number > 99 ? `${number}` : number > 9 ? `0${number}` : `00${number}`;
}

/** Milliseconds, and behind them the digits down to 100 ns that are not 0. */
function withFraction(second: string, ticks: number): string {
  const milliseconds = Math.floor(ticks / 10_000);
  let rest = ticks - milliseconds * 10_000;
  if (rest === 0) return `${second}${threeDigits(milliseconds)}Z"`;
  let digits = 4;
  while (rest % 10 === 0) {
    rest /= 10;
    digits -= 1;
  }
  return `${second}${threeDigits(milliseconds)}${`${rest}`.padStart(digits, "0")}Z"`;
}

/** Years of which no machine has values: the slow way. */
function rareTimeText(low: number, high: number): string {
  const ticks = (BigInt(high | 0) << 32n) | BigInt(low);
  if (ticks <= 0n) return EARLIEST;
  if (ticks >= LATEST_TICKS) return LATEST;
  const milliseconds = Number(ticks / 10_000n) + EPOCH_MS;
  const second = `"${new Date(milliseconds).toISOString().slice(0, 19)}.`;
  return withFraction(second, Number(ticks % 10_000_000n));
}

/** The JSON text of a DateTime, from the two halves of its Int64. */
export function dateTimeText(low: number, high: number): string {
  if (high < LOWEST_HIGH || high > HIGHEST_HIGH) return rareTimeText(low, high);
  const second = secondOf(low, high);
  return withFraction(second, ticksLeft);
}
