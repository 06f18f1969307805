import type { FdWriter, Platform } from "../../runtime/platform-types.ts";

/** At 115200 baud this is a good 20 seconds of output. */
const MAX_QUEUED_BYTES = 256 * 1024;
/** A second of output. */
const MAX_QUEUED_FOR_CONSOLE = 11 * 1024;

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

  /** Puts a line out; `before` and `behind` are what a line that is being typed needs around it. */
  write(line: string, { before = "", behind = "" } = {}): void {
    const bytes = Buffer.from(`${line}${behind}`, "utf8");
    if (this.#queuedBytes + bytes.length > MAX_QUEUED_BYTES) {
      this.#lost += 1;
      return;
    }
    if (before !== "") this.#push(Buffer.from(before, "latin1"));
    if (this.#lost > 0) {
      const note = Buffer.from(
        `Warning: ${this.#lost} lines were not shown here: the serial line is too slow\n`,
        "utf8",
      );
      this.#lost = 0;
      this.#push(note);
    }
    this.#push(bytes);
    if (!this.#waiting) this.#drain();
  }

  /** Puts out what the console shows, unless the line is busy with the log: the log goes first. */
  offer(text: string): boolean {
    if (this.#queuedBytes > MAX_QUEUED_FOR_CONSOLE) return false;
    this.#push(Buffer.from(text, "latin1"));
    if (!this.#waiting) this.#drain();
    return true;
  }

  #push(bytes: Buffer): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
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
