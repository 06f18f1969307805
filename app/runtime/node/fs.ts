/** node:fs: the synchronous calls, and callbacks around them that come in a later turn of the loop. */
import { constants } from "./fs/constants.ts";
import promises from "./fs/promises.ts";
import { Dirent, Stats } from "./fs/stats.ts";
import { createReadStream, createWriteStream, ReadStream, WriteStream } from "./fs/streams.ts";
import * as sync from "./fs/sync.ts";
import { invalidArgType } from "./node-error.ts";

type Callback = (error: Error | null, ...results: unknown[]) => void;
type AnyFunction = (...args: never[]) => unknown;

/** The callback form of a synchronous function: wrong arguments throw at once, system errors go to the callback. */
function withCallback(
  action: AnyFunction,
  results: (value: unknown, args: unknown[]) => unknown[] = (value) => [value],
) {
  return (...args: unknown[]): void => {
    const callback = args.pop();
    if (typeof callback !== "function") throw invalidArgType("cb", "function", callback);
    let outcome: [Error | null, ...unknown[]];
    try {
      outcome = [null, ...results((action as (...given: unknown[]) => unknown)(...args), args)];
    } catch (error) {
      if ((error as { syscall?: string }).syscall === undefined) throw error;
      outcome = [error as Error];
    }
    setImmediate(() => (callback as Callback)(...outcome));
  };
}

const nothing = () => [];
const withBuffer = (value: unknown, args: unknown[]) => [value, args[1]];

export const access = withCallback(sync.accessSync, nothing);
export const appendFile = withCallback(sync.appendFileSync, nothing);
export const chmod = withCallback(sync.chmodSync, nothing);
export const chown = withCallback(sync.chownSync, nothing);
export const close = withCallback(sync.closeSync, nothing);
export const copyFile = withCallback(sync.copyFileSync, nothing);
export const fstat = withCallback(sync.fstatSync);
export const fsync = withCallback(sync.fsyncSync, nothing);
export const fdatasync = withCallback(sync.fdatasyncSync, nothing);
export const ftruncate = withCallback(sync.ftruncateSync, nothing);
export const link = withCallback(sync.linkSync, nothing);
export const lstat = withCallback(sync.lstatSync);
export const mkdir = withCallback(sync.mkdirSync);
export const mkdtemp = withCallback(sync.mkdtempSync);
export const open = withCallback(sync.openSync);
export const read = withCallback(sync.readSync, withBuffer);
export const readFile = withCallback(sync.readFileSync);
export const readdir = withCallback(sync.readdirSync);
export const readlink = withCallback(sync.readlinkSync);
export const realpath = withCallback(sync.realpathSync);
export const rename = withCallback(sync.renameSync, nothing);
export const rm = withCallback(sync.rmSync, nothing);
export const rmdir = withCallback(sync.rmdirSync, nothing);
export const stat = withCallback(sync.statSync);
export const statfs = withCallback(sync.statfsSync);
export const symlink = withCallback(sync.symlinkSync, nothing);
export const truncate = withCallback(sync.truncateSync, nothing);
export const unlink = withCallback(sync.unlinkSync, nothing);
export const utimes = withCallback(sync.utimesSync, nothing);
export const write = withCallback(sync.writeSync, withBuffer);
export const writeFile = withCallback(sync.writeFileSync, nothing);

export function exists(path: sync.PathLike, callback: (found: boolean) => void): void {
  const found = sync.existsSync(path);
  setImmediate(() => callback(found));
}

export const { F_OK, R_OK, W_OK, X_OK } = constants;
export * from "./fs/sync.ts";
export { constants, createReadStream, createWriteStream, Dirent, promises, ReadStream, Stats, WriteStream };

const { pathText: _pathText, ...syncApi } = sync;
export default {
  ...syncApi,
  Dirent,
  F_OK,
  R_OK,
  ReadStream,
  Stats,
  W_OK,
  WriteStream,
  X_OK,
  access,
  appendFile,
  chmod,
  chown,
  close,
  constants,
  copyFile,
  createReadStream,
  createWriteStream,
  exists,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  promises,
  read,
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
  write,
  writeFile,
};
