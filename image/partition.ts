import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ImageError } from "./errors.ts";
import type { Ext3Location } from "./formats/debugfs.ts";
import { readSuperblock } from "./formats/ext3.ts";
import { type Gpt, type GptPartition, readGpt } from "./formats/gpt.ts";
import { copyChanges, copyData } from "./formats/sparse.ts";
import { runTool } from "./tools.ts";

/** Finds the partitions of an existing card image by what its own table says, not by what layout.json would. */

/** Reads the partition table of a card image. */
export async function readCard(image: string): Promise<Gpt> {
  const handle = await open(image, "r").catch((cause: NodeJS.ErrnoException) => {
    throw new ImageError({
      code: "IMAGE_UNREADABLE",
      message: `can't open the image ${image}: ${cause.code}`,
      next: "check the path and its permissions",
      data: { image },
      cause,
    });
  });
  try {
    return await readGpt(handle, image);
  } finally {
    await handle.close();
  }
}

/** Finds a partition of a card image by its label. */
export async function findPartition(image: string, label: string): Promise<GptPartition> {
  const { partitions } = await readCard(image);
  const found = partitions.find((partition) => partition.label === label);
  if (found !== undefined) return found;
  throw new ImageError({
    code: "PARTITION_UNKNOWN",
    message: `${image} has no partition ${label}`,
    next: `it has: ${partitions.map((partition) => partition.label).join(", ")}`,
    data: { image, label },
  });
}

/** e2fsck's exit code when it has corrected something. */
const CORRECTED = 1;

/**
 * Where an ext3 partition of a card image lies. A card that was pulled from a running device has a journal to replay;
 * that is done first, as mounting it would do, or changes would be lost and files be missing.
 */
export async function openExt3(image: string, label: string): Promise<Ext3Location> {
  const partition = await findPartition(image, label);
  const handle = await open(image, "r");
  const superblock = await readSuperblock(handle, partition.offset).finally(() => handle.close());
  if (superblock.needsRecovery) await replayJournal(image, partition);
  return { file: path.resolve(image), offset: partition.offset };
}

/** e2fsck forgets the offset inside a file when it opens it again after the replay, so it works on a copy. */
async function replayJournal(image: string, partition: GptPartition): Promise<void> {
  const { offset, size } = partition;
  const work = await mkdtemp(path.join(tmpdir(), "gwcard-journal-"));
  const name = "partition.img";
  const [card, copy] = await Promise.all([open(image, "r+"), open(path.join(work, name), "w+")]);
  try {
    await copy.truncate(size);
    await copyData({ from: card, extents: [{ offset, length: size }], to: copy, at: -offset });
    await runTool("e2fsck", { args: ["-p", name], cwd: work, accept: [CORRECTED] });
    await copyChanges({ from: copy, to: card, at: offset, length: size });
  } finally {
    await Promise.all([card.close(), copy.close()]);
    await rm(work, { recursive: true, force: true });
  }
}
