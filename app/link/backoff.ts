/** When to try again: the first time at once or soon, then ever later, with jitter so that a fleet does not march in step. */

/** Longest pause between two attempts (design: jittered back-off up to 30 s). */
export const MAX_RETRY_DELAY_MS = 30_000;
const FIRST_RETRY_DELAY_MS = 500;
const GROWTH = 2;
/** A pause lies between 75 % and 100 % of its nominal length. */
const JITTER = 0.25;

/** Counts failures in a row and says how long to wait before the next attempt. */
export class Backoff {
  #failures = 0;
  readonly #random: () => number;
  /** The first pause; 0 means that the first retry is at once and the next waits `FIRST_RETRY_DELAY_MS`. */
  readonly #immediateFirst: boolean;

  constructor(options: { immediateFirst?: boolean; random?: () => number } = {}) {
    this.#immediateFirst = options.immediateFirst ?? false;
    this.#random = options.random ?? Math.random;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    this.#failures += 1;
    const step = this.#immediateFirst ? this.#failures - 2 : this.#failures - 1;
    if (step < 0) return 0;
    const nominal = Math.min(FIRST_RETRY_DELAY_MS * GROWTH ** Math.min(step, 16), MAX_RETRY_DELAY_MS);
    return Math.round(nominal * (1 - JITTER * this.#random()));
  }

  reset(): void {
    this.#failures = 0;
  }
}
