/** Which disconnects come when: the same ones for the same seed, per side. */
import { Random } from "../lab/variables.ts";

export type Side = "opcua" | "mqtt";
/**
 * cut: the connection breaks, new ones are refused; stall: connections hang, new ones too; restart: the server ends
 * orderly and comes back; kill: it ends without a word and comes back; link: the cable is pulled and put back.
 */
export type OutageKind = "cut" | "stall" | "restart" | "kill" | "link";

export interface PlannedOutage {
  /** Undisturbed time before it. */
  readonly calmSeconds: number;
  readonly kind: OutageKind;
  readonly seconds: number;
}

export const OUTAGE_KINDS: readonly OutageKind[] = ["cut", "stall", "restart", "kill", "link"];

/** More often what needs no server to start: that takes its time. */
const KINDS: readonly [OutageKind, ...OutageKind[]] = [
  ...(["cut", "cut", "cut", "stall", "stall", "link", "link"] as const),
  ...(["restart", "kill"] as const),
];
/** Out of ten cuts so many are over at once. */
const INSTANT_CUTS = 4;
const SHORT_SECONDS = [1, 40] as const;
const LONG_SECONDS = [40, 300] as const;
/** In a long soak, out of a hundred outages. */
const LONG_PERCENT = 12;
/** In a long soak both sides are well together at the end of each such period: then memory is compared. */
const REST_EVERY_SECONDS = 600;
const REST_SECONDS = 150;

/**
 * How many seconds an outage of `seconds` has to be put off that would begin `elapsed` seconds after the soak's begin, so
 * that it disturbs no common rest; 0 for one that is longer than the time between two of them.
 */
export function putOff(elapsed: number, seconds: number): number {
  const active = REST_EVERY_SECONDS - REST_SECONDS;
  const into = elapsed % REST_EVERY_SECONDS;
  return seconds >= active || into + seconds < active ? 0 : REST_EVERY_SECONDS - into;
}

export class OutagePlan {
  readonly #random: Random;
  readonly #calm: readonly [number, number];
  readonly #long: boolean;
  readonly #left: OutageKind[] = [];

  /** `long`: hours; otherwise minutes, with every kind at least once as early as possible. */
  constructor(options: { seed: number; side: Side; long: boolean }) {
    const { seed, side, long } = options;
    this.#random = new Random(`${seed}/${side}`);
    this.#calm = long ? [15, 75] : [5, 15];
    this.#long = long;
  }

  next(): PlannedOutage {
    const random = this.#random;
    const calmSeconds = random.integer(...this.#calm);
    const kind = this.#kind();
    const instant = random.integer(1, 10) <= INSTANT_CUTS;
    const long = this.#long && random.integer(1, 100) <= LONG_PERCENT;
    const [least, most] = long ? LONG_SECONDS : SHORT_SECONDS;
    const drawn = random.integer(least, most);
    // In minutes many short ones say more than few long ones.
    const seconds = this.#long ? drawn : Math.ceil(drawn / 2);
    return { calmSeconds, kind, seconds: kind === "cut" && instant ? 0 : seconds };
  }

  /** From a shuffled stack: no kind is left out for long. */
  #kind(): OutageKind {
    if (this.#left.length === 0) {
      this.#left.push(...(this.#long ? KINDS : new Set(KINDS)));
      for (let last = this.#left.length - 1; last > 0; last -= 1) {
        const other = this.#random.integer(0, last);
        const [a, b] = [this.#left[last] ?? "cut", this.#left[other] ?? "cut"];
        this.#left[last] = b;
        this.#left[other] = a;
      }
    }
    return this.#left.pop() ?? "cut";
  }
}
