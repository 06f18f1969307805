import type { FdWriter } from "../runtime/platform-types.ts";
import { FrameBuffer } from "./frame-buffer.ts";

/** Frames that are small are written together, up to what a pipe takes at once. */
const BATCH_BYTES = 32 * 1024;

/** The sending end of a link: takes every frame at once and writes as the pipe allows; only its own buffer ever waits. */
export class FrameSender {
  readonly #writer: FdWriter;
  readonly #buffer: FrameBuffer;
  /** What is on its way into the pipe: no longer subject to dropping, because a part of it may be out already. */
  #leaving: Buffer | null = null;
  #scheduled = false;

  constructor(options: { writer: FdWriter; bufferBytes: number }) {
    this.#writer = options.writer;
    this.#buffer = new FrameBuffer(options.bufferBytes);
  }

  /** Frames dropped so far because the buffer was full. */
  get dropped(): number {
    return this.#buffer.dropped;
  }

  /** Takes a frame, which from here on belongs to the sender. */
  send(frame: Buffer): void {
    this.#buffer.push(frame);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // What arrives together is written together.
    void Promise.resolve().then(() => this.#drain());
  }

  #nextBatch(): Buffer | null {
    const first = this.#buffer.shift();
    if (!first) return null;
    const batch = [first];
    let bytes = first.length;
    for (
      let next = this.#buffer.peek();
      next && bytes + next.length <= BATCH_BYTES;
      next = this.#buffer.peek()
    ) {
      this.#buffer.shift();
      batch.push(next);
      bytes += next.length;
    }
    return batch.length === 1 ? first : Buffer.concat(batch, bytes);
  }

  #drain(): void {
    for (;;) {
      this.#leaving ??= this.#nextBatch();
      if (!this.#leaving) {
        this.#scheduled = false;
        return;
      }
      const taken = this.#writer.write(this.#leaving);
      if (taken < this.#leaving.length) {
        this.#leaving = this.#leaving.subarray(taken);
        this.#writer.onceWritable(() => this.#drain());
        return;
      }
      this.#leaving = null;
    }
  }
}
