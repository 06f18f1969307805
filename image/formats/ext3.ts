import type { FileHandle } from "node:fs/promises";
import { ImageError } from "../errors.ts";

/** The ext3 file system of the five card partitions (R12): made by mke2fs and debugfs, its allocation read by us. */

export interface Superblock {
  readonly blockSize: number;
  readonly blocks: number;
  readonly blocksPerGroup: number;
  readonly firstBlock: number;
  readonly freeBlocks: number;
  readonly freeInodes: number;
  readonly label: string;
}

const SUPERBLOCK_OFFSET = 1024;
const MAGIC = 0xef53;

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
    firstBlock: raw.readUInt32LE(0x14),
    blockSize: 1024 << raw.readUInt32LE(0x18),
    blocksPerGroup: raw.readUInt32LE(0x20),
    label: raw.toString("latin1", 0x78, 0x88).replace(/\0.*$/s, ""),
  };
}
