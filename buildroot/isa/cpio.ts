import { IsaError } from "./errors.ts";

const MAGIC = "070701";
const HEADER = 110;
const TYPE_MASK = 0o170000;
const REGULAR = 0o100000;

export interface CpioFile {
  readonly path: string;
  readonly data: Buffer;
}

export function isCpio(data: Buffer): boolean {
  return data.toString("latin1", 0, 6) === MAGIC;
}

/** Regular files of an uncompressed newc archive, or of several in a row as the kernel accepts them. */
export function* cpioFiles(origin: string, archive: Buffer): Generator<CpioFile> {
  for (let at = skipZeroes(archive, 0); at < archive.length; ) {
    if (archive.toString("latin1", at, at + 6) !== MAGIC) throw damaged(origin, at, "no newc header");
    const field = (index: number): number =>
      Number.parseInt(archive.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const dataAt = align(at + HEADER + nameSize);
    const end = dataAt + size;
    if (!(end <= archive.length)) throw damaged(origin, at, "an entry runs past the end");
    const path = archive.toString("utf8", at + HEADER, at + HEADER + nameSize - 1).replace(/^(\.?\/)*/, "/");
    if (path === "/TRAILER!!!") {
      at = skipZeroes(archive, end);
      continue;
    }
    if ((mode & TYPE_MASK) === REGULAR) {
      // Of hard links only the last entry carries the bytes; the other names are the same program.
      yield { path, data: archive.subarray(dataAt, end) };
    }
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
