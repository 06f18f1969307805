/**
 * node:fs/promises. The work is done at once and the promise settles in a later turn of the loop: the card's files are
 * small and read at start, a thread per call would cost more than it saves.
 */
import { Buffer } from "../buffer.ts";
import { constants } from "./constants.ts";
import type { Stats } from "./stats.ts";
import * as sync from "./sync.ts";

type AnyFunction = (...args: never[]) => unknown;

/** A synchronous function as one that returns a promise. */
function later<T extends AnyFunction>(action: T): (...args: Parameters<T>) => Promise<ReturnType<T>> {
  return (...args) =>
    new Promise((resolve, reject) => {
      let settle: () => void;
      try {
        const result = action(...args) as ReturnType<T>;
        settle = () => resolve(result);
      } catch (error) {
        settle = () => reject(error);
      }
      setImmediate(settle);
    });
}

export class FileHandle {
  readonly #fd: number;
  constructor(fd: number) {
    this.#fd = fd;
  }
  get fd(): number {
    return this.#fd;
  }
  stat(): Promise<Stats> {
    return later(sync.fstatSync)(this.#fd);
  }
  async read(buffer: Buffer = Buffer.alloc(16384), offset = 0, length?: number, position?: number | null) {
    const bytesRead = await later(sync.readSync)(
      this.#fd,
      buffer,
      offset,
      length ?? buffer.length - offset,
      position ?? null,
    );
    return { bytesRead, buffer };
  }
  async write(
    data: string | Buffer,
    offset?: number | null,
    length?: number | string | null,
    position?: number | null,
  ) {
    const bytesWritten = await later(sync.writeSync)(this.#fd, data, offset, length, position);
    return { bytesWritten, buffer: data };
  }
  readFile(options?: Parameters<typeof sync.readFileSync>[1]) {
    return later(sync.readFileSync)(this.#fd, options);
  }
  writeFile(data: string | Buffer, options?: Parameters<typeof sync.writeFileSync>[2]) {
    return later(sync.writeFileSync)(this.#fd, data, options);
  }
  truncate(length?: number) {
    return later(sync.ftruncateSync)(this.#fd, length);
  }
  sync() {
    return later(sync.fsyncSync)(this.#fd);
  }
  datasync() {
    return later(sync.fdatasyncSync)(this.#fd);
  }
  close() {
    return later(sync.closeSync)(this.#fd);
  }
}

const openLater = later(sync.openSync);
export async function open(...args: Parameters<typeof sync.openSync>): Promise<FileHandle> {
  return new FileHandle(await openLater(...args));
}

export const access = later(sync.accessSync);
export const appendFile = later(sync.appendFileSync);
export const chmod = later(sync.chmodSync);
export const chown = later(sync.chownSync);
export const copyFile = later(sync.copyFileSync);
export const link = later(sync.linkSync);
export const lstat = later(sync.lstatSync);
export const mkdir = later(sync.mkdirSync);
export const mkdtemp = later(sync.mkdtempSync);
export const readFile = later(sync.readFileSync);
export const readdir = later(sync.readdirSync);
export const readlink = later(sync.readlinkSync);
export const realpath = later(sync.realpathSync);
export const rename = later(sync.renameSync);
export const rm = later(sync.rmSync);
export const rmdir = later(sync.rmdirSync);
export const stat = later(sync.statSync);
export const statfs = later(sync.statfsSync);
export const symlink = later(sync.symlinkSync);
export const truncate = later(sync.truncateSync);
export const unlink = later(sync.unlinkSync);
export const utimes = later(sync.utimesSync);
export const writeFile = later(sync.writeFileSync);
export { constants };

export default {
  FileHandle,
  access,
  appendFile,
  chmod,
  chown,
  constants,
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
};
