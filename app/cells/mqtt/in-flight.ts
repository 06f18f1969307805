import { encodePublish, encodePubrel, markDuplicate } from "./packet.ts";

/** Messages that were sent and are not acknowledged yet, in the order of sending (MQTT 3.1.1 §4.3, §4.4, §4.6). */

const MAX_PACKET_ID = 0xffff;

interface Message {
  readonly packet: Buffer;
  readonly sentAt: number;
}

export class InFlight {
  readonly #window: number;
  readonly #now: () => number;
  /** Published, neither PUBACK nor PUBREC received; insertion order is sending order. */
  readonly #published = new Map<number, Message>();
  /** PUBREC received, PUBCOMP not yet (quality of service 2). */
  readonly #released = new Map<number, number>();
  #lastId = 0;

  constructor(options: { window: number; now?: () => number }) {
    this.#window = options.window;
    this.#now = options.now ?? Date.now;
  }

  get size(): number {
    return this.#published.size + this.#released.size;
  }

  get isFull(): boolean {
    return this.size >= this.#window;
  }

  /** When the message that has waited longest was sent; null when none waits. */
  get oldestSentAt(): number | null {
    const [published] = this.#published.values();
    const [released] = this.#released.values();
    const times = [published?.sentAt, released].filter((time) => time !== undefined);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Encodes a message and keeps it until it is acknowledged. */
  add(message: { topic: Buffer; payload: Buffer; qos: 1 | 2 }): Buffer {
    const id = this.#freeId();
    const packet = encodePublish({ ...message, id });
    this.#published.set(id, { packet, sentAt: this.#now() });
    return packet;
  }

  /** PUBACK. Returns whether it answers anything: a repeated one does not. */
  acknowledge(id: number): boolean {
    return this.#published.delete(id);
  }

  /** PUBREC. The message is the broker's from here on; the answer is PUBREL, also to a repeated PUBREC (§4.3.3). */
  receive(id: number): Buffer {
    this.#published.delete(id);
    this.#released.set(id, this.#now());
    return encodePubrel(id);
  }

  /** PUBCOMP. */
  complete(id: number): boolean {
    return this.#released.delete(id);
  }

  /**
   * What has to be sent on a new connection, in the original order. With the session kept: PUBREL for what was
   * received, PUBLISH with DUP for the rest (§4.4). Without it the broker remembers nothing: what it has received is
   * done, the rest goes out as new.
   */
  resume(sessionPresent: boolean): Buffer[] {
    const now = this.#now();
    const packets: Buffer[] = [];
    if (sessionPresent) {
      for (const id of this.#released.keys()) {
        this.#released.set(id, now);
        packets.push(encodePubrel(id));
      }
    } else {
      this.#released.clear();
    }
    for (const [id, message] of this.#published) {
      if (sessionPresent) markDuplicate(message.packet);
      this.#published.set(id, { packet: message.packet, sentAt: now });
      packets.push(message.packet);
    }
    return packets;
  }

  #freeId(): number {
    do {
      this.#lastId = this.#lastId === MAX_PACKET_ID ? 1 : this.#lastId + 1;
    } while (this.#published.has(this.#lastId) || this.#released.has(this.#lastId));
    return this.#lastId;
  }
}
