/** node:tty: the standard output streams write at once, so that nothing is lost when the process ends. */
import { native } from "../binding.ts";
import { Buffer } from "./buffer.ts";
import { Writable } from "./stream.ts";

const files = native("fs_io") as {
  isatty(fd: number): boolean;
};
const output = native("process") as { print(fd: number, text: string): void };
const fdio = native("fdio") as { writeAll(fd: number, bytes: Uint8Array): void };

export function isatty(fd: number): boolean {
  return Number.isInteger(fd) && fd >= 0 && files.isatty(fd);
}

type WriteCallback = (error?: Error | null) => void;

/** process.stdout and process.stderr. */
export class WriteStream extends Writable {
  readonly fd: number;
  readonly isTTY: boolean;
  readonly columns = 80;
  readonly rows = 24;
  readonly _isStdio = true;

  constructor(fd: number) {
    super({ decodeStrings: false });
    this.fd = fd;
    this.isTTY = isatty(fd);
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, callback: WriteCallback): void {
    try {
      if (typeof chunk !== "string") fdio.writeAll(this.fd, chunk);
      else if (encoding === "utf8") output.print(this.fd, chunk);
      else fdio.writeAll(this.fd, Buffer.from(chunk, encoding));
      callback();
    } catch (error) {
      callback(error as Error);
    }
  }

  /** Standard output stays open: as in Node.js, destroying it has no effect. */
  override _destroy(error: Error | null, callback: WriteCallback): void {
    callback(error);
  }

  getColorDepth(): number {
    return 1;
  }
  hasColors(): boolean {
    return false;
  }
}

export default { isatty, WriteStream };
