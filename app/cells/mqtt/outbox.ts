/**
 * What is on its way to the broker: PUBLISH packets as bytes, one behind the other in segments, each written to the
 * socket in one go; with quality of service 1 and 2 kept there until they are acknowledged (MQTT 3.1.1 §4.4), for the
 * next connection to send them again.
 */
import { codec } from "#codec";
import type { QualityOfService } from "../../config/mqtt-file.ts";
import { type AckType, MqttProtocolError, PUBACK, PUBCOMP, PUBREC, TYPE_NAMES } from "./ack-reader.ts";
import { DUP_FLAG, firstByte, publishBytesAtMost } from "./publish.ts";

/** A segment is what one TLS record holds; a longer packet has a segment of its own. */
const SEGMENT_BYTES = 16 * 1024;
/** Messages that may be unacknowledged; a power of two. What a broker takes that needs 100 ms to answer is enough for this device. */
const MOST_MESSAGES = 512;
/** With quality of service 2 a broker holds every id, and some hold no more than 100. */
const MOST_EXACTLY_ONCE = 64;
const MOST_BYTES = 256 * 1024;
/** Packet identifiers are 1 to this (§2.3.1). */
const LAST_ID = 0xffff;

/** What an acknowledgement is waited for with. */
const FREE = 0;
const SENT = 1;
const RELEASED = 2;
/** Acknowledged, behind an older one that is not. */
const DONE = 3;

/** Takes bytes for the broker; false when its own buffer is full. */
export type Write = (bytes: Buffer) => boolean;

export class Outbox {
  readonly #qos: QualityOfService;
  readonly #first: number;
  readonly #most: number;
  /** Whether a message has arrived, as far as its quality of service lets us know. */
  delivered = false;
  #write: Write | null = null;
  #segment = Buffer.allocUnsafe(SEGMENT_BYTES);
  /** Bytes of the segment that are written to the socket, and bytes that are in use. */
  #written = 0;
  #used = 0;
  #full = false;

  /** The messages in flight, a ring: their ids follow one another from that of the oldest. */
  readonly #states = new Uint8Array(MOST_MESSAGES);
  readonly #segments: (Buffer | null)[] = new Array(MOST_MESSAGES).fill(null);
  readonly #starts = new Int32Array(MOST_MESSAGES);
  readonly #ends = new Int32Array(MOST_MESSAGES);
  #oldest = 0;
  #oldestId = 1;
  #count = 0;
  #bytes = 0;

  constructor(qos: QualityOfService) {
    this.#qos = qos;
    this.#first = firstByte(qos);
    this.#most = qos === 2 ? MOST_EXACTLY_ONCE : MOST_MESSAGES;
  }

  /** Whether the broker owes an acknowledgement. */
  get isWaiting(): boolean {
    return this.#count > 0;
  }

  /** Whether another message may leave now. */
  get hasRoom(): boolean {
    return !this.#full && this.#count < this.#most && this.#bytes < MOST_BYTES;
  }

  /** A connection is there: what was not acknowledged goes first, in order, PUBLISH with DUP (§3.3.1.1, §4.6). */
  connected(write: Write): void {
    this.#write = write;
    this.#full = false;
    this.#written = this.#used;
    for (let offset = 0; offset < this.#count; ) offset = this.#repeat(offset);
  }

  /** The connection is gone, and what it had not sent yet. */
  disconnected(): void {
    this.#write = null;
  }

  /** The socket takes more. */
  drained(): void {
    this.#full = false;
  }

  /** Puts in a message whose payload lies in `source` from `start` to `end`; `flush` sends it. */
  add(topic: Buffer, source: Buffer, start: number, end: number): void {
    const most = publishBytesAtMost(topic, end - start);
    if (most > this.#segment.length - this.#used) this.#nextSegment(most);
    const segment = this.#segment;
    const at = this.#used;
    if (this.#qos === 0) {
      this.#used = codec.writePublish(segment, at, this.#first, topic, 0, source, start, end);
      return;
    }
    let id = this.#oldestId + this.#count;
    if (id > LAST_ID) id -= LAST_ID;
    const to = codec.writePublish(segment, at, this.#first, topic, id, source, start, end);
    this.#used = to;
    const slot = (this.#oldest + this.#count) & (MOST_MESSAGES - 1);
    this.#states[slot] = SENT;
    this.#segments[slot] = segment;
    this.#starts[slot] = at;
    this.#ends[slot] = to;
    this.#count += 1;
    this.#bytes += to - at;
  }

  /** Sends what was put in, in one piece. */
  flush(): void {
    const from = this.#written;
    const to = this.#used;
    if (from === to) return;
    this.#written = to;
    this.#send(this.#segment.subarray(from, to));
    if (this.#qos === 0) this.delivered = true;
  }

  /** Takes an acknowledgement in (§4.3.2, §4.3.3). Throws `MqttProtocolError` when nothing waits for it. */
  acknowledge(type: AckType, id: number): void {
    let offset = id - this.#oldestId;
    if (offset < 0) offset += LAST_ID;
    const slot = (this.#oldest + offset) & (MOST_MESSAGES - 1);
    const state = offset < this.#count && id !== 0 ? this.#states[slot] : FREE;
    if (type === PUBACK && state === SENT && this.#qos === 1) {
      this.#forget(slot);
      this.#complete(offset, slot);
    } else if (type === PUBREC && this.#qos === 2 && (state === SENT || state === RELEASED)) {
      if (state === SENT) this.#forget(slot);
      this.#states[slot] = RELEASED;
      this.#send(pubrel(id));
    } else if (type === PUBCOMP && state === RELEASED) {
      this.#complete(offset, slot);
    } else {
      throw new MqttProtocolError(
        `the broker sent ${TYPE_NAMES[type >>> 4]} for message ${id}, which does not wait for it. Cure: see the broker's log; another client may use the same clientId`,
      );
    }
  }

  /** The bytes are not needed again. */
  #forget(slot: number): void {
    this.#segments[slot] = null;
    this.#bytes -= (this.#ends[slot] as number) - (this.#starts[slot] as number);
  }

  #complete(offset: number, slot: number): void {
    if (offset > 0) {
      this.#states[slot] = DONE;
      return;
    }
    const states = this.#states;
    let oldest = slot;
    let count = this.#count;
    let id = this.#oldestId;
    do {
      states[oldest] = FREE;
      oldest = (oldest + 1) & (MOST_MESSAGES - 1);
      id = id === LAST_ID ? 1 : id + 1;
      count -= 1;
    } while (count > 0 && states[oldest] === DONE);
    this.delivered = true;
    this.#oldest = oldest;
    this.#oldestId = id;
    this.#count = count;
    // All of it has arrived: the segment can be used from its beginning.
    if (count === 0 && this.#written === this.#used) {
      this.#written = 0;
      this.#used = 0;
    }
  }

  #nextSegment(most: number): void {
    this.flush();
    this.#segment = Buffer.allocUnsafe(Math.max(SEGMENT_BYTES, most));
    this.#written = 0;
    this.#used = 0;
  }

  #send(bytes: Buffer): void {
    if (this.#write !== null && !this.#write(bytes)) this.#full = true;
  }

  /** Sends the message at this place of the ring again, and those behind it that lie behind it in memory too. Returns the next place. */
  #repeat(offset: number): number {
    let slot = (this.#oldest + offset) & (MOST_MESSAGES - 1);
    const segment = this.#segments[slot] ?? null;
    if (segment === null) {
      if (this.#states[slot] === RELEASED) this.#send(pubrel(((this.#oldestId + offset - 1) % LAST_ID) + 1));
      return offset + 1;
    }
    const start = this.#starts[slot] as number;
    let end = start;
    let next = offset;
    do {
      segment[end] = (segment[end] as number) | DUP_FLAG;
      end = this.#ends[slot] as number;
      next += 1;
      slot = (this.#oldest + next) & (MOST_MESSAGES - 1);
    } while (next < this.#count && this.#segments[slot] === segment && this.#starts[slot] === end);
    this.#send(segment.subarray(start, end));
    return next;
  }
}

/** §3.6. */
function pubrel(id: number): Buffer {
  return Buffer.from([0x62, 2, id >>> 8, id & 0xff]);
}
