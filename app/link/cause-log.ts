import type { Log } from "./log-line.ts";

/** The same cause is told again after this time, so that a log that begins late still shows it. */
const REPEAT_MS = 600_000;

/** A cell is up before its network is: for this time after the start a missing route is no news. */
const NETWORK_GRACE_MS = 15_000;
/** The pause between two attempts in that time. */
export const NETWORK_RETRY_MS = 250;
const NO_NETWORK = /\b(?:ENETUNREACH|EHOSTUNREACH|ENETDOWN|EADDRNOTAVAIL|EAI_AGAIN)\b/;

/** Tells why something fails once per cause, not once per attempt. */
export class CauseLog {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #begun: number;
  #cause = "";
  #toldAt = 0;

  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
    this.#begun = now();
  }

  tell(what: string, cause: string): void {
    const now = this.#now();
    if (this.isNetworkStarting(cause)) return;
    if (cause === this.#cause && now - this.#toldAt < REPEAT_MS) return;
    this.#cause = cause;
    this.#toldAt = now;
    this.#log.warning(`${what}: ${cause}. It keeps trying`);
  }

  /** Whether this failure only says that the network is not up yet: no outcome, nothing to tell, try again soon. */
  isNetworkStarting(cause: string): boolean {
    return this.#now() - this.#begun < NETWORK_GRACE_MS && NO_NETWORK.test(cause);
  }

  /** It works again: the next failure is news, whatever its cause. */
  clear(): void {
    this.#cause = "";
  }
}
