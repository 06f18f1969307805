/**
 * DateTime as it travels (OPC UA Part 6 §5.2.2.5: 100 ns since 1601 as Int64) to ISO 8601, without a Date per value: the
 * text of a second is kept, only the digits behind it are new. What lies outside of this is for node-opcua to decode.
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
const EARLIEST = '"0001-01-01T00:00:00Z"';

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

/** With milliseconds, as `encodeDateTime`; null when it is not decoded here. */
export function dateTimeText(low: number, high: number): string | null {
  if (high === 0 && low === 0) return EARLIEST;
  if (high < LOWEST_HIGH || high > HIGHEST_HIGH) return null;
  const second = secondOf(low, high);
  return `${second}${threeDigits(Math.floor(ticksLeft / 10_000))}Z"`;
}

/** With the digits down to 100 ns, as a DataValue's time stamps are published; null when it is not decoded here. */
export function timestampText(low: number, high: number): string | null {
  if (high === 0 && low === 0) return EARLIEST;
  if (high < LOWEST_HIGH || high > HIGHEST_HIGH) return null;
  const second = secondOf(low, high);
  const milliseconds = Math.floor(ticksLeft / 10_000);
  let rest = ticksLeft - milliseconds * 10_000;
  if (rest === 0) return `${second}${threeDigits(milliseconds)}Z"`;
  let digits = 4;
  while (rest % 10 === 0) {
    rest /= 10;
    digits -= 1;
  }
  return `${second}${threeDigits(milliseconds)}${`${rest}`.padStart(digits, "0")}Z"`;
}
