import { open } from "node:fs/promises";
import path from "node:path";
import { ImageError } from "./errors.ts";
import { deviceArgument, type Ext3Location } from "./formats/debugfs.ts";
import { readSuperblock } from "./formats/ext3.ts";
import { type Gpt, type GptPartition, readGpt } from "./formats/gpt.ts";
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
  const { offset } = await findPartition(image, label);
  const location = { file: path.resolve(image), offset };
  const handle = await open(image, "r");
  const superblock = await readSuperblock(handle, offset).finally(() => handle.close());
  if (superblock.needsRecovery)
    await runTool("e2fsck", { args: ["-p", deviceArgument(location)], accept: [CORRECTED] });
  return location;
}
