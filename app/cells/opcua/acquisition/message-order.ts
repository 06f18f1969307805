/**
 * The order of a subscription's messages (Part 4 §5.13.1.1): each is passed on once, by its sequence number. What comes too
 * early is held until what lies before it was fetched from the server's retransmission queue.
 */

/** After the highest number comes 1. */
const HIGHEST = 0xffff_ffff;
/** A server keeps no more messages than this; a larger gap is not worth asking for. */
const MOST_FETCHED = 1000;

/** Passes a message on. */
export type Delivery = () => void;

function following(sequenceNumber: number): number {
  return sequenceNumber === HIGHEST ? 1 : sequenceNumber + 1;
}

export class MessageOrder {
  readonly subscriptionId: number;
  #next = 1;
  /** Servers begin with 1, or should. */
  #begun = false;
  #catchingUp = false;
  readonly #held = new Map<number, Delivery>();

  constructor(subscriptionId: number) {
    this.subscriptionId = subscriptionId;
  }

  /** True: the message is the next one, and the caller passes it on. False: it is for `hold`. */
  accept(sequenceNumber: number): boolean {
    if (this.#catchingUp || (sequenceNumber !== this.#next && this.#begun)) return false;
    this.#begun = true;
    this.#next = following(sequenceNumber);
    return true;
  }

  /** Whether a message that was acknowledged or fetched before may still lie in the server's queue. */
  isPast(sequenceNumber: number): boolean {
    return this.#begun && ((sequenceNumber - this.#next) | 0) < 0;
  }

  /** Keeps a message that came too early; one that was passed on before is left out. True: `catchUp` must be called. */
  hold(sequenceNumber: number, deliver: Delivery): boolean {
    if (this.isPast(sequenceNumber)) return false;
    this.#held.set(sequenceNumber, deliver);
    return !this.#catchingUp;
  }

  /**
   * Fetches what is missing before the held messages and passes everything on in order; `toEnd` fetches also what
   * follows them. `fetch` gives null for a message that the server no longer has.
   */
  async catchUp(
    fetch: (sequenceNumber: number) => Promise<Delivery | null>,
    toEnd: boolean,
  ): Promise<{ fetched: number; lost: number }> {
    this.#catchingUp = true;
    let fetched = 0;
    let lost = 0;
    try {
      for (;;) {
        const held = this.#held.get(this.#next);
        if (held) {
          this.#pass(held);
          continue;
        }
        if (this.#held.size === 0 && !toEnd) break;
        const found = await fetch(this.#next);
        // It came by itself meanwhile.
        if (this.#held.has(this.#next)) continue;
        if (found) {
          fetched += 1;
          this.#pass(found);
        } else if (this.#held.size === 0) break;
        else lost += this.#skip();
      }
      this.#begun = true;
      return { fetched, lost };
    } finally {
      this.#catchingUp = false;
    }
  }

  #pass(deliver: Delivery): void {
    this.#held.delete(this.#next);
    this.#next = following(this.#next);
    deliver();
  }

  /** Gives up the next message, or all before the first held one when there are too many. Returns how many. */
  #skip(): number {
    const gap = Math.min(...[...this.#held.keys()].map((held) => (held - this.#next) >>> 0));
    const skipped = gap > MOST_FETCHED ? gap : 1;
    this.#next = gap > MOST_FETCHED ? (this.#next + gap) >>> 0 : following(this.#next);
    return skipped;
  }
}
