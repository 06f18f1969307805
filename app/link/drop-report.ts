import type { Log } from "./log-line.ts";

const REPORT_INTERVAL_MS = 60_000;

/** Tells once a minute how many values were dropped since the last time; silent while there are none. */
export function reportDrops(options: {
  log: Log;
  dropped: () => number;
  text: (count: number) => string;
}): void {
  let told = 0;
  setInterval(() => {
    const total = options.dropped();
    if (total === told) return;
    options.log.warning(options.text(total - told));
    told = total;
  }, REPORT_INTERVAL_MS);
}
