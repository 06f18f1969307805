import type { FdWriter } from "../runtime/platform-types.ts";
import { frameEnd } from "./frame-format.ts";
import { FrameQueue } from "./frame-queue.ts";

/** The sending end of a link: takes every frame at once and writes as the pipe allows; only its own queue ever waits. */
export class FrameSender {
  readonly #writer: FdWriter;
  readonly #queue: FrameQueue;
  /** The rest of a frame that is partly in the pipe: no longer subject to dropping. */
  #leaving: Buffer | null = null;
  /** Something will call `#drain`: the end of this turn, or the pipe when it is not full any more. */
  #expected = false;
  #written = 0;
  readonly #onExpected = (): void => {
    this.#expected = false;
    this.#drain();
  };

  constructor(options: { writer: FdWriter; bufferBytes: number; onDrop?: (port: number) => void }) {
    this.#writer = options.writer;
    this.#queue = new FrameQueue(options.bufferBytes, options.onDrop);
  }

  /** Frames dropped so far because the buffer was full. */
  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Bytes that the pipe has taken so far, modulo 2^32. */
  get written(): number {
    return this.#written;
  }

  /** Whether anything waits. */
  get isWaiting(): boolean {
    return this.#leaving !== null || !this.#queue.isEmpty;
  }

  /** What waits at the moment. */
  get waiting(): { readonly frames: number; readonly bytes: number } {
    const { isEmpty, bytes } = this.#queue;
    return isEmpty ? { frames: 0, bytes: 0 } : { frames: this.#queue.countFrames(), bytes };
  }

  /** Sends a frame around UTF-8 text; throws `FrameTooLongError`. What is sent in one turn is written together. */
  sendText(port: number, text: string): void {
    this.#queue.pushText(port, text);
    if (this.#expected) return;
    this.#expected = true;
    queueMicrotask(this.#onExpected);
  }

  /** Sends whole frames that lie one behind the other from `start` to `end`, now; keeps no reference to `bytes`. */
  sendFrames(bytes: Buffer, start: number, end: number): void {
    if (this.#expected) {
      this.#queue.pushFrames(bytes, start, end);
      return;
    }
    const taken = start + this.#write(bytes.subarray(start, end));
    if (taken === end) return;
    let whole = start;
    while (whole < taken) whole = frameEnd(bytes, whole);
    if (whole > taken) this.#leaving = Buffer.from(bytes.subarray(taken, whole));
    this.#queue.pushFrames(bytes, whole, end);
    this.#waitForRoom();
  }

  #write(bytes: Uint8Array): number {
    const taken = this.#writer.write(bytes);
    this.#written = (this.#written + taken) >>> 0;
    return taken;
  }

  #waitForRoom(): void {
    this.#expected = true;
    this.#writer.onceWritable(this.#onExpected);
  }

  #drain(): void {
    while (!this.#expected) {
      const next = this.#leaving ?? this.#queue.peek();
      if (next === null) return;
      const taken = this.#write(next);
      if (this.#leaving === null) {
        const whole = this.#queue.shift(taken);
        // A copy: the queue uses the place again.
        if (whole > taken) this.#leaving = Buffer.from(next.subarray(taken, whole));
      } else {
        this.#leaving = taken === next.length ? null : next.subarray(taken);
      }
      if (taken < next.length) this.#waitForRoom();
    }
  }
}
