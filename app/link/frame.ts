/**
 * The one-way message between cells: a length-prefixed binary frame.
 *
 *   0  magic    FF 47 57 FF
 *   4  kind     u8 (1 = value)
 *   5  zero     u8
 *   6  check    u16, over kind, port and length
 *   8  port     u32, big-endian: source port (opcua → navigation) or target port (navigation → mqtt), R118
 *  12  length   u32, big-endian: bytes of payload
 *  16  payload  UTF-8 text
 *
 * UTF-8 never contains the byte FF, so a frame that a crashed writer left unfinished is always recognised: the next
 * frame's magic would have to lie inside its payload. The reader then takes up again at that magic.
 */

/** Bytes in front of the payload. */
export const HEADER_BYTES = 16;
/** Longest payload that travels; what is longer is refused where it arises. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** What a frame carries. A reader skips kinds that it does not know. */
export const FrameKind = { value: 1 } as const;

const MAGIC = 0xff4757ff;
const MAGIC_BYTES = Buffer.from([0xff, 0x47, 0x57, 0xff]);
const FORBIDDEN_BYTE = 0xff;
const MAX_UINT32 = 0xffffffff;
const EMPTY: Buffer = Buffer.alloc(0);
/** Most bytes of UTF-8 that one UTF-16 code unit becomes. */
const MOST_BYTES_PER_UNIT = 3;
/** What is the engine's own costs a seventh of Buffer's method there. */
const indexOfByte = Uint8Array.prototype.indexOf;

/** A payload that can't travel over the link. */
export class FrameTooLongError extends Error {
  readonly code = "LINK_FRAME_TOO_LONG";
  readonly payloadBytes: number;
  constructor(payloadBytes: number) {
    super(
      `a message of ${payloadBytes} bytes is longer than the ${MAX_PAYLOAD_BYTES} bytes that are forwarded`,
    );
    this.payloadBytes = payloadBytes;
  }
}

function headerCheck(kind: number, port: number, length: number): number {
  return (
    (kind * 0x9e5 +
      (port >>> 16) * 31 +
      (port & 0xffff) * 7 +
      (length >>> 16) * 13 +
      (length & 0xffff) +
      0x4757) &
    0xffff
  );
}

/** Most bytes that a frame around this text can have. */
export function frameBytesAtMost(text: string): number {
  return HEADER_BYTES + text.length * MOST_BYTES_PER_UNIT;
}

/** Bytes of a frame around this text; throws when such a frame does not travel. */
export function frameBytes(text: string): number {
  const length = Buffer.byteLength(text, "utf8");
  if (length > MAX_PAYLOAD_BYTES) throw new FrameTooLongError(length);
  return HEADER_BYTES + length;
}

/** Writes a frame around UTF-8 text, for which there must be room, to `at`. Returns where it ends. */
export function writeFrame(target: Buffer, at: number, port: number, text: string): number {
  if (!Number.isInteger(port) || port < 0 || port > MAX_UINT32) {
    throw new RangeError(`port ${port} is not an unsigned 32-bit number`);
  }
  const length = target.write(text, at + HEADER_BYTES);
  target.writeUInt32BE(MAGIC, at);
  target.writeUInt32BE(((FrameKind.value << 24) | headerCheck(FrameKind.value, port, length)) >>> 0, at + 4);
  target.writeUInt32BE(port, at + 8);
  target.writeUInt32BE(length, at + 12);
  return at + HEADER_BYTES + length;
}

/** Builds a frame around UTF-8 text. */
export function encodeFrame(port: number, text: string): Buffer {
  const frame = Buffer.allocUnsafe(frameBytes(text));
  writeFrame(frame, 0, port, text);
  return frame;
}

/** Gives the frame at `at` another port, in place: what navigation does to route it. */
export function readdressFrame(bytes: Buffer, at: number, port: number): void {
  bytes.writeUInt16BE(headerCheck(bytes[at + 4] as number, port, bytes.readUInt32BE(at + 12)), at + 6);
  bytes.writeUInt32BE(port, at + 8);
}

/** Where the sound frame at `at` ends. */
export function frameEnd(bytes: Buffer, at: number): number {
  return at + HEADER_BYTES + bytes.readUInt32BE(at + 12);
}

/**
 * Takes chunks in, finds frames in them one after the other, without an object per frame. Never holds more than one
 * unfinished frame beside the chunk that it works on.
 */
export class FrameReader {
  /** Bytes thrown away because they belonged to no whole frame. */
  skippedBytes = 0;
  /** The frame that `next` found: from its header at `start` to `end` in `bytes`, which is the chunk that was fed in or a copy. */
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  port = 0;
  /** An unfinished frame: the bytes of `#parts`, and how many must be there before looking again is worth the copy. */
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #needed = HEADER_BYTES;

  /** Feeds a chunk, which from here on belongs to the reader; `next` says what is complete now. */
  feed(chunk: Uint8Array): void {
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.end < this.bytes.length) this.#keep(this.bytes.subarray(this.end));
    this.bytes = EMPTY;
    this.end = 0;
    if (this.#partsBytes === 0) {
      this.bytes = bytes;
      return;
    }
    this.#parts.push(bytes);
    this.#partsBytes += bytes.length;
    // A frame that was left unfinished shows at once, by the FF of the next one; it must not hold up what follows.
    if (this.#partsBytes < this.#needed && !bytes.includes(FORBIDDEN_BYTE)) return;
    this.bytes = Buffer.concat(this.#parts, this.#partsBytes);
    this.#parts = [];
    this.#partsBytes = 0;
  }

  /** Goes to the next whole frame; false: none is complete, more has to be fed in. */
  next(): boolean {
    const { bytes } = this;
    let at = this.end;
    for (;;) {
      const left = bytes.length - at;
      if (left === 0) break;
      this.#needed = HEADER_BYTES;
      if (left < HEADER_BYTES) {
        this.#keep(Buffer.from(bytes.subarray(at)));
        break;
      }
      const kind = bytes[at + 4] as number;
      const port = bytes.readUInt32BE(at + 8);
      const length = bytes.readUInt32BE(at + 12);
      const sound =
        bytes.readUInt32BE(at) === MAGIC &&
        length <= MAX_PAYLOAD_BYTES &&
        bytes[at + 5] === 0 &&
        bytes.readUInt16BE(at + 6) === headerCheck(kind, port, length);
      const end = at + HEADER_BYTES + length;
      const forbidden = sound ? indexOfByte.call(bytes, FORBIDDEN_BYTE, at + HEADER_BYTES) : -1;
      if (!sound || (forbidden !== -1 && forbidden < end)) {
        at = this.#resynchronise(bytes, at);
        continue;
      }
      if (end > bytes.length) {
        this.#needed = end - at;
        // A copy, so that a few bytes left over don't keep a whole read buffer alive.
        this.#keep(Buffer.from(bytes.subarray(at)));
        break;
      }
      if (kind === FrameKind.value) {
        this.start = at;
        this.end = end;
        this.port = port;
        return true;
      }
      this.skippedBytes += end - at;
      at = end;
    }
    this.bytes = EMPTY;
    this.start = 0;
    this.end = 0;
    return false;
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#partsBytes += part.length;
  }

  /** The next place where a frame may start, behind `from`. */
  #resynchronise(buffer: Buffer, from: number): number {
    const found = buffer.indexOf(MAGIC_BYTES, from + 1);
    // The last three bytes may be the beginning of a magic that is still on its way.
    const next = found === -1 ? Math.max(from + 1, buffer.length - (MAGIC_BYTES.length - 1)) : found;
    this.skippedBytes += next - from;
    return next;
  }
}
