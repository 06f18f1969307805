import type { FdWriter, Platform } from "../../runtime/platform-types.ts";

/** At 115200 baud this is a good 20 seconds of output. */
const MAX_QUEUED_BYTES = 256 * 1024;

/** The serial line: slow, so lines wait in a bounded queue; what does not fit is counted and told. */
export class SerialOutput {
  readonly #writer: FdWriter;
  readonly #queue: Buffer[] = [];
  #queuedBytes = 0;
  #lost = 0;
  #waiting = false;

  constructor(platform: Platform, fd: number, onError: (error: Error) => void) {
    this.#writer = platform.writer(fd, onError);
  }

  write(line: string): void {
    const bytes = Buffer.from(line, "utf8");
    if (this.#queuedBytes + bytes.length > MAX_QUEUED_BYTES) {
      this.#lost += 1;
      return;
    }
    if (this.#lost > 0) {
      const note = Buffer.from(
        `Warning: ${this.#lost} lines were not shown here: the serial line is too slow\n`,
        "utf8",
      );
      this.#lost = 0;
      this.#queue.push(note);
      this.#queuedBytes += note.length;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (!this.#waiting) this.#drain();
  }

  #drain(): void {
    this.#waiting = false;
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const taken = this.#writer.write(head);
      this.#queuedBytes -= taken;
      if (taken < head.length) {
        this.#queue[0] = head.subarray(taken);
        this.#waiting = true;
        this.#writer.onceWritable(() => this.#drain());
        return;
      }
      this.#queue.shift();
    }
  }
}
