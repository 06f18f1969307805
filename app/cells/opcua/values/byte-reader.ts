/** A cursor over bytes in OPC UA's binary encoding (Part 6 §5.2.2): what all types are made of, strings as JSON text. */
import { dateTimeText } from "./file-time.ts";

const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

/** A value that does not follow OPC UA's rules. */
export class UnreadableValueError extends Error {
  readonly code = "OPCUA_UNREADABLE_VALUE";
  constructor(what: string) {
    super(`the server's value can't be read (${what})`);
  }
}

/** Kind of a NodeId, its namespace index and its id as JSON text; the last two are set in ExpandedNodeIds. */
export interface RawNodeId {
  /** 0 number, 1 text, 2 GUID, 3 bytes. */
  readonly type: number;
  readonly namespace: number;
  readonly id: string;
  readonly uri: string;
  readonly server: number;
}

export class ByteReader {
  /** Where the next value begins. */
  at = 0;
  protected end = 0;
  protected bytes: Buffer = NO_BYTES;
  protected view: DataView = NO_VIEW;

  /** Reads on from `at` in `bytes`, seen through `view`, up to `end`. Throws RangeError or `UnreadableValueError`. */
  open(bytes: Buffer, view: DataView, at: number, end: number): void {
    this.bytes = bytes;
    this.view = view;
    this.at = at;
    this.end = end;
  }

  /** Keeps no bytes alive. */
  close(): void {
    this.bytes = NO_BYTES;
    this.view = NO_VIEW;
  }

  protected byte(): number {
    const at = this.at;
    this.at = at + 1;
    return this.view.getUint8(at);
  }

  protected uint16(): number {
    const at = this.at;
    this.at = at + 2;
    return this.view.getUint16(at, true);
  }

  protected uint32(): number {
    const at = this.at;
    this.at = at + 4;
    return this.view.getUint32(at, true);
  }

  protected int32(): number {
    return this.uint32() | 0;
  }

  /** A length that the bytes left can hold; -1 for null. */
  protected length(): number {
    const length = this.int32();
    if (length > this.end - this.at) throw new UnreadableValueError("a length beyond its end");
    return length < 0 ? -1 : length;
  }

  protected dateTime(): string {
    const low = this.uint32();
    return dateTimeText(low, this.uint32());
  }

  protected span(length: number): Buffer {
    const at = this.at;
    this.at = at + length;
    return this.bytes.subarray(at, at + length);
  }

  protected string(): string {
    const length = this.length();
    if (length < 0) return "null";
    const at = this.at;
    this.at = at + length;
    return JSON.stringify(this.bytes.toString("utf8", at, at + length));
  }

  protected byteString(): string {
    const length = this.length();
    return length < 0 ? "null" : `"${this.span(length).toString("base64")}"`;
  }

  protected guid(): string {
    const view = this.view;
    const at = this.at;
    const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
    const first = `${hex(this.uint32(), 8)}-${hex(view.getUint16(at + 4, true), 4)}-${hex(view.getUint16(at + 6, true), 4)}`;
    const last = hex(view.getUint16(at + 10), 4) + hex(view.getUint32(at + 12), 8);
    this.at = at + 16;
    return `"${`${first}-${hex(view.getUint16(at + 8), 4)}-${last}`.toUpperCase()}"`;
  }

  /** Part 6 §5.2.2.9: kind of the id, namespace index and the id as JSON text, and what is set for ExpandedNodeIds. */
  protected rawNodeId(): RawNodeId {
    const encoding = this.byte();
    const kind = encoding & 0x3f;
    const type = kind < 3 ? 0 : kind - 2;
    let namespace = 0;
    if (kind === 1) namespace = this.byte();
    else if (kind > 1) {
      namespace = this.uint16();
    }
    let id: string;
    if (kind === 0) id = `${this.byte()}`;
    else if (kind === 1) id = `${this.uint16()}`;
    else if (kind === 2) id = `${this.uint32()}`;
    else if (kind === 3) id = this.string();
    else if (kind === 4) id = this.guid();
    else if (kind === 5) id = this.byteString();
    else throw new UnreadableValueError(`a NodeId with the encoding ${encoding}`);
    const uri = (encoding & 0x80) === 0 ? "null" : this.string();
    const server = (encoding & 0x40) === 0 ? 0 : this.uint32();
    return { type, namespace, id, uri, server };
  }
}
