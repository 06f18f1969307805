/**
 * Decodes the PublishResponse that nearly all messages are - one or more DataChangeNotifications - from its bytes straight
 * to JSON text (OPC UA Part 6 §5.2, Part 4 §5.13.5). Scalars of simple types are decoded here, all others by
 * `value-reader.ts`. Anything unusual is left to node-opcua's decoder, message by message.
 */
import { MAX_PAYLOAD_BYTES } from "../../../link/frame-format.ts";
import { UnreadableValueError } from "./byte-reader.ts";
import { dateTimeText } from "./file-time.ts";
import {
  encodeDouble,
  encodeInt64,
  encodeStatus,
  type NumberTexts,
  numberTexts,
  picosecondsText,
} from "./payload.ts";
import type { ValueReader } from "./value-reader.ts";

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
/** A text of so many characters is short enough to be forwarded whatever they are. */
const LONGEST_CERTAIN = MAX_PAYLOAD_BYTES / 4;

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
  /**
   * DataValues as they came that need a closer look (a structure of a type that is not known, a very long text), in
   * order; their texts are "".
   */
  readonly special: Buffer[] = [];

  /** Port by client handle. */
  #portOf: readonly (number | undefined)[] = [];
  readonly #statuses = new Map<number, string>();
  readonly #reader: ValueReader;
  readonly #numbers: NumberTexts;
  /** Rounds Doubles; null: they are written as they are. */
  readonly #round: ((value: number) => string) | null;
  #isSpecial = false;
  #bytes: Buffer = NO_BYTES;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the DataValue goes on, while it is not a usual one. */
  #at = 0;
  #end = 0;
  /** The last time stamps, and what follows the value with them: many values share both. */
  #source = -1;
  #server = -1;
  #tail = "";

  /** The reader is for what is not decoded here, with the same count of significant digits. */
  constructor(options: { reader: ValueReader; significantDigits: number | null }) {
    this.#reader = options.reader;
    this.#numbers = numberTexts(options.significantDigits);
    this.#round = options.significantDigits === null ? null : this.#numbers.double;
  }

  /** Client handles that are known; a message with another one is left to node-opcua. */
  set clientHandles(portOf: readonly (number | undefined)[]) {
    this.#portOf = portOf;
  }

  /** Decodes the message body in [start, end) of `bytes`, seen through `view`; false when it is for node-opcua. */
  decode(bytes: Buffer, view: DataView, start: number, end: number): boolean {
    // Some bytes that every answer has, so that other services' answers cost nothing.
    if (end - start < SHORTEST || view.getUint32(start, true) !== PUBLISH_RESPONSE) return false;
    this.#view = view;
    this.#bytes = bytes;
    this.#end = end;
    this.count = 0;
    this.special.length = 0;
    this.#isSpecial = false;
    try {
      return this.#message(start + 4) === end;
    } catch (error) {
      // RangeError: the message ends too early.
      if (error === NOT_FOR_US || error instanceof RangeError) return false;
      if (error instanceof UnreadableValueError) return false;
      throw error;
    } finally {
      this.#reader.close();
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
    const round = this.#round;
    // Where numbers are rounded this is no encoding mask at all, so that the loop has nothing more to ask.
    const usual = round === null ? USUAL_DOUBLE : -1;
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
      if (view.getUint16(at + 4, true) === usual) {
        const value = view.getFloat64(at + 6, true);
        const itsSource = view.getFloat64(at + 14, true);
        const itsServer = view.getFloat64(at + 22, true);
        if (itsSource !== source || itsServer !== server) {
          tail = this.#tailAt(at + 14);
          source = itsSource === 0 || itsServer === 0 ? -1 : itsSource;
          server = itsServer;
        }
        // Neither infinite nor NaN nor -0.
        if (value - value === 0 && value !== 0) texts[count] = VALUE_PREFIX + value + tail;
        else texts[count] = `{"Value":${encodeDouble(value)}${tail}`;
        at += 30;
      } else if (round !== null && view.getUint16(at + 4, true) === USUAL_DOUBLE) {
        const itsSource = view.getFloat64(at + 14, true);
        const itsServer = view.getFloat64(at + 22, true);
        if (itsSource !== source || itsServer !== server) {
          tail = this.#tailAt(at + 14);
          source = itsSource === 0 || itsServer === 0 ? -1 : itsSource;
          server = itsServer;
        }
        texts[count] = VALUE_PREFIX + round(view.getFloat64(at + 6, true)) + tail;
        at += 30;
      } else {
        this.#at = at + 4;
        texts[count] = this.#dataValue();
        if (this.#isSpecial) {
          this.#isSpecial = false;
          texts[count] = "";
          this.special.push(Buffer.from(this.#bytes.subarray(at + 4, this.#at)));
        }
        at = this.#at;
      }
    }
    this.#source = source;
    this.#server = server;
    this.#tail = tail;
    this.count = count;
    return at;
  }

  /** What follows a value with both time stamps. */
  #tailAt(at: number): string {
    return `,"SourceTimestamp":${this.#timestamp(at)},"ServerTimestamp":${this.#timestamp(at + 8)}}`;
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
      const code = view.getUint32(this.#at, true);
      status = this.#statuses.get(code) ?? this.#status(code);
      this.#at += 4;
    }
    if ((mask & SOURCE_TIME) !== 0) {
      text += `,"SourceTimestamp":${this.#timestamp(this.#at)}`;
      this.#at += 8;
    }
    if ((mask & SOURCE_PICOSECONDS) !== 0) text += this.#picoseconds("Source");
    if ((mask & SERVER_TIME) !== 0) {
      text += `,"ServerTimestamp":${this.#timestamp(this.#at)}`;
      this.#at += 8;
    }
    if ((mask & SERVER_PICOSECONDS) !== 0) text += this.#picoseconds("Server");
    return `${text}${status}}`;
  }

  #timestamp(at: number): string {
    return dateTimeText(this.#view.getUint32(at, true), this.#view.getUint32(at + 4, true));
  }

  #status(code: number): string {
    if (this.#statuses.size >= MOST_STATUSES) this.#statuses.clear();
    const text = code === 0 ? "" : `,"StatusCode":${encodeStatus(code)}`;
    this.#statuses.set(code, text);
    return text;
  }

  #picoseconds(which: string): string {
    const text = picosecondsText(this.#view.getUint16(this.#at, true));
    this.#at += 2;
    return text === "" ? text : `,"${which}Picoseconds":${text}`;
  }

  /** A Variant; `type` is its encoding byte, which for arrays and matrices is above all types. */
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
        return encodeInt64(view.getUint32(at + 4, true), view.getUint32(at, true), type === 8);
      case 10:
        this.#at = at + 4;
        return this.#numbers.float(view.getFloat32(at, true));
      case 11:
        this.#at = at + 8;
        return this.#numbers.double(view.getFloat64(at, true));
      case 12:
        return this.#string();
      case 13:
        this.#at = at + 8;
        return dateTimeText(view.getUint32(at, true), view.getUint32(at + 4, true));
      default:
        return this.#other(at - 1);
    }
  }

  /** The Variant at `at`, of any type and rank. */
  #other(at: number): string {
    const reader = this.#reader;
    reader.open(this.#bytes, this.#view, at, this.#end);
    const text = reader.value();
    this.#at = reader.at;
    this.#isSpecial ||= reader.missing.size > 0 || reader.opaque !== null || text.length > LONGEST_CERTAIN;
    return text;
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
