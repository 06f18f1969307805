/**
 * What is on its way to the broker: PUBLISH packets as bytes, one behind the other in segments, each written to the
 * socket in one go; those with quality of service 1 and 2 are kept there until they are acknowledged (MQTT 3.1.1 §4.4),
 * for the next connection to send them again. Those with 0 lie between them and are never sent twice.
 */
import { codec } from "#codec";
import {
  Cursor,
  FOUND_FIELDS,
  RING_FIELDS,
  ROOM_BESIDE_TOPIC_AND_PAYLOAD,
  TOPIC_FIELDS,
  Topic,
  type TopicTable,
} from "../../runtime/codec-types.ts";
import { type AckType, MqttProtocolError, PUBACK, PUBCOMP, PUBREC, packetName } from "./ack-reader.ts";
import { DUP_FLAG, packetEnd, pubrel, qosOf } from "./packets.ts";

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
  readonly #topics: TopicTable;
  readonly #longestTopic: number;
  /** Whether there are messages that are never acknowledged. */
  readonly #hasUnacknowledged: boolean;
  /** What `published` said last, by the number of the topic. */
  readonly #totals: Float64Array;
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
  readonly #ring = new Int32Array(MOST_MESSAGES * RING_FIELDS);
  readonly #cursor = new Int32Array(Object.keys(Cursor).length);
  readonly #marks = new Uint8Array(MOST_MESSAGES);
  /** Marks that are not `SENT`; usually there are none. */
  #marked = 0;
  /** Messages with quality of service 2 that are not done. */
  #exactlyOnce = 0;

  constructor(topics: TopicTable) {
    this.#topics = topics;
    const { entries, bytes } = topics;
    let longest = 0;
    let hasUnacknowledged = false;
    for (let entry = 0; entry < entries.length; entry += TOPIC_FIELDS) {
      const from = entries[entry + Topic.from] as number;
      longest = Math.max(longest, (entries[entry + Topic.to] as number) - from);
      if (qosOf(bytes[from] as number) === 0) hasUnacknowledged = true;
    }
    this.#longestTopic = longest;
    this.#hasUnacknowledged = hasUnacknowledged;
    this.#totals = new Float64Array(entries.length / TOPIC_FIELDS);
  }

  /** Messages that the broker has not acknowledged yet. */
  get inFlight(): number {
    return this.#count;
  }

  /** The identifier of the oldest message for which the broker owes an acknowledgement; 0: for none. */
  get waitingFor(): number {
    return this.#count > 0 ? this.#oldestId : 0;
  }

  /** How many messages the broker has acknowledged since the start, by port; with quality of service 0, how many were written. */
  published(): Map<number, number> {
    const { entries } = this.#topics;
    const inFlight = new Uint32Array(this.#totals.length);
    for (let each = 0; each < this.#count; each += 1) {
      const slot = (this.#oldest + each) & SLOT_MASK;
      const topic = this.#ring[slot * RING_FIELDS + 1] as number;
      if (this.#marks[slot] !== DONE) inFlight[topic] = (inFlight[topic] as number) + 1;
    }
    const counts = new Map<number, number>();
    for (const [topic, total] of this.#totals.entries()) {
      const entry = topic * TOPIC_FIELDS;
      const done = (entries[entry + Topic.written] as number) - (inFlight[topic] as number);
      // `written` goes round at 2^32; what was added since the last call does not.
      this.#totals[topic] = total + ((done - total) >>> 0);
      counts.set(entries[entry + Topic.port] as number, this.#totals[topic] as number);
    }
    return counts;
  }

  /**
   * A connection is there: what was not acknowledged goes first, in order, PUBLISH with DUP (§3.3.1.1, §4.4, §4.6). When
   * the broker has lost the session, all of it goes as new: even what the broker has may have been in the session only.
   */
  connected(write: Write, sessionPresent: boolean): void {
    this.#write = write;
    this.#full = false;
    let offset = 0;
    for (const segment of this.#segments) {
      segment.written = segment.used;
      this.#repeat(segment, offset, sessionPresent);
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
    const most = Math.min(to, from + MOST_MESSAGES - this.#count);
    let each = from;
    while (each < most) {
      const segment = this.#tail;
      const id = this.#oldestId + this.#count;
      cursor[Cursor.at] = segment.used;
      cursor[Cursor.id] = id > LAST_ID ? id - LAST_ID : id;
      cursor[Cursor.slot] = this.#oldest + this.#count;
      cursor[Cursor.exactlyOnce] = MOST_EXACTLY_ONCE - this.#exactlyOnce;
      // Navigation only uses ports of the same settings file; a frame for any other is left out.
      each = codec.writePublishes(segment.bytes, cursor, this.#topics, bytes, found, each, most, this.#ring);
      const count = (cursor[Cursor.slot] as number) - this.#oldest;
      segment.used = cursor[Cursor.at] as number;
      segment.waiting += count - this.#count;
      this.#count = count;
      this.#exactlyOnce = MOST_EXACTLY_ONCE - (cursor[Cursor.exactlyOnce] as number);
      if (each === most) break;
      const length = (found[each * FOUND_FIELDS + 1] as number) - (found[each * FOUND_FIELDS] as number);
      const room = length + this.#longestTopic + ROOM_BESIDE_TOPIC_AND_PAYLOAD;
      const hasRoom = room <= segment.bytes.length - segment.used;
      // It would be the 17th with quality of service 2; or there is no room for it anywhere.
      if (hasRoom || !this.#nextSegment(room)) break;
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
    if (this.#count === 0) this.delivered = true;
  }

  /** Takes acknowledgements of `count` messages with consecutive ids in (§4.3.2, §4.3.3). Throws `MqttProtocolError` when nothing waits for one. */
  acknowledge(type: AckType, id: number, count: number): void {
    const inOrder = id === this.#oldestId && count <= this.#count && this.#marked === 0;
    if (inOrder && type === PUBACK && this.#exactlyOnce === 0 && this.#write !== null) {
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
    if (type === PUBACK && mark === SENT && this.#qosAt(slot) === 1) {
      this.#complete(slot);
    } else if (type === PUBCOMP && mark === RELEASED) {
      this.#exactlyOnce -= 1;
      this.#complete(slot);
    } else if (type === PUBREC && (mark === SENT || mark === RELEASED) && this.#qosAt(slot) === 2) {
      this.#mark(slot, RELEASED);
      this.#send(pubrel(id));
    } else {
      throw new MqttProtocolError(
        `the broker sent ${packetName(type)} for message ${id}, which does not wait for it. Cure: see the broker's log; another client may use the same clientId`,
      );
    }
  }

  /** The quality of service of the message at this place of the ring. */
  #qosAt(slot: number): number {
    const { entries, bytes } = this.#topics;
    const topic = this.#ring[slot * RING_FIELDS + 1] as number;
    return qosOf(bytes[entries[topic * TOPIC_FIELDS + Topic.from] as number] as number);
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
        // What is never acknowledged may still lie behind, and not be sent yet.
        if (head.written === head.used && !this.#hasUnacknowledged) head.written = head.used = 0;
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
  #repeat(segment: Segment, offset: number, sessionPresent: boolean): void {
    const { bytes, waiting } = segment;
    /** A run of messages that lie one behind the other and are sent in one piece. */
    let from = 0;
    let to = 0;
    const sendRun = (): void => {
      if (to > from) this.#send(bytes.subarray(from, to));
      from = to;
    };
    for (let each = offset; each < offset + waiting; each += 1) {
      const slot = (this.#oldest + each) & SLOT_MASK;
      if (this.#marks[slot] === RELEASED) {
        if (sessionPresent) {
          sendRun();
          this.#send(pubrel(((this.#oldestId + each - 1) % LAST_ID) + 1));
          continue;
        }
        this.#mark(slot, SENT);
      }
      if (this.#marks[slot] === DONE) continue;
      const start = this.#ring[slot * RING_FIELDS] as number;
      const first = bytes[start] as number;
      bytes[start] = sessionPresent ? first | DUP_FLAG : first & ~DUP_FLAG;
      if (start !== to) {
        sendRun();
        from = start;
      }
      to = packetEnd(bytes, start);
    }
    sendRun();
  }
}
