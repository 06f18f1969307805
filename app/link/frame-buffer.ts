/** What waits for the next cell: bounded in bytes, oldest dropped first, every drop counted. */

/** What a waiting frame costs beyond its own bytes: its Buffer object and its place in the queue. */
const OVERHEAD_BYTES = 160;

export class FrameBuffer {
  readonly #limit: number;
  #frames: (Buffer | undefined)[] = [];
  /** Index of the oldest frame; the array is cut when half of it is behind us. */
  #head = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get length(): number {
    return this.#frames.length - this.#head;
  }

  /** Memory in use, as far as it is ours to count. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Frames dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a frame in; makes room by dropping the oldest ones. */
  push(frame: Buffer): void {
    this.#frames.push(frame);
    this.#bytes += frame.length + OVERHEAD_BYTES;
    while (this.#bytes > this.#limit && this.length > 1) {
      this.shift();
      this.#dropped += 1;
    }
  }

  peek(): Buffer | undefined {
    return this.#frames[this.#head];
  }

  /** Removes the oldest frame. */
  shift(): Buffer | undefined {
    const frame = this.#frames[this.#head];
    if (frame === undefined) return undefined;
    this.#frames[this.#head] = undefined;
    this.#head += 1;
    this.#bytes -= frame.length + OVERHEAD_BYTES;
    if (this.#head > 1024 && this.#head * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
    return frame;
  }
}
