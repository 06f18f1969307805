/** So many ticks without a refused line, and the shortage is over. */
const QUIET_TICKS = 60;

/**
 * A time in which lines find no room on the card (L24): told once when it begins, and once, with the number of lines that
 * are missing, when it is over. Another one is told again.
 */
export class Shortage {
  #lasts = false;
  #refused = 0;
  /** Refused, but not let go of yet: a card that fails now makes them be tried again. */
  #unsafe = 0;
  #quietTicks = 0;
  #keptSince = false;

  get lasts(): boolean {
    return this.#lasts;
  }

  /** Notes what became of a line. Returns whether a shortage begins with it. */
  note(kept: boolean): boolean {
    if (kept) {
      this.#keptSince = true;
      return false;
    }
    const begins = !this.#lasts;
    this.#lasts = true;
    this.#unsafe += 1;
    this.#quietTicks = 0;
    this.#keptSince = false;
    return begins;
  }

  /** What was noted is settled; `again`: it will be noted once more. */
  settle({ again }: { again: boolean }): void {
    if (!again) this.#refused += this.#unsafe;
    this.#unsafe = 0;
  }

  /** Once a second. Returns the number of missing lines when the shortage has just ended. */
  tick(): number | null {
    // That there is room again only a line can show.
    if (!this.#lasts || !this.#keptSince) return null;
    this.#quietTicks += 1;
    if (this.#quietTicks < QUIET_TICKS) return null;
    const missing = this.#refused;
    this.#lasts = false;
    this.#refused = 0;
    return missing;
  }
}
