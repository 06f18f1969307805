/** fs.Stats and fs.Dirent. */
import { constants } from "./constants.ts";

/** The values of native/fs.c's stat_values(), in its order. */
export type StatValues = readonly number[];

class FileKind {
  readonly #kind: number;
  constructor(kind: number) {
    this.#kind = kind;
  }
  isFile(): boolean {
    return this.#kind === constants.S_IFREG;
  }
  isDirectory(): boolean {
    return this.#kind === constants.S_IFDIR;
  }
  isSymbolicLink(): boolean {
    return this.#kind === constants.S_IFLNK;
  }
  isFIFO(): boolean {
    return this.#kind === constants.S_IFIFO;
  }
  isSocket(): boolean {
    return this.#kind === constants.S_IFSOCK;
  }
  isCharacterDevice(): boolean {
    return this.#kind === constants.S_IFCHR;
  }
  isBlockDevice(): boolean {
    return this.#kind === constants.S_IFBLK;
  }
}

export class Stats extends FileKind {
  readonly dev: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly blksize: number;
  readonly ino: number;
  readonly size: number;
  readonly blocks: number;
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly birthtimeMs: number;

  constructor(values: StatValues) {
    const at = (index: number): number => values[index] as number;
    super(at(1) & (constants.S_IFMT as number));
    this.dev = at(0);
    this.mode = at(1);
    this.nlink = at(2);
    this.uid = at(3);
    this.gid = at(4);
    this.rdev = at(5);
    this.blksize = at(6);
    this.ino = at(7);
    this.size = at(8);
    this.blocks = at(9);
    this.atimeMs = at(10);
    this.mtimeMs = at(11);
    this.ctimeMs = at(12);
    // Linux's stat(2) has no time of birth; the change of the inode is the nearest.
    this.birthtimeMs = at(12);
  }
  get atime(): Date {
    return new Date(this.atimeMs);
  }
  get mtime(): Date {
    return new Date(this.mtimeMs);
  }
  get ctime(): Date {
    return new Date(this.ctimeMs);
  }
  get birthtime(): Date {
    return new Date(this.birthtimeMs);
  }
}

export class Dirent extends FileKind {
  readonly name: string;
  readonly parentPath: string;
  readonly path: string;
  constructor(name: string, folder: string, kind: number) {
    super(kind);
    this.name = name;
    this.parentPath = folder;
    this.path = folder;
  }
}
