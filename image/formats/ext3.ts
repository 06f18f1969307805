import { type FileHandle, open, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ContentEntry } from "../contents.ts";
import { ImageError } from "../errors.ts";
import type { Ext3Settings } from "../layout.ts";
import { runTool } from "../tools.ts";
import { createCommands, debugfs } from "./debugfs.ts";
import { BLOCK, type Extent, mergeExtents, readFully } from "./sparse.ts";

/** The ext3 file system of the five card partitions (R12): made by mke2fs and debugfs, its allocation read by us. */

/**
 * Plain ext3: a journal, hashed directories, types in directory entries, and nothing that a kernel, e2fsck or GRUB of
 * the last fifteen years would not know. Named one by one, so that the host's mke2fs.conf has no say.
 */
const FEATURES = "none,has_journal,ext_attr,dir_index,filetype,sparse_super,large_file";
/** 256 bytes hold time stamps beyond 2038; ext3's classic 128 do not. */
export const INODE_SIZE = 256;
/** The types mke2fs derives from a partition's size must exist, or it warns; empty, they change nothing. */
const FS_TYPES = ["ext3", "floppy", "small", "default", "big", "huge"];
const MKE2FS_CONFIG = `[defaults]\n\tbase_features = none\n[fs_types]\n${FS_TYPES.map((type) => `\t${type} = {\n\t}\n`).join("")}`;

/**
 * Makes a partition image. mke2fs' own -d takes files in the order the host's folder happens to list them and copies
 * host time stamps, so the tree is written by debugfs, in sorted order and at a fixed time.
 */
export async function makeExt3(options: {
  readonly file: string;
  readonly size: number;
  readonly label: string;
  readonly settings: Ext3Settings;
  readonly entries: readonly ContentEntry[];
  readonly time: number;
  /** A folder for this partition alone; `file` is in it, and the tools run there, so that no host path can confuse them. */
  readonly work: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { file, settings, work, signal } = options;
  const config = "mke2fs.conf";
  await writeFile(path.join(work, config), MKE2FS_CONFIG);
  await writeFile(file, "");
  await truncate(file, options.size);
  const geometry = ["-b", `${BLOCK}`, "-I", `${INODE_SIZE}`, "-N", `${settings.inodes}`, "-m", "0"];
  const journal = ["-J", `size=${settings.journalSize / 1024 ** 2}`];
  const identity = ["-L", options.label, "-U", settings.uuid];
  const extended = `hash_seed=${settings.uuid},root_owner=0:0,nodiscard`;
  await runTool("mke2fs", {
    args: [
      "-q",
      "-F",
      "-t",
      "ext3",
      "-O",
      FEATURES,
      ...geometry,
      ...journal,
      ...identity,
      "-e",
      "remount-ro",
      "-E",
      extended,
      path.basename(file),
    ],
    env: { E2FSPROGS_FAKE_TIME: `${options.time}`, MKE2FS_CONFIG: config },
    cwd: work,
    signal,
  });
  await checkRoom(options);
  const commands: string[] = [];
  for (const [index, entry] of options.entries.entries()) {
    const { source, ...plain } = entry;
    if (source === undefined) commands.push(...createCommands(plain));
    else {
      // debugfs' command language has no escapes for odd host paths, so it reads through a plainly named link.
      await symlink(path.resolve(source), path.join(work, `${index}`));
      commands.push(...createCommands({ ...plain, source: `${index}` }));
    }
  }
  await debugfs({
    location: { file: path.basename(file), offset: 0 },
    commands,
    write: true,
    cwd: work,
    time: options.time,
    signal,
  });
}

async function checkRoom(options: {
  readonly file: string;
  readonly label: string;
  readonly entries: readonly ContentEntry[];
}): Promise<void> {
  const handle = await open(options.file, "r");
  try {
    const free = await readSuperblock(handle, 0);
    const bytes = options.entries.reduce((sum, entry) => sum + entry.size, 0);
    if (
      neededBlocks(bytes, options.entries.length) <= free.freeBlocks &&
      options.entries.length <= free.freeInodes
    )
      return;
    throw new ImageError({
      code: "PARTITION_FULL",
      message:
        `${options.label} has room for ${free.freeBlocks * free.blockSize} bytes in ${free.freeInodes} files, ` +
        `but ${bytes} bytes in ${options.entries.length} files shall go there`,
      next: `make ${options.label} bigger in partitions/layout.json, or what goes on it smaller`,
      data: { label: options.label, bytes, free: free.freeBlocks * free.blockSize },
    });
  } finally {
    await handle.close();
  }
}

/** Upper bound of the blocks that so many bytes in so many files take, with indirect and directory blocks. */
export function neededBlocks(bytes: number, entries: number): number {
  const addressesPerBlock = BLOCK / 4;
  return Math.ceil(bytes / BLOCK) + Math.ceil(bytes / (BLOCK * addressesPerBlock)) + 4 * entries;
}

export interface Superblock {
  readonly blockSize: number;
  readonly blocks: number;
  readonly blocksPerGroup: number;
  readonly freeBlocks: number;
  readonly freeInodes: number;
  /** Not unmounted: the journal holds changes. */
  readonly needsRecovery: boolean;
}

const SUPERBLOCK_OFFSET = 1024;
const MAGIC = 0xef53;
const FEATURE_INCOMPAT_RECOVER = 4;
const DESCRIPTOR_SIZE = 32;

/** Reads the superblock of the file system that starts `offset` bytes into an open file. */
export async function readSuperblock(file: FileHandle, offset: number): Promise<Superblock> {
  const raw = Buffer.alloc(1024);
  await file.read(raw, 0, raw.length, offset + SUPERBLOCK_OFFSET);
  if (raw.readUInt16LE(0x38) !== MAGIC)
    throw new ImageError({
      code: "NOT_EXT3",
      message: `there is no ext3 file system at byte ${offset}`,
      next: "make the image anew with `gwcard build`",
      data: { offset },
    });
  return {
    blocks: raw.readUInt32LE(0x04),
    freeBlocks: raw.readUInt32LE(0x0c),
    freeInodes: raw.readUInt32LE(0x10),
    blockSize: 1024 << raw.readUInt32LE(0x18),
    blocksPerGroup: raw.readUInt32LE(0x20),
    needsRecovery: (raw.readUInt32LE(0x60) & FEATURE_INCOMPAT_RECOVER) !== 0,
  };
}

/**
 * The blocks in use, from the block bitmaps. More than the blocks that hold data: an empty journal and unused inode
 * tables are zeros that must reach the card all the same, or a used card's old ones would show through.
 */
export async function ext3UsedExtents(file: FileHandle): Promise<Extent[]> {
  const { blocks, blocksPerGroup, blockSize } = await readSuperblock(file, 0);
  const groups = Math.ceil(blocks / blocksPerGroup);
  const descriptors = Buffer.alloc(groups * DESCRIPTOR_SIZE);
  // With 4 KiB blocks the superblock lies in block 0 and the descriptors follow in block 1.
  await readFully(file, descriptors, blockSize);
  const used: Extent[] = [];
  const bitmap = Buffer.alloc(blockSize);
  for (let group = 0; group < groups; group++) {
    await readFully(file, bitmap, descriptors.readUInt32LE(group * DESCRIPTOR_SIZE) * blockSize);
    const first = group * blocksPerGroup;
    const count = Math.min(blocksPerGroup, blocks - first);
    for (let index = 0; index < count; ) {
      if (bitmap[index >> 3] === 0 && (index & 7) === 0) {
        index += 8;
        continue;
      }
      if (((bitmap[index >> 3] as number) >> (index & 7)) & 1)
        used.push({ offset: (first + index) * blockSize, length: blockSize });
      index++;
    }
  }
  return mergeExtents(used);
}
