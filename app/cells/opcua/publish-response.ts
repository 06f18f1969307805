/**
 * Decodes the PublishResponse that nearly all messages are - one or more DataChangeNotifications with scalars of simple
 * types - from its bytes straight to JSON text (OPC UA Part 6 §5.2, Part 4 §5.13.5; the texts are those of `payload.ts`).
 * Anything else, and anything unusual, is left to node-opcua's decoder, message by message.
 */
import { type StatusCode, StatusCodes } from "node-opcua-client";
import { dateTimeText, timestampText } from "./file-time.ts";
import { encodeDouble, encodeFloat, encodeInt64, encodeStatus } from "./payload.ts";

/** ns=0;i=829 and ns=0;i=811 as two-byte or four-byte ids are written: encoding 1, namespace 0, identifier. */
const PUBLISH_RESPONSE = 0x033d_0001;
const DATA_CHANGE = 0x032b_0001;
/** A keep-alive with nothing but the type and what is fixed before the lists. */
const SHORTEST = 32;
const NULL_LENGTH = 0xffff_ffff;
/** Longer arrays and texts are rare; node-opcua has limits of its own for them. */
const MOST_ITEMS = 20_000;
const LONGEST_TEXT = 60_000;
/** Status codes whose text is kept. */
const MOST_STATUSES = 256;

/** Bits of a DataValue's encoding mask (Part 6 §5.2.2.17). */
const VALUE = 1;
const STATUS = 2;
const SOURCE_TIME = 4;
const SERVER_TIME = 8;
const SOURCE_PICOSECONDS = 16;
const SERVER_PICOSECONDS = 32;
const KNOWN_BITS = 63;
/** Value and both time stamps, and the Variant's encoding byte for a Double behind it. */
const VALUE_PREFIX = '{"Value":';
const USUAL_DOUBLE = VALUE | SOURCE_TIME | SERVER_TIME | (11 << 8);
/** Tens of picoseconds in 100 ns; a server that sends more is not decoded here. */
const TEN_PICOSECONDS = 10_000;

const NO_BYTES = Buffer.alloc(0);

/** Raised inside to give a message up; never leaves this file. */
class NotForUs extends Error {}
const NOT_FOR_US = new NotForUs("left to node-opcua");

export class PublishResponseDecoder {
  /** What the last decoded message says; valid until the next call. */
  requestHandle = 0;
  subscriptionId = 0;
  sequenceNumber = 0;
  /** Notifications in it; none: a keep-alive, which is not acknowledged (Part 4 §5.13.5). */
  notifications = 0;
  /** Values in it: `ports[i]` and `texts[i]` for i below `count`. */
  count = 0;
  readonly ports: number[] = [];
  readonly texts: string[] = [];

  /** Port by client handle. */
  #portOf: readonly (number | undefined)[] = [];
  readonly #statuses = new Map<number, string>();
  #bytes: Buffer = NO_BYTES;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the DataValue goes on, while it is not a usual one. */
  #at = 0;
  #end = 0;
  /** The last time stamps, and what follows the value with them: many values share both. */
  #source = -1;
  #server = -1;
  #tail = "";

  constructor() {
    this.learn(StatusCodes.Good);
  }

  /** Client handles that are known; a message with another one is left to node-opcua. */
  set clientHandles(portOf: readonly (number | undefined)[]) {
    this.#portOf = portOf;
  }

  /** A status that node-opcua decoded: from now on it is decoded here. */
  learn(status: StatusCode): void {
    const code = status.value >>> 0;
    if (this.#statuses.has(code)) return;
    if (this.#statuses.size >= MOST_STATUSES) this.#statuses.clear();
    this.#statuses.set(code, code === 0 ? "" : `,"StatusCode":${encodeStatus(status)}`);
  }

  /** Decodes the message body in [start, end) of `bytes`, seen through `view`; false when it is for node-opcua. */
  decode(bytes: Buffer, view: DataView, start: number, end: number): boolean {
    // Some bytes that every answer has, so that other services' answers cost nothing.
    if (end - start < SHORTEST || view.getUint32(start, true) !== PUBLISH_RESPONSE) return false;
    this.#view = view;
    this.#bytes = bytes;
    this.#end = end;
    this.count = 0;
    try {
      return this.#message(start + 4) === end;
    } catch (error) {
      // RangeError: the message ends too early.
      if (error === NOT_FOR_US || error instanceof RangeError) return false;
      throw error;
    } finally {
      this.#bytes = NO_BYTES;
    }
  }

  /** The length of an array at `at`; null is none. */
  #length(at: number): number {
    const length = this.#view.getUint32(at, true);
    if (length <= MOST_ITEMS) return length;
    if (length === NULL_LENGTH) return 0;
    throw NOT_FOR_US;
  }

  /** Returns where the message ends. */
  #message(start: number): number {
    const view = this.#view;
    // ResponseHeader: time stamp, request handle, service result, diagnostics, string table, additional header.
    this.requestHandle = view.getUint32(start + 8, true);
    if (view.getUint32(start + 12, true) !== 0 || view.getUint8(start + 16) !== 0) throw NOT_FOR_US;
    if (this.#length(start + 17) !== 0 || view.getUint16(start + 21) !== 0) throw NOT_FOR_US;
    if (view.getUint8(start + 23) !== 0) throw NOT_FOR_US;
    this.subscriptionId = view.getUint32(start + 24, true);
    // Available sequence numbers, more notifications; sequence number, publish time.
    let at = start + 33 + this.#length(start + 28) * 4;
    this.sequenceNumber = view.getUint32(at, true);
    const notifications = this.#length(at + 12);
    this.notifications = notifications;
    at += 16;
    for (let index = 0; index < notifications; index += 1) {
      if (view.getUint32(at, true) !== DATA_CHANGE || view.getUint8(at + 4) !== 1) throw NOT_FOR_US;
      const end = this.#items(at + 13, this.#length(at + 9));
      // No diagnostics, and of the length that was told.
      if (this.#length(end) !== 0 || end !== at + 5 + view.getUint32(at + 5, true)) throw NOT_FOR_US;
      at = end + 4;
    }
    // Results of the acknowledgements, diagnostics.
    at += 4 + this.#length(at) * 4;
    if (this.#length(at) !== 0) throw NOT_FOR_US;
    return at + 4;
  }

  /**
   * MonitoredItemNotifications: client handle and DataValue each. Most of the work is done here, so it is one loop; and
   * most values are Doubles with both time stamps, which differ from those of the value before only now and then. Returns
   * where they end.
   */
  #items(start: number, items: number): number {
    const view = this.#view;
    const portOf = this.#portOf;
    const { ports, texts } = this;
    let count = this.count;
    let at = start;
    // As doubles, time stamps are distinct where they are distinct as integers; 0 may be -0 too and is not kept.
    let source = this.#source;
    let server = this.#server;
    let tail = this.#tail;
    for (const last = count + items; count < last; count += 1) {
      const port = portOf[view.getUint32(at, true)];
      if (port === undefined) throw NOT_FOR_US;
      ports[count] = port;
      if (view.getUint16(at + 4, true) === USUAL_DOUBLE) {
        const value = view.getFloat64(at + 6, true);
        const itsSource = view.getFloat64(at + 14, true);
        const itsServer = view.getFloat64(at + 22, true);
        if (itsSource !== source || itsServer !== server) {
          tail = `,"SourceTimestamp":${this.#timestamp(at + 14)},"ServerTimestamp":${this.#timestamp(at + 22)}}`;
          source = itsSource === 0 || itsServer === 0 ? -1 : itsSource;
          server = itsServer;
        }
        // Neither infinite nor NaN nor -0.
        if (value - value === 0 && value !== 0) texts[count] = VALUE_PREFIX + value + tail;
        else texts[count] = `{"Value":${encodeDouble(value)}${tail}`;
        at += 30;
      } else {
        this.#at = at + 4;
        texts[count] = this.#dataValue();
        at = this.#at;
      }
    }
    this.#source = source;
    this.#server = server;
    this.#tail = tail;
    this.count = count;
    return at;
  }

  #dataValue(): string {
    const view = this.#view;
    const mask = view.getUint8(this.#at);
    if (mask > KNOWN_BITS) throw NOT_FOR_US;
    this.#at += 1;
    let text = '{"Value":null';
    if ((mask & VALUE) !== 0) {
      this.#at += 1;
      text = `{"Value":${this.#value(view.getUint8(this.#at - 1))}`;
    }
    let status = "";
    if ((mask & STATUS) !== 0) {
      const known = this.#statuses.get(view.getUint32(this.#at, true));
      if (known === undefined) throw NOT_FOR_US;
      status = known;
      this.#at += 4;
    }
    if ((mask & SOURCE_TIME) !== 0) {
      text += `,"SourceTimestamp":${this.#timestamp(this.#at)}`;
      this.#at += 8;
    }
    if ((mask & SOURCE_PICOSECONDS) !== 0) this.#picoseconds();
    if ((mask & SERVER_TIME) !== 0) {
      text += `,"ServerTimestamp":${this.#timestamp(this.#at)}`;
      this.#at += 8;
    }
    if ((mask & SERVER_PICOSECONDS) !== 0) this.#picoseconds();
    return `${text}${status}}`;
  }

  #timestamp(at: number): string {
    const text = timestampText(this.#view.getUint32(at, true), this.#view.getUint32(at + 4, true));
    if (text === null) throw NOT_FOR_US;
    return text;
  }

  /** Below 100 ns: not published. */
  #picoseconds(): void {
    if (this.#view.getUint16(this.#at, true) >= TEN_PICOSECONDS) throw NOT_FOR_US;
    this.#at += 2;
  }

  /** A scalar Variant; `type` is its encoding byte, which for arrays and matrices is above all types. */
  #value(type: number): string {
    const view = this.#view;
    const at = this.#at;
    switch (type) {
      case 0:
        return "null";
      case 1:
        this.#at = at + 1;
        return view.getUint8(at) === 0 ? "false" : "true";
      case 2:
        this.#at = at + 1;
        return `${view.getInt8(at)}`;
      case 3:
        this.#at = at + 1;
        return `${view.getUint8(at)}`;
      case 4:
        this.#at = at + 2;
        return `${view.getInt16(at, true)}`;
      case 5:
        this.#at = at + 2;
        return `${view.getUint16(at, true)}`;
      case 6:
        this.#at = at + 4;
        return `${view.getInt32(at, true)}`;
      case 7:
        this.#at = at + 4;
        return `${view.getUint32(at, true)}`;
      case 8:
      case 9:
        this.#at = at + 8;
        return encodeInt64([view.getUint32(at + 4, true), view.getUint32(at, true)], type === 8);
      case 10:
        this.#at = at + 4;
        return encodeFloat(view.getFloat32(at, true));
      case 11:
        this.#at = at + 8;
        return encodeDouble(view.getFloat64(at, true));
      case 12:
        return this.#string();
      case 13: {
        this.#at = at + 8;
        const text = dateTimeText(view.getUint32(at, true), view.getUint32(at + 4, true));
        if (text === null) throw NOT_FOR_US;
        return text;
      }
      default:
        throw NOT_FOR_US;
    }
  }

  #string(): string {
    const length = this.#view.getUint32(this.#at, true);
    const at = this.#at + 4;
    this.#at = at;
    if (length === NULL_LENGTH) return "null";
    if (length > LONGEST_TEXT || at + length > this.#end) throw NOT_FOR_US;
    this.#at = at + length;
    return JSON.stringify(this.#bytes.toString("utf8", at, at + length));
  }
}
