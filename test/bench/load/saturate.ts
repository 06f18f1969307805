/** Keeps a gateway busy all the time without ever asking too much: the next changes are made as the last ones arrive. */
import { LabError } from "../../lab/errors.ts";
import type { Arrivals } from "./arrivals.ts";
import type { LoadServer } from "./server.ts";

/** Values that are on their way at a time: several notifications, so that the gateway never has to wait for one. */
const UNDERWAY = 1500;
const STEP = 300;

export interface SaturationOptions {
  readonly server: LoadServer;
  readonly arrivals: Arrivals;
  /** Values that had arrived before the server's first change. */
  readonly initial: number;
  readonly deadlineMs: number;
}

class Load {
  readonly #options: SaturationOptions;
  #stopped = false;

  constructor(options: SaturationOptions) {
    this.#options = options;
  }

  /** Resolves when everything that was offered until `stop()` has arrived. */
  async run(): Promise<void> {
    const { server, arrivals, initial, deadlineMs } = this.#options;
    let { changes } = await server.report();
    while (!this.#stopped) {
      await arrivals.reach(initial + changes - (UNDERWAY - STEP), deadlineMs);
      ({ changes } = await server.change({ items: STEP, rounds: 1, everyMs: 1, spread: false }));
    }
    await arrivals.reach(initial + changes, deadlineMs);
  }

  stop(): void {
    this.#stopped = true;
  }
}

/** Does `work` under load; returns when the last value has arrived. */
export async function whileSaturated<T>(options: SaturationOptions, work: () => Promise<T>): Promise<T> {
  const load = new Load(options);
  const run = load.run();
  const early = run.then(() => {
    throw new LabError("LAB_PROCESS_ENDED", "the load ended before it was stopped");
  });
  let result: T;
  try {
    result = await Promise.race([work(), early]);
  } finally {
    load.stop();
  }
  await run;
  return result;
}
