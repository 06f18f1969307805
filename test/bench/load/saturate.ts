/** Keeps a gateway busy all the time without ever asking too much: the next changes are made as the last ones arrive. */
import type { Arrivals } from "./arrivals.ts";
import type { LoadServer } from "./server.ts";

/** Values that are on their way at a time: several notifications, so that the gateway never has to wait for one. */
const UNDERWAY = 900;
const STEP = 300;

/** Offers values until `stop()`; `done` resolves when everything that was offered has arrived. */
export function saturate(options: {
  server: LoadServer;
  arrivals: Arrivals;
  /** Values that had arrived before the server's first change. */
  initial: number;
  deadlineMs: number;
}): { stop: () => void; done: Promise<void> } {
  const { server, arrivals, initial, deadlineMs } = options;
  let stopped = false;
  const run = async () => {
    let { changes } = await server.report();
    while (!stopped) {
      await arrivals.reach(initial + changes - (UNDERWAY - STEP), deadlineMs);
      ({ changes } = await server.change({ items: STEP, rounds: 1, everyMs: 1, spread: false }));
    }
    await arrivals.reach(initial + changes, deadlineMs);
  };
  return {
    stop: () => {
      stopped = true;
    },
    done: run(),
  };
}
