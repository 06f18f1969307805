import { IsaError } from "./errors.ts";

const MAGIC = "070701";
const HEADER = 110;
const TYPE_MASK = 0o170000;
const REGULAR = 0o100000;

export interface CpioFile {
  readonly path: string;
  readonly data: Buffer;
}

export interface CpioItem extends CpioFile {
  /** Type and permission bits, as in stat(2). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a device node. */
  readonly device: readonly [major: number, minor: number];
}

export function isCpio(data: Buffer): boolean {
  return data.toString("latin1", 0, 6) === MAGIC;
}

/** Regular files of an archive as cpioItems() reads it. */
export function* cpioFiles(origin: string, archive: Buffer): Generator<CpioFile> {
  for (const item of cpioItems(origin, archive)) {
    // Of hard links only the last entry carries the bytes; the other names are the same program.
    if ((item.mode & TYPE_MASK) === REGULAR) yield item;
  }
}

/** Everything in an uncompressed newc archive, or in several in a row as the kernel accepts them. */
export function* cpioItems(origin: string, archive: Buffer): Generator<CpioItem> {
  for (let at = skipZeroes(archive, 0); at < archive.length; ) {
    if (archive.toString("latin1", at, at + 6) !== MAGIC) throw damaged(origin, at, "no newc header");
    const field = (index: number): number =>
      Number.parseInt(archive.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    const [mode, uid, gid, size, nameSize] = [field(1), field(2), field(3), field(6), field(11)];
    const dataAt = align(at + HEADER + nameSize);
    const end = dataAt + size;
    if (!(end <= archive.length)) throw damaged(origin, at, "an entry runs past the end");
    const path = archive.toString("utf8", at + HEADER, at + HEADER + nameSize - 1).replace(/^(\.?\/)*/, "/");
    if (path === "/TRAILER!!!") {
      at = skipZeroes(archive, end);
      continue;
    }
    yield { path, mode, uid, gid, device: [field(9), field(10)], data: archive.subarray(dataAt, end) };
    at = align(end);
  }
}

function align(offset: number): number {
  return (offset + 3) & ~3;
}

function skipZeroes(archive: Buffer, from: number): number {
  let at = from;
  while (at < archive.length && archive[at] === 0) at++;
  return at;
}

function damaged(origin: string, at: number, what: string): IsaError {
  return new IsaError({
    code: "ISA_BAD_FILE",
    where: `${origin} at byte ${at}`,
    what: `${what}: not a complete cpio archive (newc)`,
    cure: "Build the root filesystem again",
  });
}
