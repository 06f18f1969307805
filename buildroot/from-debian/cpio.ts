/** Writes the "newc" cpio format of the kernel's initramfs: owners and device nodes inside, no root needed. */

export interface CpioEntry {
  /** Absolute path on the card's root file system. */
  readonly path: string;
  /** Type and permission bits, as in stat(2). */
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Content of a file, target of a symbolic link. */
  readonly data?: Buffer;
  readonly device?: { readonly major: number; readonly minor: number };
}

export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
export const S_IFCHR = 0o020000;

const TRAILER = "TRAILER!!!";
/** Every time stamp in the archive: 2026-01-01, so that the same content gives the same bytes. */
const MTIME = 1767225600;

/** The archive: sorted by path (parents come first), with running inode numbers and one fixed time. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const parts = sorted.flatMap((entry, index) => record(entry, entry.path.replace(/^\//, ""), index + 1));
  return Buffer.concat([...parts, ...record({ path: TRAILER, mode: 0 }, TRAILER, 0)]);
}

function record(entry: CpioEntry, name: string, inode: number): Buffer[] {
  const data = entry.data ?? Buffer.alloc(0);
  const fields = [
    inode,
    entry.mode,
    entry.uid ?? 0,
    entry.gid ?? 0,
    (entry.mode & S_IFDIR) === S_IFDIR ? 2 : 1,
    inode === 0 ? 0 : MTIME,
    data.length,
    0,
    0,
    entry.device?.major ?? 0,
    entry.device?.minor ?? 0,
    Buffer.byteLength(name) + 1,
    0,
  ];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return [padded(Buffer.from(header)), padded(data)];
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}
