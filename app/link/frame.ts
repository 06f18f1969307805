import { codec } from "#codec";
import { FOUND_FIELDS } from "../runtime/codec-types.ts";
import {
  FORBIDDEN_BYTE,
  FrameKind,
  frameEnd,
  HEADER_BYTES,
  isSoundHeader,
  MAGIC_BYTES,
  MAX_PAYLOAD_BYTES,
} from "./frame-format.ts";

/** Frames, as `frame-format.ts` describes them, in and out of byte streams. */

/** Frames that a reader notes at a time. */
const BATCH_FRAMES = 256;
const EMPTY: Buffer = Buffer.alloc(0);

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

/** Builds a frame around UTF-8 text. */
export function encodeFrame(port: number, text: string): Buffer {
  const length = Buffer.byteLength(text, "utf8");
  if (length > MAX_PAYLOAD_BYTES) throw new FrameTooLongError(length);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  codec.writeFrame(frame, 0, port, text);
  return frame;
}

/**
 * Takes chunks in, finds frames in them, without an object per frame. Never holds more than one unfinished frame beside
 * the chunk that it works on.
 */
export class FrameReader {
  /** Bytes thrown away because they belonged to no whole frame. */
  skippedBytes = 0;
  /** What `next` found: start, end and port of each frame, one behind the other, in `bytes`: the chunk or a copy. */
  readonly found = new Uint32Array(BATCH_FRAMES * FOUND_FIELDS);
  bytes: Buffer = EMPTY;
  /** Where in `bytes` to look on. */
  #at = 0;
  /** An unfinished frame: its bytes, and how many must be there before looking again is worth the copy. */
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #needed = HEADER_BYTES;

  /** Feeds a chunk, which from here on belongs to the reader, once `next` has returned 0. */
  feed(chunk: Uint8Array): void {
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
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

  /** Notes the next whole frames in `found`; returns how many, 0 when none is complete and more has to be fed in. */
  next(): number {
    const { bytes } = this;
    let at = this.#at;
    while (at < bytes.length) {
      const count = codec.scanFrames(bytes, at, this.found);
      if (count > 0) {
        this.#at = this.found[count * FOUND_FIELDS - 2] as number;
        return count;
      }
      if (!this.#isWhole(bytes, at)) {
        // A copy, so that a few bytes left over don't keep a whole read buffer alive.
        this.#keep(Buffer.from(bytes.subarray(at)));
        break;
      }
      at = this.#pass(bytes, at);
    }
    this.bytes = EMPTY;
    this.#at = 0;
    return 0;
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#partsBytes += part.length;
  }

  /** Whether what is at `at` is complete, for good or ill; if not, notes how many bytes it needs. */
  #isWhole(bytes: Buffer, at: number): boolean {
    const left = bytes.length - at;
    this.#needed = HEADER_BYTES;
    if (left < HEADER_BYTES) return false;
    if (!isSoundHeader(bytes, at) || bytes.indexOf(FORBIDDEN_BYTE, at + HEADER_BYTES) !== -1) return true;
    this.#needed = frameEnd(bytes, at) - at;
    return left >= this.#needed;
  }

  /** Passes over a frame of unknown kind, or to the next place where a frame may start. */
  #pass(bytes: Buffer, at: number): number {
    let next = at;
    if (isSoundHeader(bytes, at)) {
      const end = frameEnd(bytes, at);
      const forbidden = bytes.indexOf(FORBIDDEN_BYTE, at + HEADER_BYTES);
      if (
        bytes[at + 4] !== FrameKind.value &&
        end <= bytes.length &&
        (forbidden === -1 || forbidden >= end)
      ) {
        next = end;
      }
    }
    if (next === at) {
      const found = bytes.indexOf(MAGIC_BYTES, at + 1);
      // The last three bytes may be the beginning of a magic that is still on its way.
      next = found === -1 ? Math.max(at + 1, bytes.length - (MAGIC_BYTES.length - 1)) : found;
    }
    this.skippedBytes += next - at;
    return next;
  }
}
