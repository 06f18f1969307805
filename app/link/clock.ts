/** What the clock may be set to (R148, R150). Within the years that a PC's clock chip can keep (1970 to 2069). */
export const FIRST_YEAR = 2020;
export const LAST_YEAR = 2069;

const FIRST_SECOND = Date.UTC(FIRST_YEAR, 0, 1) / 1000;
const LAST_SECOND = Date.UTC(LAST_YEAR + 1, 0, 1) / 1000 - 1;

/** Whether the clock may be set to this many seconds after 1970-01-01 00:00:00 UTC. */
export function isSettable(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= FIRST_SECOND && seconds <= LAST_SECOND;
}
