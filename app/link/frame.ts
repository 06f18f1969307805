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

/** A decoded frame; `bytes` is the whole frame, header included, and shares memory with what was fed in. */
export interface Frame {
  readonly kind: number;
  readonly port: number;
  readonly bytes: Buffer;
}

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

/** Builds a frame around UTF-8 text. */
export function encodeFrame(port: number, text: string): Buffer {
  if (!Number.isInteger(port) || port < 0 || port > MAX_UINT32) {
    throw new RangeError(`port ${port} is not an unsigned 32-bit number`);
  }
  const length = Buffer.byteLength(text, "utf8");
  if (length > MAX_PAYLOAD_BYTES) throw new FrameTooLongError(length);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32BE(MAGIC, 0);
  frame.writeUInt32BE(((FrameKind.value << 24) | headerCheck(FrameKind.value, port, length)) >>> 0, 4);
  frame.writeUInt32BE(port, 8);
  frame.writeUInt32BE(length, 12);
  frame.write(text, HEADER_BYTES, "utf8");
  return frame;
}

/** Gives a frame another port, in place: what navigation does to route it. */
export function readdressFrame(frame: Buffer, port: number): void {
  const kind = frame.readUInt8(4);
  frame.writeUInt16BE(headerCheck(kind, port, frame.readUInt32BE(12)), 6);
  frame.writeUInt32BE(port, 8);
}

/** The payload of a whole frame, without copying. */
export function framePayload(frame: Buffer): Buffer {
  return frame.subarray(HEADER_BYTES);
}

/** Takes chunks in, hands frames out. Never holds more than one unfinished frame. */
export class FrameReader {
  /** Bytes thrown away because they belonged to no whole frame. */
  skippedBytes = 0;
  #pending: Buffer = Buffer.alloc(0);
  /** Bytes that `#pending` must reach before looking again is worth the copy. */
  #needed = HEADER_BYTES;
  #chunks: Buffer[] = [];
  #queued = 0;

  /** Feeds a chunk and calls back for each frame that is complete now, in order. */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#chunks.push(bytes);
    this.#queued += bytes.length;
    // A frame that was left unfinished shows at once, by the FF of the next one; it must not hold up what follows.
    if (this.#pending.length + this.#queued < this.#needed && bytes.indexOf(FORBIDDEN_BYTE) === -1) return;
    const only = this.#pending.length === 0 && this.#chunks.length === 1;
    const buffer = only ? bytes : Buffer.concat([this.#pending, ...this.#chunks]);
    this.#chunks = [];
    this.#queued = 0;
    const rest = this.#take(buffer, onFrame);
    // A copy, so that a few bytes left over don't keep a whole read buffer alive.
    this.#pending = rest === buffer.length ? Buffer.alloc(0) : Buffer.from(buffer.subarray(rest));
  }

  /** Returns the offset of the first byte that is still wanted. */
  #take(buffer: Buffer, onFrame: (frame: Frame) => void): number {
    let at = 0;
    for (;;) {
      const left = buffer.length - at;
      this.#needed = HEADER_BYTES;
      if (left < HEADER_BYTES) return at;
      const length = buffer.readUInt32BE(at + 12);
      const kind = buffer.readUInt8(at + 4);
      const port = buffer.readUInt32BE(at + 8);
      const sound =
        buffer.readUInt32BE(at) === MAGIC &&
        length <= MAX_PAYLOAD_BYTES &&
        buffer.readUInt8(at + 5) === 0 &&
        buffer.readUInt16BE(at + 6) === headerCheck(kind, port, length);
      if (!sound) {
        at = this.#resynchronise(buffer, at);
        continue;
      }
      const end = at + HEADER_BYTES + length;
      const broken = buffer.indexOf(FORBIDDEN_BYTE, at + HEADER_BYTES);
      if (broken !== -1 && broken < end) {
        at = this.#resynchronise(buffer, at);
        continue;
      }
      if (end > buffer.length) {
        this.#needed = end - at;
        return at;
      }
      if (kind === FrameKind.value) onFrame({ kind, port, bytes: buffer.subarray(at, end) });
      else this.skippedBytes += end - at;
      at = end;
    }
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
