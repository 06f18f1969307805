/**
 * What is on its way to the broker: PUBLISH packets as bytes, one behind the other in segments, each written to the
 * socket in one go; with quality of service 1 and 2 kept there until they are acknowledged (MQTT 3.1.1 §4.4), for the
 * next connection to send them again.
 */
import { codec } from "#codec";
import type { QualityOfService } from "../../config/mqtt-file.ts";
import {
  Cursor,
  FOUND_FIELDS,
  ROOM_BESIDE_TOPIC_AND_PAYLOAD,
  type TopicTable,
} from "../../runtime/codec-types.ts";
import { type AckType, MqttProtocolError, PUBACK, PUBCOMP, PUBREC, TYPE_NAMES } from "./ack-reader.ts";
import { DUP_FLAG, firstByte, pubrel } from "./packets.ts";

/** A segment is what one TLS record holds; a longer packet has a segment of its own. */
const SEGMENT_BYTES = 16 * 1024;
/** Segments in use stay below this, as long as one is enough. */
const MOST_BYTES = 256 * 1024;
/** Messages that may be unacknowledged, a power of two: enough for 1,000 in a second and a broker half a second away. */
const MOST_MESSAGES = 512;
/** With quality of service 2 the broker has to remember every id: mosquitto takes 20 by default, and drops the 21st with a PUBREC. */
const MOST_EXACTLY_ONCE = 16;
const SLOT_MASK = MOST_MESSAGES - 1;
/** Packet identifiers are 1 to this (§2.3.1). */
const LAST_ID = 0xffff;

/** What is known of a message in flight: it was sent; the broker has it (§4.3.3); done, but behind one that is not. */
const SENT = 0;
const RELEASED = 1;
const DONE = 2;

/** Takes bytes for the broker; false when its own buffer is full. */
export type Write = (bytes: Buffer) => boolean;

class Segment {
  readonly bytes: Buffer;
  used = 0;
  /** How much of it the socket has. */
  written = 0;
  /** Messages in it that are in flight. */
  waiting = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }
}

export class Outbox {
  readonly #qos: QualityOfService;
  readonly #first: number;
  readonly #topics: TopicTable;
  readonly #longestTopic: number;
  readonly #most: number;
  /** Whether a message has arrived, as far as its quality of service lets us know. */
  delivered = false;
  #write: Write | null = null;
  #full = false;

  #tail = new Segment(SEGMENT_BYTES);
  /** Oldest first; the last one is the tail. */
  readonly #segments: Segment[] = [this.#tail];
  #capacity = SEGMENT_BYTES;

  /** The messages in flight, a ring: their ids follow one another from that of the oldest, their segments too. */
  #oldest = 0;
  #oldestId = 1;
  #count = 0;
  readonly #starts = new Int32Array(MOST_MESSAGES);
  readonly #cursor = new Int32Array(Object.keys(Cursor).length);
  readonly #marks = new Uint8Array(MOST_MESSAGES);
  /** Marks that are not `SENT`; usually there are none. */
  #marked = 0;

  constructor(options: { qos: QualityOfService; topics: TopicTable }) {
    const { qos, topics } = options;
    this.#qos = qos;
    this.#topics = topics;
    this.#longestTopic = topics.offsets.reduce(
      (longest, offset, index) => Math.max(longest, offset - (topics.offsets[index - 1] ?? 0)),
      0,
    );
    this.#first = firstByte(qos);
    this.#most = qos === 2 ? MOST_EXACTLY_ONCE : MOST_MESSAGES;
  }

  /** Whether the broker owes an acknowledgement. */
  get isWaiting(): boolean {
    return this.#count > 0;
  }

  /** A connection is there: what was not acknowledged goes first, in order, PUBLISH with DUP (§3.3.1.1, §4.6). */
  connected(write: Write): void {
    this.#write = write;
    this.#full = false;
    let offset = 0;
    for (const segment of this.#segments) {
      segment.written = segment.used;
      this.#repeat(segment, offset);
      offset += segment.waiting;
    }
  }

  /** The connection is gone, and what it had not sent yet. */
  disconnected(): void {
    this.#write = null;
  }

  /** The socket takes more. */
  drained(): void {
    this.#full = false;
  }

  /**
   * Puts in the frames from number `from` to `to` of those that a reader found in `bytes`, each for the topic of its port;
   * `flush` sends them. Returns how many of them are dealt with: the rest has no room until something is acknowledged.
   */
  add(bytes: Buffer, found: Uint32Array, from: number, to: number): number {
    if (this.#full) return 0;
    const cursor = this.#cursor;
    const first = this.#first;
    const topics = this.#topics;
    const starts = this.#starts;
    const most = Math.min(to, from + this.#most - this.#count);
    let each = from;
    while (each < most) {
      const segment = this.#tail;
      const id = this.#oldestId + this.#count;
      cursor[Cursor.at] = segment.used;
      cursor[Cursor.id] = this.#qos === 0 ? 0 : id > LAST_ID ? id - LAST_ID : id;
      cursor[Cursor.slot] = this.#oldest + this.#count;
      // Navigation only uses ports of the same settings file; a frame for any other is left out.
      each = codec.writePublishes(segment.bytes, cursor, first, topics, bytes, found, each, most, starts);
      const count = (cursor[Cursor.slot] as number) - this.#oldest;
      segment.used = cursor[Cursor.at] as number;
      segment.waiting += count - this.#count;
      this.#count = count;
      if (each === most) break;
      const length = (found[each * FOUND_FIELDS + 1] as number) - (found[each * FOUND_FIELDS] as number);
      if (!this.#nextSegment(length + this.#longestTopic + ROOM_BESIDE_TOPIC_AND_PAYLOAD)) break;
    }
    return each - from;
  }

  /** Sends what was put in, in one piece. */
  flush(): void {
    const tail = this.#tail;
    const { used, written } = tail;
    if (used === written) return;
    tail.written = used;
    this.#send(tail.bytes.subarray(written, used));
    if (this.#qos === 0) this.delivered = true;
  }

  /** Takes acknowledgements of `count` messages with consecutive ids in (§4.3.2, §4.3.3). Throws `MqttProtocolError` when nothing waits for one. */
  acknowledge(type: AckType, id: number, count: number): void {
    const inOrder = id === this.#oldestId && count <= this.#count && this.#marked === 0;
    if (inOrder && type === PUBACK && this.#qos === 1 && this.#write !== null) {
      this.#release(count);
      return;
    }
    for (let each = 0; each < count; each += 1) {
      this.#acknowledgeOne(type, ((id + each - 1) % LAST_ID) + 1);
    }
  }

  #acknowledgeOne(type: AckType, id: number): void {
    let offset = id - this.#oldestId;
    if (offset < 0) offset += LAST_ID;
    const slot = (this.#oldest + offset) & SLOT_MASK;
    const mark = offset < this.#count && this.#write !== null ? this.#marks[slot] : undefined;
    if (type === PUBACK && this.#qos === 1 && mark === SENT) {
      this.#complete(slot);
    } else if (type === PUBCOMP && mark === RELEASED) {
      this.#complete(slot);
    } else if (type === PUBREC && this.#qos === 2 && (mark === SENT || mark === RELEASED)) {
      this.#mark(slot, RELEASED);
      this.#send(pubrel(id));
    } else {
      throw new MqttProtocolError(
        `the broker sent ${TYPE_NAMES[type >>> 4]} for message ${id}, which does not wait for it. Cure: see the broker's log; another client may use the same clientId`,
      );
    }
  }

  #mark(slot: number, mark: number): void {
    if (this.#marks[slot] !== SENT) this.#marked -= 1;
    this.#marks[slot] = mark;
    if (mark !== SENT) this.#marked += 1;
  }

  #complete(slot: number): void {
    this.#mark(slot, DONE);
    while (this.#count > 0 && this.#marks[this.#oldest] === DONE) {
      this.#mark(this.#oldest, SENT);
      this.#release(1);
    }
  }

  /** The oldest messages are done, and with the last one in it their segment. */
  #release(count: number): void {
    this.delivered = true;
    this.#oldest = (this.#oldest + count) & SLOT_MASK;
    this.#count -= count;
    let id = this.#oldestId + count;
    if (id > LAST_ID) id -= LAST_ID;
    this.#oldestId = id;
    const segments = this.#segments;
    let left = count;
    for (let head = segments[0]; head !== undefined && head.waiting <= left; head = segments[0]) {
      left -= head.waiting;
      head.waiting = 0;
      if (head === this.#tail) {
        if (head.written === head.used) head.written = head.used = 0;
        return;
      }
      this.#capacity -= head.bytes.length;
      segments.shift();
    }
    const head = segments[0];
    if (head !== undefined) head.waiting -= left;
  }

  /** Goes to a segment with so much room; false: too much is on its way already. */
  #nextSegment(most: number): boolean {
    this.flush();
    const size = Math.max(SEGMENT_BYTES, most);
    if (this.#full || (this.#count > 0 && this.#capacity + size > MOST_BYTES)) return false;
    const tail = this.#tail;
    if (tail.waiting === 0) {
      // Node.js may not have sent it yet: it is not used again, but nothing is kept of it either.
      this.#segments.pop();
      this.#capacity -= tail.bytes.length;
    }
    this.#tail = new Segment(size);
    this.#segments.push(this.#tail);
    this.#capacity += size;
    return true;
  }

  #send(bytes: Buffer): void {
    if (this.#write !== null && !this.#write(bytes)) this.#full = true;
  }

  /** Sends the messages of a segment again; the first of them is at this place of the ring. */
  #repeat(segment: Segment, offset: number): void {
    const { bytes, waiting, used } = segment;
    /** Where a run of messages begins that are sent in one piece. */
    let run = -1;
    for (let each = offset; each < offset + waiting; each += 1) {
      const slot = (this.#oldest + each) & SLOT_MASK;
      const start = this.#starts[slot] as number;
      if (this.#marks[slot] === SENT) {
        bytes[start] = (bytes[start] as number) | DUP_FLAG;
        if (run < 0) run = start;
        continue;
      }
      if (run >= 0) this.#send(bytes.subarray(run, start));
      run = -1;
      if (this.#marks[slot] === RELEASED) this.#send(pubrel(((this.#oldestId + each - 1) % LAST_ID) + 1));
    }
    if (run >= 0) this.#send(bytes.subarray(run, used));
  }
}
