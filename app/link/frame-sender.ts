import type { FdWriter } from "../runtime/platform-types.ts";
import { frameEnd } from "./frame-format.ts";
import { FrameQueue } from "./frame-queue.ts";

/** The sending end of a link: takes every frame at once and writes as the pipe allows; only its own queue ever waits. */
export class FrameSender {
  readonly #writer: FdWriter;
  readonly #queue: FrameQueue;
  /** The rest of a frame that is partly in the pipe: no longer subject to dropping. */
  #leaving: Buffer | null = null;
  #scheduled = false;
  readonly #onTurn = (): void => {
    this.#scheduled = false;
    this.#drain();
  };
  /** The pipe is full and tells us when it is not. */
  #waiting = false;
  readonly #onWritable = (): void => {
    this.#waiting = false;
    this.#drain();
  };

  constructor(options: { writer: FdWriter; bufferBytes: number }) {
    this.#writer = options.writer;
    this.#queue = new FrameQueue(options.bufferBytes);
  }

  /** Frames dropped so far because the buffer was full. */
  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Sends a frame around UTF-8 text; throws `FrameTooLongError`. What is sent in one turn is written together. */
  sendText(port: number, text: string): void {
    this.#queue.pushText(port, text);
    if (this.#scheduled || this.#waiting) return;
    this.#scheduled = true;
    queueMicrotask(this.#onTurn);
  }

  /** Sends whole frames that lie one behind the other from `start` to `end`, now; keeps no reference to `bytes`. */
  sendFrames(bytes: Buffer, start: number, end: number): void {
    if (this.#waiting || !this.#queue.isEmpty || this.#leaving !== null) {
      this.#queue.pushFrames(bytes, start, end);
      if (!this.#waiting) this.#drain();
      return;
    }
    const taken = start + this.#writer.write(bytes.subarray(start, end));
    if (taken === end) return;
    let whole = start;
    while (whole < taken) whole = frameEnd(bytes, whole);
    if (whole > taken) this.#leaving = Buffer.from(bytes.subarray(taken, whole));
    this.#queue.pushFrames(bytes, whole, end);
    this.#waitForRoom();
  }

  #waitForRoom(): void {
    this.#waiting = true;
    this.#writer.onceWritable(this.#onWritable);
  }

  #drain(): void {
    while (!this.#waiting) {
      const next = this.#leaving ?? this.#queue.peek();
      if (next === null) return;
      const taken = this.#writer.write(next);
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
