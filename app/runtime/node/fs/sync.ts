/** The synchronous half of node:fs, over `native/fs.c`. */
import { native } from "../../binding.ts";
import { Buffer } from "../buffer.ts";
import { invalidArgType, invalidArgValue, validateInteger } from "../node-error.ts";
import { checkFd, io } from "./bytes.ts";
import { constants, flagsOf, modeOf } from "./constants.ts";
import { Dirent, Stats, type StatValues } from "./stats.ts";

export { readSync, writeSync } from "./bytes.ts";

interface FsBinding {
  stat(path: string, quiet: boolean): StatValues | undefined;
  lstat(path: string, quiet: boolean): StatValues | undefined;
  fstat(fd: number): StatValues;
  readdir(path: string): (string | number)[];
  mkdir(path: string, mode: number): void;
  rmdir(path: string): void;
  unlink(path: string): void;
  access(path: string, mode: number): void;
  chmod(path: string, mode: number): void;
  chown(path: string, uid: number, gid: number): void;
  utimes(path: string, accessed: number, modified: number): void;
  rename(from: string, to: string): void;
  link(from: string, to: string): void;
  symlink(target: string, path: string): void;
  readlink(path: string): string;
  realpath(path: string): string;
  mkdtemp(prefix: string): string;
  statfs(path: string): number[];
}

const binding = native("fs") as FsBinding;

export type PathLike = string | Uint8Array | URL;
type Encoding = string | null | undefined;
type EncodingOptions = Encoding | { encoding?: Encoding; flag?: string | number; mode?: number | string };

export function pathText(path: unknown, name = "path"): string {
  let text: string;
  if (typeof path === "string") text = path;
  else if (path instanceof Uint8Array) text = Buffer.from(path).toString("utf8");
  else if (path instanceof URL) text = decodeURIComponent(path.pathname);
  else throw invalidArgType(name, ["string", "Buffer", "URL"], path);
  if (text.includes("\0")) {
    throw invalidArgValue(name, path, "must be a string, Uint8Array, or URL without null bytes");
  }
  return text;
}

function encodingOf(options: EncodingOptions): Encoding {
  const encoding = typeof options === "object" && options !== null ? options.encoding : options;
  if (encoding && encoding !== "buffer" && !Buffer.isEncoding(encoding)) {
    throw invalidArgValue("encoding", encoding, "is invalid encoding");
  }
  return encoding;
}

function optionsOf<T extends object>(
  options: EncodingOptions | T,
): Partial<T> & { flag?: string | number; mode?: number | string } {
  return (typeof options === "object" && options !== null ? options : {}) as Partial<T>;
}

export function openSync(path: PathLike, flags?: string | number, mode?: number | string): number {
  return io.open(pathText(path), flagsOf(flags), modeOf(mode, 0o666));
}

export function closeSync(fd: number): void {
  checkFd(fd);
  io.close(fd);
}

/** Runs an action on a path's descriptor, or on the descriptor that was given. */
function withFile<T>(
  file: PathLike | number,
  flags: string | number,
  mode: number | string | undefined,
  action: (fd: number) => T,
): T {
  if (typeof file === "number") return action(file);
  const fd = openSync(file, flags, mode);
  try {
    return action(fd);
  } finally {
    closeSync(fd);
  }
}

export function readFileSync(file: PathLike | number, options?: EncodingOptions): Buffer | string {
  const encoding = encodingOf(options);
  const { flag } = optionsOf(options);
  const bytes = withFile(file, flag ?? "r", 0o666, (fd) => io.readAll(fd));
  return encoding && encoding !== "buffer" ? bytes.toString(encoding as BufferEncoding) : bytes;
}

interface WriteFileOptions {
  flush?: boolean;
}

export function writeFileSync(
  file: PathLike | number,
  data: string | ArrayBufferView,
  options?: EncodingOptions | WriteFileOptions,
): void {
  const encoding = encodingOf(options as EncodingOptions);
  const { flag, mode, flush } = optionsOf<WriteFileOptions>(options as WriteFileOptions);
  let bytes: ArrayBufferView;
  if (typeof data === "string") bytes = Buffer.from(data, (encoding ?? "utf8") as BufferEncoding);
  else if (ArrayBuffer.isView(data)) bytes = data;
  else throw invalidArgType("data", ["string", "Buffer", "TypedArray", "DataView"], data);
  withFile(file, flag ?? "w", mode, (fd) => {
    let done = 0;
    while (done < bytes.byteLength) done += io.write(fd, bytes, done, bytes.byteLength - done, null);
    if (flush) io.fsync(fd);
  });
}

export function appendFileSync(
  file: PathLike | number,
  data: string | ArrayBufferView,
  options?: EncodingOptions,
): void {
  const given = typeof options === "string" ? { encoding: options } : (options ?? {});
  writeFileSync(file, data, { flag: "a", ...given });
}

interface StatOptions {
  throwIfNoEntry?: boolean;
}

function statsOf(values: StatValues | undefined): Stats | undefined {
  return values === undefined ? undefined : new Stats(values);
}

export function statSync(path: PathLike, options: StatOptions = {}): Stats | undefined {
  return statsOf(binding.stat(pathText(path), options.throwIfNoEntry === false));
}

export function lstatSync(path: PathLike, options: StatOptions = {}): Stats | undefined {
  return statsOf(binding.lstat(pathText(path), options.throwIfNoEntry === false));
}

export function fstatSync(fd: number): Stats {
  checkFd(fd);
  return new Stats(binding.fstat(fd));
}

export function existsSync(path: PathLike): boolean {
  try {
    binding.access(pathText(path), constants.F_OK as number);
    return true;
  } catch {
    return false;
  }
}

export function accessSync(path: PathLike, mode: number = constants.F_OK as number): void {
  binding.access(pathText(path), mode);
}

interface ReaddirOptions {
  withFileTypes?: boolean;
  recursive?: boolean;
}

/** d_type of readdir(3) to the bits of st_mode. */
function kindOf(type: number, path: string): number {
  if (type !== 0) return type << 12;
  const mode = binding.lstat(path, true)?.[1] ?? 0;
  return mode & (constants.S_IFMT as number);
}

export function readdirSync(path: PathLike, options?: string | null | ReaddirOptions): (string | Dirent)[] {
  const folder = pathText(path);
  const { withFileTypes = false, recursive = false } =
    typeof options === "object" && options !== null ? options : {};
  const result: (string | Dirent)[] = [];
  const visit = (current: string, prefix: string) => {
    const entries = binding.readdir(current);
    for (let at = 0; at < entries.length; at += 2) {
      const name = entries[at] as string;
      const kind = withFileTypes || recursive ? kindOf(entries[at + 1] as number, `${current}/${name}`) : 0;
      result.push(withFileTypes ? new Dirent(name, current, kind) : prefix + name);
      if (recursive && kind === constants.S_IFDIR) visit(`${current}/${name}`, `${prefix}${name}/`);
    }
  };
  visit(folder, "");
  return result;
}

export function mkdirSync(
  path: PathLike,
  options?: number | string | null | { recursive?: boolean; mode?: number | string },
): string | undefined {
  const folder = pathText(path);
  const { recursive = false, mode } =
    typeof options === "object" && options !== null ? options : { mode: options ?? undefined };
  const bits = modeOf(mode, 0o777);
  if (!recursive) {
    binding.mkdir(folder, bits);
    return undefined;
  }
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const parent = folder.replace(/\/+$/, "").replace(/\/*[^/]*$/, "");
  const first = parent !== "" && parent !== folder ? mkdirSync(parent, { recursive, mode: bits }) : undefined;
  binding.mkdir(folder, bits);
  return first ?? folder;
}

export function rmdirSync(path: PathLike): void {
  binding.rmdir(pathText(path));
}

export function unlinkSync(path: PathLike): void {
  binding.unlink(pathText(path));
}

export function rmSync(path: PathLike, options: { recursive?: boolean; force?: boolean } = {}): void {
  const target = pathText(path);
  const stats = lstatSync(target, { throwIfNoEntry: !options.force });
  if (stats === undefined) return;
  if (!stats.isDirectory()) {
    binding.unlink(target);
    return;
  }
  if (!options.recursive) {
    const error = new Error(`Path is a directory: rm returned EISDIR (is a directory) ${target}`);
    error.name = "SystemError";
    throw Object.assign(error, { code: "ERR_FS_EISDIR", errno: 21, syscall: "rm", path: target });
  }
  for (const name of readdirSync(target)) rmSync(`${target}/${name}`, options);
  binding.rmdir(target);
}

export function renameSync(from: PathLike, to: PathLike): void {
  binding.rename(pathText(from, "oldPath"), pathText(to, "newPath"));
}

export function linkSync(from: PathLike, to: PathLike): void {
  binding.link(pathText(from, "existingPath"), pathText(to, "newPath"));
}

export function symlinkSync(target: PathLike, path: PathLike): void {
  binding.symlink(pathText(target, "target"), pathText(path));
}

export function readlinkSync(path: PathLike): string {
  return binding.readlink(pathText(path));
}

export function realpathSync(path: PathLike): string {
  return binding.realpath(pathText(path));
}
realpathSync.native = realpathSync;

export function mkdtempSync(prefix: string): string {
  return binding.mkdtemp(pathText(prefix, "prefix"));
}

export function copyFileSync(from: PathLike, to: PathLike, mode = 0): void {
  const [source, target] = [pathText(from, "src"), pathText(to, "dest")];
  try {
    const fd = openSync(source, "r");
    try {
      const flag = (mode & constants.COPYFILE_EXCL) !== 0 ? "wx" : "w";
      writeFileSync(target, io.readAll(fd), { flag, mode: fstatSync(fd).mode & 0o777 });
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // Told as one call that has two paths.
    const { message } = error as Error;
    const text = message.slice(0, message.indexOf(", "));
    throw Object.assign(error as Error, {
      message: `${text}, copyfile '${source}' -> '${target}'`,
      syscall: "copyfile",
      path: source,
      dest: target,
    });
  }
}

export function chmodSync(path: PathLike, mode: number | string): void {
  binding.chmod(pathText(path), modeOf(mode, 0));
}

export function chownSync(path: PathLike, uid: number, gid: number): void {
  const text = pathText(path);
  validateInteger(uid, "uid", -1, 2 ** 32 - 1);
  validateInteger(gid, "gid", -1, 2 ** 32 - 1);
  binding.chown(text, uid, gid);
}

function secondsOf(time: number | string | Date): number {
  return time instanceof Date ? time.getTime() / 1000 : Number(time);
}

export function utimesSync(
  path: PathLike,
  accessed: number | string | Date,
  modified: number | string | Date,
): void {
  binding.utimes(pathText(path), secondsOf(accessed), secondsOf(modified));
}

export function ftruncateSync(fd: number, length = 0): void {
  checkFd(fd);
  io.ftruncate(fd, length);
}

export function truncateSync(path: PathLike, length = 0): void {
  withFile(path, "r+", undefined, (fd) => io.ftruncate(fd, length));
}

export function fsyncSync(fd: number): void {
  checkFd(fd);
  io.fsync(fd);
}

export function fdatasyncSync(fd: number): void {
  checkFd(fd);
  io.fdatasync(fd);
}

export function statfsSync(path: PathLike) {
  const [type, bsize, blocks, bfree, bavail, files, ffree] = binding.statfs(pathText(path));
  return { type, bsize, blocks, bfree, bavail, files, ffree };
}
