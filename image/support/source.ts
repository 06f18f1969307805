/** Where a support bundle comes from: a card image, a card itself, or folders with the contents of its partitions. */
import { existsSync, mkdirSync, statSync } from "node:fs";
import path from "node:path";
import {
  GUIDE_PATH,
  LOG_DIRECTORY,
  MQTT_PATHS,
  OPCUA_PATHS,
  type Partition,
} from "../../app/config/paths.ts";
import { ImageError } from "../errors.ts";
import { extractFiles, listFiles } from "../extract.ts";
import { checkCardPath } from "../formats/debugfs.ts";

/** Directories that a bundle looks into. Keys are among them for the check; no bundle has them. */
const DIRECTORIES: Readonly<Partial<Record<Partition, readonly string[]>>> = {
  "HW-LOG": [LOG_DIRECTORY],
  "HW-IDS": [
    GUIDE_PATH.settingsDirectory,
    ...[OPCUA_PATHS, MQTT_PATHS].flatMap((side) => [
      side.settingsDirectory,
      side.certificates,
      side.privateKeys,
    ]),
  ],
  "HW-INW": ["/etc"],
  "HW-ENW": ["/etc"],
};

/** Partitions as folders, and what of them was not copied, with the reason. */
export interface SupportSource {
  readonly folder: string;
  readonly notCopied: readonly string[];
}

/** Whether the tools that read a card understand this path. */
function isReadable(cardPath: string): boolean {
  try {
    checkCardPath(cardPath);
    return true;
  } catch (error) {
    if (error instanceof ImageError) return false;
    throw error;
  }
}

/**
 * Copies one directory's files off a card, last names first, until they are `maxBytes` together; a directory that is not there is passed
 * over, for the check to tell. Returns what was not copied.
 */
async function copyDirectory(options: {
  image: string;
  partition: string;
  directory: string;
  folder: string;
  maxBytes: number;
}): Promise<string[]> {
  const { image, partition, directory, folder } = options;
  const names = await listFiles({ image, partition, directory }).catch((error: unknown) => {
    if (error instanceof ImageError && error.code === "CARD_FILE_MISSING") return [];
    throw error;
  });
  const target = path.join(folder, partition, directory);
  mkdirSync(target, { recursive: true });
  const notCopied: string[] = [];
  const files = new Map<string, string>();
  let room = options.maxBytes;
  for (const { name, kind, size } of names.reverse()) {
    if (kind !== "file") continue;
    const cardPath = `${directory}/${name}`;
    const refuse = (why: string) => notCopied.push(`${partition}${cardPath}: ${why}`);
    if (!isReadable(cardPath)) refuse("its name is not one of ours");
    else if (room <= 0 && !name.startsWith("."))
      refuse(`${size} bytes, beyond the limit for logs (--log-megabytes)`);
    else {
      files.set(cardPath, path.join(target, name));
      room -= size;
    }
  }
  await extractFiles({ image, partition, files });
  return notCopied;
}

/**
 * A folder with one folder per partition. A card is copied into `work`, where only this user can look; a folder is taken
 * as it is. Throws an ImageError when `source` is neither.
 */
export async function openSource(options: {
  source: string;
  work: string;
  logBytes: number;
  signal: AbortSignal;
}): Promise<SupportSource> {
  const { source, work, logBytes, signal } = options;
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat?.isDirectory() && existsSync(path.join(source, "HW-IDS")))
    return { folder: source, notCopied: [] };
  if (stat === undefined || stat.isDirectory())
    throw new ImageError({
      code: "SUPPORT_SOURCE",
      message: `${source}: ${stat ? "there is no folder HW-IDS in it" : "there is no such file or folder"}`,
      next: "name a card image, the device of a card, or a folder with HW-IDS, HW-LOG, HW-INW and HW-ENW as the card has them",
      data: { source },
    });
  const notCopied: string[] = [];
  for (const [partition, directories] of Object.entries(DIRECTORIES))
    for (const directory of directories) {
      signal.throwIfAborted();
      const maxBytes = directory === LOG_DIRECTORY ? logBytes : Number.POSITIVE_INFINITY;
      notCopied.push(
        ...(await copyDirectory({ image: source, partition, directory, folder: work, maxBytes })),
      );
    }
  return { folder: work, notCopied };
}
