/**
 * What waits for the next cell: frames one behind the other in segments, so that a frame costs no object of its own.
 * Bounded in bytes, oldest dropped first, frame by frame, every drop counted.
 */
import { codec } from "#codec";
import { FrameTooLongError } from "./frame.ts";
import { frameEnd, HEADER_BYTES, MAX_PAYLOAD_BYTES } from "./frame-format.ts";

/** A segment holds at most this much, which is also what is written at once; a longer frame has one of its own. */
const LARGEST_SEGMENT_BYTES = 32 * 1024;
const SMALLEST_SEGMENT_BYTES = 4 * 1024;
/** Segments in a full queue, at least: first and last may be half used, which is memory beyond the limit. */
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
  #bytes = 0;
  #dropped = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
    const share = Math.floor(limitBytes / SEGMENTS);
    this.#segmentBytes = Math.max(SMALLEST_SEGMENT_BYTES, Math.min(LARGEST_SEGMENT_BYTES, share));
    this.#head = new Segment(this.#segmentBytes);
    this.#tail = this.#head;
  }

  /** Bytes of the frames that wait, and of segments' ends that are too short for another frame. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Frames dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  get isEmpty(): boolean {
    return this.#head.start === this.#head.end && this.#head.next === null;
  }

  /** Takes a frame around UTF-8 text in; makes room by dropping the oldest ones. */
  pushText(port: number, text: string): void {
    let tail = this.#tail;
    let end = codec.writeFrame(tail.bytes, tail.end, port, text);
    if (end < 0) {
      if (-end > HEADER_BYTES + MAX_PAYLOAD_BYTES) throw new FrameTooLongError(-end - HEADER_BYTES);
      tail = this.#tailFor(-end);
      end = codec.writeFrame(tail.bytes, tail.end, port, text);
    }
    this.#bytes += end - tail.end;
    tail.end = end;
    if (this.#bytes > this.#limit) this.#dropOldest();
  }

  /** Takes whole frames in, one behind the other from `start` to `end`. */
  pushFrames(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      let upTo = frameEnd(bytes, at);
      const tail = this.#tailFor(upTo - at);
      const room = tail.bytes.length - tail.end;
      if (end - at <= room) upTo = end;
      else for (let next = upTo; next < end && next - at <= room; next = frameEnd(bytes, next)) upTo = next;
      bytes.copy(tail.bytes, tail.end, at, upTo);
      tail.end += upTo - at;
      this.#bytes += upTo - at;
      at = upTo;
      if (this.#bytes > this.#limit) this.#dropOldest();
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

  /** A tail with room for so many bytes. */
  #tailFor(length: number): Segment {
    const tail = this.#tail;
    const room = tail.bytes.length - tail.end;
    if (length <= room) return tail;
    const usual = length <= this.#segmentBytes;
    const next = usual && this.#spare ? this.#spare : new Segment(usual ? this.#segmentBytes : length);
    if (next === this.#spare) this.#spare = null;
    this.#bytes += room;
    tail.next = next;
    this.#tail = next;
    if (tail.start === tail.end) this.#release(tail.end);
    return next;
  }

  #dropOldest(): void {
    while (this.#bytes > this.#limit) {
      const head = this.#head;
      const end = frameEnd(head.bytes, head.start);
      // The newest frame stays, even if it alone is longer than the limit.
      if (end === head.end && head.next === null) return;
      this.#dropped += 1;
      this.#release(end);
    }
  }

  /** The head begins at `to` now. */
  #release(to: number): void {
    const head = this.#head;
    this.#bytes -= to - head.start;
    head.start = to;
    if (to < head.end) return;
    if (head.next !== null) {
      this.#bytes -= head.bytes.length - head.end;
      this.#head = head.next;
      head.next = null;
      if (head.bytes.length === this.#segmentBytes) this.#spare = head;
    }
    // Whoever is empty starts again at its beginning; a long frame's own segment goes with it.
    if (head === this.#head && head.bytes.length > this.#segmentBytes) {
      this.#head = this.#spare ?? new Segment(this.#segmentBytes);
      this.#tail = this.#head;
      this.#spare = null;
    }
    head.start = 0;
    head.end = 0;
  }
}
