/** Time stamps of the log. */

const two = (value: number): string => String(value).padStart(2, "0");

/** `[YYYY-MM-DD hh:mm:ss.mmm (UTC+0000)]`, R145; the clock of the gateway is UTC (R152). */
export function stamp(time: Date): string {
  const day = `${String(time.getUTCFullYear()).padStart(4, "0")}-${two(time.getUTCMonth() + 1)}-${two(time.getUTCDate())}`;
  const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
  return `[${day} ${clock}.${String(time.getUTCMilliseconds()).padStart(3, "0")} (UTC+0000)]`;
}
