/**
 * What waits for the next cell: frames one behind the other in segments, so that a frame costs no object of its own.
 * Bounded in bytes, oldest dropped first, frame by frame, every drop counted.
 */
import { codec } from "#codec";
import { FOUND_FIELDS } from "../runtime/codec-types.ts";
import { FrameTooLongError } from "./frame.ts";
import { frameEnd, HEADER_BYTES, MAX_PAYLOAD_BYTES, PORT_AT } from "./frame-format.ts";

/** A segment holds at most this much, which is also what is written at once; a longer frame has one of its own. */
const LARGEST_SEGMENT_BYTES = 32 * 1024;
const SMALLEST_SEGMENT_BYTES = 4 * 1024;
/** Frames that are looked at in one go to count them. */
const COUNTED_FRAMES = 256;
/** Segments in a full queue, at least; so many frames of the limit's share are dropped at a time. */
const SEGMENTS = 64;

class Segment {
  readonly bytes: Buffer;
  /** The first frame that waits. */
  start = 0;
  /** Where the last one ends. */
  end = 0;
  next: Segment | null = null;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }
}

export class FrameQueue {
  readonly #limit: number;
  readonly #segmentBytes: number;
  #head: Segment;
  #tail: Segment;
  /** An emptied segment of usual size: what comes and goes steadily allocates nothing. */
  #spare: Segment | null = null;
  /** Memory of all segments but the tail, from their first waiting frame on. */
  #closed = 0;
  #dropped = 0;
  /** Called with the port of each frame that is dropped. */
  readonly #onDrop: (port: number) => void;

  constructor(limitBytes: number, onDrop: (port: number) => void = () => undefined) {
    this.#limit = limitBytes;
    this.#onDrop = onDrop;
    const share = Math.floor(limitBytes / SEGMENTS);
    this.#segmentBytes = Math.max(SMALLEST_SEGMENT_BYTES, Math.min(LARGEST_SEGMENT_BYTES, share));
    this.#head = new Segment(this.#segmentBytes);
    this.#tail = this.#head;
  }

  /** Memory of the frames that wait, as far as a segment is not empty again. */
  get bytes(): number {
    return this.#closed + this.#tail.end - this.#tail.start;
  }

  /** Frames dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Frames that wait, counted now: while there are millions of bytes that takes its time. */
  countFrames(): number {
    const found = new Uint32Array(COUNTED_FRAMES * FOUND_FIELDS);
    let frames = 0;
    for (let segment: Segment | null = this.#head; segment !== null; segment = segment.next) {
      const bytes = segment.bytes.subarray(0, segment.end);
      for (let at = segment.start; at < segment.end; ) {
        const count = codec.scanFrames(bytes, at, found);
        frames += count;
        at = found[count * FOUND_FIELDS - 2] ?? segment.end;
      }
    }
    return frames;
  }

  get isEmpty(): boolean {
    return this.#head.start === this.#head.end && this.#head.next === null;
  }

  /** Takes a frame around UTF-8 text in; makes room by dropping the oldest ones. */
  pushText(port: number, text: string): void {
    const tail = this.#tail;
    const end = codec.writeFrame(tail.bytes, tail.end, port, text);
    if (end >= 0) {
      tail.end = end;
      return;
    }
    if (-end > HEADER_BYTES + MAX_PAYLOAD_BYTES) throw new FrameTooLongError(-end - HEADER_BYTES);
    const next = this.#open(-end);
    next.end = codec.writeFrame(next.bytes, 0, port, text);
  }

  /** Takes whole frames in, one behind the other from `start` to `end`. */
  pushFrames(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      let upTo = frameEnd(bytes, at);
      let tail = this.#tail;
      if (tail.bytes.length - tail.end < upTo - at) tail = this.#open(upTo - at);
      const room = tail.bytes.length - tail.end;
      if (end - at <= room) upTo = end;
      else for (let next = upTo; next < end && next - at <= room; next = frameEnd(bytes, next)) upTo = next;
      bytes.copy(tail.bytes, tail.end, at, upTo);
      tail.end += upTo - at;
      at = upTo;
    }
  }

  /** The oldest frames, as many as lie together; null: none waits. Valid until something is pushed or shifted. */
  peek(): Buffer | null {
    const { bytes, start, end } = this.#head;
    return start === end ? null : bytes.subarray(start, end);
  }

  /** Removes the frames that lie within the first `count` bytes of `peek()`, also one that begins there; returns their length. */
  shift(count: number): number {
    const head = this.#head;
    const from = head.start;
    let to = head.end;
    if (from + count < to) for (to = from; to < from + count; ) to = frameEnd(head.bytes, to);
    this.#release(to);
    return to - from;
  }

  /** A new tail with room for a frame of this length; drops the oldest frames until it has its place. */
  #open(length: number): Segment {
    const size = Math.max(length, this.#segmentBytes);
    const next = size === this.#segmentBytes && this.#spare ? this.#spare : new Segment(size);
    if (next === this.#spare) this.#spare = null;
    const tail = this.#tail;
    this.#closed += tail.bytes.length - tail.start;
    tail.next = next;
    this.#tail = next;
    if (tail.start === tail.end) this.#release(tail.end);
    while (this.#head !== next && this.#closed + size > this.#limit) {
      const { bytes, start } = this.#head;
      this.#dropped += 1;
      this.#onDrop(bytes.readUInt32BE(start + PORT_AT));
      this.#release(frameEnd(bytes, start));
    }
    return next;
  }

  /** The head begins at `to` now. */
  #release(to: number): void {
    const head = this.#head;
    const { next } = head;
    if (next !== null) this.#closed -= to - head.start;
    head.start = to;
    if (to < head.end) return;
    const usual = head.bytes.length === this.#segmentBytes;
    if (next !== null) {
      this.#closed -= head.bytes.length - head.end;
      this.#head = next;
      head.next = null;
      if (usual) this.#spare = head;
    } else if (!usual) {
      // A long frame's own segment goes with it.
      this.#head = this.#spare ?? new Segment(this.#segmentBytes);
      this.#tail = this.#head;
      this.#spare = null;
    }
    head.start = 0;
    head.end = 0;
  }
}
