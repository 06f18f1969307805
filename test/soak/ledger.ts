/** Which numbers of which item have arrived at the broker, how often, and in which order. */

export interface Arrival {
  readonly item: number;
  readonly round: number;
  /** The packet said that it may have been sent before (MQTT 3.1.1 §3.3.1.1). */
  readonly repeated: boolean;
  /** Part 4 §7.39.1: the server's queue was full, values before this one were lost there. */
  readonly overflow: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Numbers of an item that never arrived, between two that did. */
export interface Gap {
  readonly item: number;
  readonly from: number;
  readonly to: number;
  readonly values: number;
  /** The first value behind it says that the server had to drop some. */
  readonly overflow: boolean;
}

const KEPT_FAULTS = 50;

export class Ledger {
  readonly items: number;
  readonly #counts: Uint8Array[];
  readonly #highest: Int32Array;
  readonly #overflows: Set<number>[];
  /** Numbers that came after a higher one of the same item, for the first time. */
  readonly outOfOrder: Arrival[] = [];
  arrived = 0;
  duplicates = 0;
  /** Of the duplicates, those that say so. */
  flagged = 0;
  overflowed = 0;
  readonly #watchers = new Set<(arrival: Arrival) => void>();

  constructor(items: number, mostRounds: number) {
    this.items = items;
    this.#counts = Array.from({ length: items }, () => new Uint8Array(mostRounds));
    this.#highest = new Int32Array(items).fill(-1);
    this.#overflows = Array.from({ length: items }, () => new Set());
  }

  take(arrival: Arrival): void {
    const { item, round, overflow } = arrival;
    const counts = this.#counts[item];
    if (counts === undefined || !(round >= 0 && round < counts.length)) {
      throw new RangeError(`the server has no value ${round} of item ${item}`);
    }
    const before = counts[round] ?? 0;
    counts[round] = Math.min(255, before + 1);
    if (before > 0) {
      this.duplicates += 1;
      if (arrival.repeated) this.flagged += 1;
    } else {
      this.arrived += 1;
      if (round < (this.#highest[item] ?? -1)) {
        if (this.outOfOrder.length < KEPT_FAULTS) this.outOfOrder.push(arrival);
      } else this.#highest[item] = round;
    }
    if (overflow) {
      this.overflowed += 1;
      this.#overflows[item]?.add(round);
    }
    for (const watcher of this.#watchers) watcher(arrival);
  }

  /** The lowest of the items' highest numbers so far. */
  get complete(): number {
    return this.#highest.reduce((least, highest) => Math.min(least, highest), Number.POSITIVE_INFINITY);
  }

  /** The first arrival from now on that satisfies `matches`; null when there is none until the deadline. */
  next(matches: (arrival: Arrival) => boolean, deadlineMs: number): Promise<Arrival | null> {
    return new Promise((resolve) => {
      const done = (found: Arrival | null) => {
        clearTimeout(timer);
        this.#watchers.delete(watcher);
        resolve(found);
      };
      const watcher = (arrival: Arrival) => {
        if (matches(arrival)) done(arrival);
      };
      const timer = setTimeout(() => done(null), deadlineMs);
      this.#watchers.add(watcher);
    });
  }

  /** How many values were made before the first one of their item that arrived. */
  beforeFirst(madeAt: readonly number[]): number {
    return this.#counts.reduce((sum, counts) => {
      const first = counts.findIndex((count) => count > 0);
      return sum + madeAt.slice(0, Math.max(0, first)).filter((at) => !Number.isNaN(at)).length;
    }, 0);
  }

  /** Everything that was made and did not arrive, from the first round that arrived of each item to round `last`. */
  gaps(madeAt: readonly number[], last: number): Gap[] {
    const found: Gap[] = [];
    for (const [item, counts] of this.#counts.entries()) {
      const first = counts.findIndex((count) => count > 0);
      let from = -1;
      let values = 0;
      for (let round = Math.max(0, first); round <= last + 1; round += 1) {
        const made = round <= last && !Number.isNaN(madeAt[round] ?? Number.NaN);
        if (made && counts[round] === 0) {
          if (values === 0) from = round;
          values += 1;
        } else if (values > 0 && (made || round > last)) {
          const overflow = this.#overflows[item]?.has(round) ?? false;
          found.push({ item, from, to: from + lengthOf(madeAt, from, values) - 1, values, overflow });
          values = 0;
        }
      }
    }
    return found;
  }
}

/** How many numbers lie from `from` to the last of `values` made ones. */
function lengthOf(madeAt: readonly number[], from: number, values: number): number {
  let left = values;
  let round = from;
  for (; left > 0; round += 1) if (!Number.isNaN(madeAt[round] ?? Number.NaN)) left -= 1;
  return round - from;
}
