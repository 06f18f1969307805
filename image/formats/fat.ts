import { type FileHandle, open, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ContentEntry } from "../contents.ts";
import { ImageError } from "../errors.ts";
import type { Fat32Settings } from "../layout.ts";
import { runTool } from "../tools.ts";
import { SECTOR } from "./gpt.ts";
import { type Extent, mergeExtents, readFully } from "./sparse.ts";

/** The EFI system partition: FAT32, made by mkfs.vfat and mtools, its allocation read by us. */

const FREE_CLUSTER = 0;
const CLUSTER_MASK = 0x0fffffff;

/** Makes a FAT32 partition image. */
export async function makeFat32(options: {
  readonly file: string;
  readonly size: number;
  /** Where the partition starts on the card, bytes: FAT stores it. */
  readonly offset: number;
  readonly label: string;
  readonly settings: Fat32Settings;
  readonly entries: readonly ContentEntry[];
  readonly time: number;
  /** The folder of `file`; the tools run there, so that no host path can confuse them. */
  readonly work: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { file, signal, work: cwd } = options;
  await writeFile(file, "");
  await truncate(file, options.size);
  const geometry = ["-F", "32", "-S", `${SECTOR}`, "-s", "1", "-f", "2", "-h", `${options.offset / SECTOR}`];
  const identity = ["--invariant", "-i", options.settings.volumeId, "-n", options.label];
  await runTool("mkfs.vfat", { args: [...geometry, ...identity, path.basename(file)], cwd, signal });
  await checkRoom(options);
  // The user's own mtools settings could rename or refuse; SOURCE_DATE_EPOCH sets the time stamps.
  const env = { MTOOLSRC: "/dev/null", SOURCE_DATE_EPOCH: `${options.time}` };
  const image = ["-i", path.basename(file)];
  for (const [index, entry] of options.entries.entries()) {
    const target = `::${entry.path}`;
    if (entry.source === undefined) {
      await runTool("mmd", { args: [...image, target], env, cwd, signal });
      continue;
    }
    await symlink(path.resolve(entry.source), path.join(cwd, `${index}`));
    await runTool("mcopy", { args: [...image, `${index}`, target], env, cwd, signal });
  }
}

async function checkRoom(options: {
  readonly file: string;
  readonly label: string;
  readonly entries: readonly ContentEntry[];
}): Promise<void> {
  const handle = await open(options.file, "r");
  try {
    const { dataOffset, clusterSize, clusters } = await readFat(handle);
    const wanted = options.entries.reduce((sum, entry) => sum + Math.ceil(entry.size / clusterSize) + 2, 0);
    if (wanted <= clusters) return;
    const bytes = options.entries.reduce((sum, entry) => sum + entry.size, 0);
    throw new ImageError({
      code: "PARTITION_FULL",
      message: `${options.label} has room for ${clusters * clusterSize} bytes, but ${bytes} bytes shall go there`,
      next: `make ${options.label} bigger in partitions/layout.json, or what goes on it smaller`,
      data: { label: options.label, bytes, free: clusters * clusterSize, dataOffset },
    });
  } finally {
    await handle.close();
  }
}

interface Fat {
  /** The entries, one 32-bit number per cluster; the first two are not clusters. */
  readonly table: Buffer;
  readonly dataOffset: number;
  readonly clusterSize: number;
  readonly clusters: number;
}

async function readFat(file: FileHandle): Promise<Fat> {
  const boot = Buffer.alloc(SECTOR);
  await readFully(file, boot, 0);
  const sector = boot.readUInt16LE(11);
  const clusterSize = boot.readUInt8(13) * sector;
  const reserved = boot.readUInt16LE(14) * sector;
  const fatSize = boot.readUInt32LE(36) * sector;
  const dataOffset = reserved + boot.readUInt8(16) * fatSize;
  const clusters = Math.floor((boot.readUInt32LE(32) * sector - dataOffset) / clusterSize);
  const table = Buffer.alloc((clusters + 2) * 4);
  await readFully(file, table, reserved);
  return { table, dataOffset, clusterSize, clusters };
}

/** The bytes in use: boot sectors and both tables whole, and every cluster that the table gives to a file. */
export async function fatUsedExtents(file: FileHandle): Promise<Extent[]> {
  const { table, dataOffset, clusterSize, clusters } = await readFat(file);
  const used: Extent[] = [{ offset: 0, length: dataOffset }];
  for (let cluster = 2; cluster < clusters + 2; cluster++)
    if ((table.readUInt32LE(cluster * 4) & CLUSTER_MASK) !== FREE_CLUSTER)
      used.push({ offset: dataOffset + (cluster - 2) * clusterSize, length: clusterSize });
  return mergeExtents(used);
}
