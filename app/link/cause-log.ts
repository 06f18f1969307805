import type { Log } from "./log-line.ts";

/** The same cause is told again after this time, so that a log that begins late still shows it. */
const REPEAT_MS = 600_000;

/** Tells why something fails once per cause, not once per attempt. */
export class CauseLog {
  readonly #log: Log;
  readonly #now: () => number;
  #cause = "";
  #toldAt = 0;

  constructor(log: Log, now: () => number = Date.now) {
    this.#log = log;
    this.#now = now;
  }

  tell(what: string, cause: string): void {
    const now = this.#now();
    if (cause === this.#cause && now - this.#toldAt < REPEAT_MS) return;
    this.#cause = cause;
    this.#toldAt = now;
    this.#log.warning(`${what}: ${cause}. It keeps trying`);
  }

  /** It works again: the next failure is news, whatever its cause. */
  clear(): void {
    this.#cause = "";
  }
}
