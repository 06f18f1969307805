/** fs.createReadStream and fs.createWriteStream. */
import { Buffer } from "../buffer.ts";
import { Readable, Writable } from "../stream.ts";
import { closeSync, openSync, type PathLike, readSync, writeSync } from "./sync.ts";

interface StreamOptions {
  flags?: string;
  encoding?: BufferEncoding | null;
  fd?: number | null;
  mode?: number;
  autoClose?: boolean;
  start?: number;
  end?: number;
  highWaterMark?: number;
}

type Callback = (error?: Error | null) => void;
const READ_SIZE = 64 * 1024;

function optionsOf(options: StreamOptions | BufferEncoding | null | undefined): StreamOptions {
  return typeof options === "string" ? { encoding: options } : (options ?? {});
}

function attempt(action: () => void, done: Callback): void {
  try {
    action();
    done();
  } catch (error) {
    done(error as Error);
  }
}

export class ReadStream extends Readable {
  readonly path: PathLike;
  fd: number | null;
  bytesRead = 0;
  readonly #flags: string;
  readonly #autoClose: boolean;
  #position: number | null;
  #left: number;

  constructor(path: PathLike, given?: StreamOptions | BufferEncoding | null) {
    const options = optionsOf(given);
    super({
      highWaterMark: options.highWaterMark ?? READ_SIZE,
      ...(options.encoding && { encoding: options.encoding }),
    });
    this.path = path;
    this.fd = options.fd ?? null;
    this.#flags = options.flags ?? "r";
    this.#autoClose = options.autoClose !== false;
    this.#position = options.start ?? null;
    this.#left =
      options.end === undefined ? Number.POSITIVE_INFINITY : options.end - (options.start ?? 0) + 1;
  }

  override _construct(callback: Callback): void {
    attempt(
      () => {
        this.fd ??= openSync(this.path, this.#flags);
      },
      (error) => {
        callback(error);
        if (!error) process.nextTick(() => this.emit("open", this.fd) && this.emit("ready"));
      },
    );
  }

  override _read(size: number): void {
    const wanted = Math.min(size, this.#left);
    const chunk = Buffer.allocUnsafe(wanted);
    try {
      const count = wanted === 0 ? 0 : readSync(this.fd as number, chunk, 0, wanted, this.#position);
      if (this.#position !== null) this.#position += count;
      this.#left -= count;
      this.bytesRead += count;
      this.push(count === 0 ? null : chunk.subarray(0, count));
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const fd = this.fd;
    this.fd = null;
    if (fd === null || !this.#autoClose) callback(error);
    else
      attempt(
        () => closeSync(fd),
        (problem) => callback(error ?? problem),
      );
  }

  close(callback?: Callback): void {
    if (callback) this.once("close", callback);
    this.destroy();
  }
}

export class WriteStream extends Writable {
  readonly path: PathLike;
  fd: number | null;
  bytesWritten = 0;
  readonly #flags: string;
  readonly #mode: number;
  readonly #autoClose: boolean;
  #position: number | null;

  constructor(path: PathLike, given?: StreamOptions | BufferEncoding | null) {
    const options = optionsOf(given);
    super({ ...(options.encoding && { defaultEncoding: options.encoding }) });
    this.path = path;
    this.fd = options.fd ?? null;
    this.#flags = options.flags ?? "w";
    this.#mode = options.mode ?? 0o666;
    this.#autoClose = options.autoClose !== false;
    this.#position = options.start ?? null;
  }

  override _construct(callback: Callback): void {
    attempt(
      () => {
        this.fd ??= openSync(this.path, this.#flags, this.#mode);
      },
      (error) => {
        callback(error);
        if (!error) process.nextTick(() => this.emit("open", this.fd) && this.emit("ready"));
      },
    );
  }

  override _write(chunk: Buffer, _encoding: string, callback: Callback): void {
    attempt(() => {
      for (let done = 0; done < chunk.length; ) {
        const count = writeSync(this.fd as number, chunk, done, chunk.length - done, this.#position);
        done += count;
        this.bytesWritten += count;
        if (this.#position !== null) this.#position += count;
      }
    }, callback);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const fd = this.fd;
    this.fd = null;
    if (fd === null || !this.#autoClose) callback(error);
    else
      attempt(
        () => closeSync(fd),
        (problem) => callback(error ?? problem),
      );
  }

  close(callback?: Callback): void {
    if (callback) this.once("close", callback);
    this.end();
  }
}

export function createReadStream(path: PathLike, options?: StreamOptions | BufferEncoding): ReadStream {
  return new ReadStream(path, options);
}

export function createWriteStream(path: PathLike, options?: StreamOptions | BufferEncoding): WriteStream {
  return new WriteStream(path, options);
}
