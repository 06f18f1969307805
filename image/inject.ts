import { mkdtemp, open, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ImageError } from "./errors.ts";
import { dumpFile } from "./extract.ts";
import {
  ancestors,
  checkCardPath,
  createCommands,
  debugfs,
  type Ext3Entry,
  type Ext3Location,
  ownershipCommands,
  statPaths,
} from "./formats/debugfs.ts";
import { neededBlocks, readSuperblock } from "./formats/ext3.ts";
import { CARD_EPOCH } from "./layout.ts";
import { openExt3 } from "./partition.ts";

export { extractFiles, listFiles } from "./extract.ts";
export { findPartition, readCard } from "./partition.ts";

/** Puts files on the ext3 partitions of an existing card image, without root, loop devices or a mount. */

export interface FileToInject {
  /** Absolute path inside the partition, for example `/app/Core/config/transfer/opc_ua/client/OpcUaClientSettings-0.json`. */
  readonly path: string;
  /** The content itself, or … */
  readonly content?: string | Uint8Array;
  /** … a host file that holds it. Exactly one of the two. */
  readonly from?: string;
  /** Default 0o644. */
  readonly mode?: number;
  /** Default 0. */
  readonly uid?: number;
  readonly gid?: number;
}

export interface DirectoryToInject {
  readonly path: string;
  /** Default 0o755; an existing directory gets it too. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface InjectOptions {
  /** An unpacked card image; changed in place. */
  readonly image: string;
  /** Partition label, for example `HW-IDS`. */
  readonly partition: string;
  /** Existing files are replaced; missing parent directories are made (root, 0755). */
  readonly files?: readonly FileToInject[];
  readonly directories?: readonly DirectoryToInject[];
  /** Files to delete first; it is no error when one is absent. */
  readonly remove?: readonly string[];
  /** Time stamp of everything written, seconds since 1970; default the card's fixed one, so results are reproducible. */
  readonly time?: number;
}

/** Puts files on an ext3 partition of a card image and reads them back to be sure. */
export async function injectFiles(options: InjectOptions): Promise<void> {
  const location = await openExt3(options.image, options.partition);
  const files = options.files ?? [];
  const directories = (options.directories ?? []).map(
    (entry): Ext3Entry => ({ ...withDefaults(entry, 0o755), kind: "directory" }),
  );
  const remove = options.remove ?? [];
  for (const entry of [...files, ...directories]) checkCardPath(entry.path);
  for (const cardPath of remove) checkCardPath(cardPath);

  const work = await mkdtemp(path.join(tmpdir(), "gwcard-inject-"));
  try {
    const staged: Ext3Entry[] = [];
    let bytes = 0;
    for (const [index, file] of files.entries()) {
      const { source, size } = await stage(file, path.join(work, String(index)));
      staged.push({ ...withDefaults(file, 0o644), kind: "file", source });
      bytes += size;
    }
    await checkRoom({
      location,
      partition: options.partition,
      bytes,
      inodes: files.length + directories.length,
    });
    const commands = await planCommands({ location, files: staged, directories, remove });
    const time = options.time ?? CARD_EPOCH;
    await debugfs({ location, commands, write: true, time, cwd: work });
    await verify({ location, entries: [...staged, ...directories], work });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function withDefaults(
  entry: { readonly path: string; readonly mode?: number; readonly uid?: number; readonly gid?: number },
  mode: number,
): Omit<Ext3Entry, "kind"> {
  return { path: entry.path, mode: entry.mode ?? mode, uid: entry.uid ?? 0, gid: entry.gid ?? 0 };
}

async function stage(file: FileToInject, work: string): Promise<{ source: string; size: number }> {
  if ((file.content === undefined) === (file.from === undefined))
    throw new ImageError({
      code: "INJECT_SOURCE",
      message: `${file.path}: exactly one of content and from is needed`,
      next: "give the content itself or the file that holds it",
      data: { path: file.path },
    });
  if (file.content !== undefined) {
    await writeFile(work, file.content);
    return { source: path.basename(work), size: Buffer.byteLength(file.content) };
  }
  const from = file.from as string;
  const info = await stat(from).catch((cause: NodeJS.ErrnoException) => {
    throw new ImageError({
      code: "INJECT_SOURCE",
      message: `can't read ${from} for ${file.path}: ${cause.code}`,
      next: "check the path and its permissions",
      data: { path: file.path, from },
      cause,
    });
  });
  // Through a link with a plain name: debugfs' command language has no escapes for odd host paths.
  await symlink(path.resolve(from), work);
  return { source: path.basename(work), size: info.size };
}

/** Refuses before anything is written when it can't fit: a half-filled partition helps nobody. */
async function checkRoom(options: {
  readonly location: Ext3Location;
  readonly partition: string;
  readonly bytes: number;
  readonly inodes: number;
}): Promise<void> {
  const handle = await open(options.location.file, "r");
  try {
    const superblock = await readSuperblock(handle, options.location.offset);
    const wanted = neededBlocks(options.bytes, options.inodes);
    if (wanted <= superblock.freeBlocks && options.inodes <= superblock.freeInodes) return;
    throw new ImageError({
      code: "PARTITION_FULL",
      message: `${options.partition} has no room for ${options.bytes} bytes in ${options.inodes} files`,
      next: `it has ${superblock.freeBlocks * superblock.blockSize} bytes and ${superblock.freeInodes} files free; put less on it`,
      data: { ...options, location: undefined, free: superblock.freeBlocks * superblock.blockSize },
    });
  } finally {
    await handle.close();
  }
}

async function planCommands(options: {
  readonly location: Ext3Location;
  readonly files: readonly Ext3Entry[];
  readonly directories: readonly Ext3Entry[];
  readonly remove: readonly string[];
}): Promise<string[]> {
  const entries = [...options.directories, ...options.files];
  const parents = entries.flatMap((entry) => ancestors(entry.path));
  const every = new Set([...parents, ...entries.map((entry) => entry.path), ...options.remove]);
  const present = await statPaths(options.location, [...every]);
  const commands: string[] = [];
  const removed = new Set<string>();
  const remove = (cardPath: string): void => {
    if (removed.has(cardPath) || !present.has(cardPath)) return;
    if (present.get(cardPath)?.kind === "directory") throw wrongKind(cardPath, "a directory, not a file");
    commands.push(`rm "${cardPath}"`);
    removed.add(cardPath);
  };
  for (const cardPath of options.remove) remove(cardPath);

  const made = new Set<string>();
  const makeDirectory = (entry: Ext3Entry): void => {
    if (made.has(entry.path)) return;
    const existing = present.get(entry.path);
    if (existing !== undefined && existing.kind !== "directory")
      throw wrongKind(entry.path, "not a directory");
    if (existing === undefined) commands.push(...createCommands(entry));
    made.add(entry.path);
  };
  const given = new Map(options.directories.map((entry) => [entry.path, entry]));
  for (const entry of entries) {
    for (const parent of ancestors(entry.path))
      makeDirectory(given.get(parent) ?? { path: parent, kind: "directory", mode: 0o755, uid: 0, gid: 0 });
    if (entry.kind === "directory") {
      makeDirectory(entry);
      if (present.has(entry.path)) commands.push(...ownershipCommands(entry));
    } else {
      remove(entry.path);
      commands.push(...createCommands(entry));
    }
  }
  return commands;
}

function wrongKind(cardPath: string, what: string): ImageError {
  return new ImageError({
    code: "CARD_PATH_KIND",
    message: `${cardPath} exists on the card and is ${what}`,
    next: "choose another path",
    data: { path: cardPath },
  });
}

/** debugfs reports little, so what was written is read back. */
async function verify(options: {
  readonly location: Ext3Location;
  readonly entries: readonly Ext3Entry[];
  readonly work: string;
}): Promise<void> {
  const present = await statPaths(
    options.location,
    options.entries.map((entry) => entry.path),
  );
  for (const entry of options.entries) {
    const now = present.get(entry.path);
    const same =
      now?.kind === entry.kind && now.mode === entry.mode && now.uid === entry.uid && now.gid === entry.gid;
    const content =
      same && (entry.source === undefined || (await sameContent(options, entry.path, entry.source)));
    if (content) continue;
    throw new ImageError({
      code: "INJECT_NOT_WRITTEN",
      message: `${entry.path} reads back differently from what was written`,
      next: "check the image with e2fsck, or make it anew with `gwcard build`",
      data: { path: entry.path, found: now },
    });
  }
}

async function sameContent(
  options: { readonly location: Ext3Location; readonly work: string },
  cardPath: string,
  source: string,
): Promise<boolean> {
  const hostFile = path.join(options.work, "read-back");
  await dumpFile({ location: options.location, cardPath, hostFile });
  const [written, read] = await Promise.all([readFile(path.join(options.work, source)), readFile(hostFile)]);
  return written.equals(read);
}
