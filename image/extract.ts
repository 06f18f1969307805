import { randomUUID } from "node:crypto";
import { rename } from "node:fs/promises";
import path from "node:path";
import { ImageError } from "./errors.ts";
import { checkCardPath, debugfs, type Ext3Location, statPaths } from "./formats/debugfs.ts";
import { openExt3 } from "./partition.ts";

/** Reads files off the ext3 partitions of a card image, without root, loop devices or a mount. */

/** Takes files off a partition: card path → path of the host file to write. */
export async function extractFiles(options: {
  readonly image: string;
  readonly partition: string;
  readonly files: ReadonlyMap<string, string>;
}): Promise<void> {
  const paths = [...options.files.keys()];
  for (const cardPath of paths) checkCardPath(cardPath);
  const location = await openExt3(options.image, options.partition);
  const present = await statPaths(location, paths);
  const absent = paths.find((cardPath) => present.get(cardPath)?.kind !== "file");
  if (absent !== undefined)
    throw new ImageError({
      code: "CARD_FILE_MISSING",
      message: `${options.image}: there is no file ${absent} on ${options.partition}`,
      next: "check the path, or put the file there",
      data: { image: options.image, partition: options.partition, path: absent },
    });
  for (const [cardPath, hostFile] of options.files) await dumpFile({ location, cardPath, hostFile });
}

export interface CardFile {
  readonly name: string;
  readonly kind: "directory" | "file" | "other";
  /** Permission bits, for example 0o640. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; 0 for anything but a file. */
  readonly size: number;
}

/** Lists a directory of a partition, sorted by name. */
export async function listFiles(options: {
  readonly image: string;
  readonly partition: string;
  /** Absolute; `/` for the root directory. */
  readonly directory: string;
}): Promise<CardFile[]> {
  const { directory } = options;
  if (directory !== "/") checkCardPath(directory);
  const location = await openExt3(options.image, options.partition);
  const found = (await statPaths(location, [directory])).get(directory);
  if (found?.kind !== "directory")
    throw new ImageError({
      code: "CARD_FILE_MISSING",
      message: `${options.image}: there is no directory ${directory} on ${options.partition}`,
      next: "check the path",
      data: { image: options.image, partition: options.partition, path: directory },
    });
  const output = await debugfs({ location, commands: [`ls -p "${directory}"`], write: false });
  // /inode/mode/uid/gid/name/size/, names can't contain the separator.
  const rows = [...output.matchAll(/^\/\d+\/(\d+)\/(\d+)\/(\d+)\/([^/]+)\/(\d*)\/$/gm)];
  return rows
    .map((row) => row.slice(1) as [string, string, string, string, string])
    .filter(([, , , name]) => name !== "." && name !== "..")
    .map(([mode, uid, gid, name, size]) => describe({ mode, uid, gid, name, size }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const TYPE_MASK = 0o170000;
const DIRECTORY = 0o040000;
const REGULAR = 0o100000;

function describe(row: Readonly<Record<"mode" | "uid" | "gid" | "name" | "size", string>>): CardFile {
  const bits = Number.parseInt(row.mode, 8);
  const type = bits & TYPE_MASK;
  const kind = type === DIRECTORY ? "directory" : type === REGULAR ? "file" : "other";
  const owner = { uid: Number(row.uid), gid: Number(row.gid) };
  return { name: row.name, kind, mode: bits & 0o7777, ...owner, size: Number(row.size) };
}

/** Copies one file out, replacing the host file only when it is complete. */
export async function dumpFile(options: {
  readonly location: Ext3Location;
  readonly cardPath: string;
  readonly hostFile: string;
}): Promise<void> {
  const { location, cardPath, hostFile } = options;
  const cwd = path.dirname(path.resolve(hostFile));
  // A plain temporary name, for debugfs' command language has no escapes; then the wanted one.
  const temporary = `.gwcard-${randomUUID()}`;
  await debugfs({ location, commands: [`dump "${cardPath}" ${temporary}`], write: false, cwd });
  await rename(path.join(cwd, temporary), hostFile);
}
