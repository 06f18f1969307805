import { formatZone } from "../../link/zone.ts";

/** Time stamps of the log. */

const two = (value: number): string => String(value).padStart(2, "0");

/** `[YYYY-MM-DD hh:mm:ss.mmm (UTC+0000)]`, R145: the clock is UTC (R152), shown `zone` minutes ahead of it (R149). */
export function stamp(clock: Date, zone: number): string {
  const time = new Date(clock.getTime() + zone * 60_000);
  const day = `${String(time.getUTCFullYear()).padStart(4, "0")}-${two(time.getUTCMonth() + 1)}-${two(time.getUTCDate())}`;
  const hours = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
  return `[${day} ${hours}.${String(time.getUTCMilliseconds()).padStart(3, "0")} (UTC${formatZone(zone)})]`;
}
