import path from "node:path";
import { ImageError, ToolFailedError } from "../errors.ts";
import { runTool } from "../tools.ts";

/**
 * Speaks to e2fsprogs' debugfs, which changes an ext3 file system inside a file without root and without a mount.
 * debugfs ends with 0 whatever happens, so anything it says on stderr beyond its banner is taken as a failure.
 */

export interface Ext3Location {
  /** The file that holds the file system; relative to the folder debugfs runs in. */
  readonly file: string;
  /** Bytes from the start of that file; 0 for a bare partition image. */
  readonly offset: number;
}

/** A directory or regular file, and how it shall look on the card. */
export interface Ext3Entry {
  /** Absolute path inside the partition. */
  readonly path: string;
  readonly kind: "directory" | "file";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** For a file: a host file with its content, relative to the folder debugfs runs in. */
  readonly source?: string;
}

export interface Ext3Stat {
  readonly kind: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

const FILE_TYPE = { directory: 0o040000, file: 0o100000 } as const;
const BANNER = /^debugfs \d[^\n]*\n/;

/** Fails on a path debugfs' command language can't carry, or that is not absolute and plain. */
export function checkCardPath(cardPath: string): void {
  const parts = cardPath.split("/");
  const plain = parts
    .slice(1)
    .every((part) => part !== "" && part !== "." && part !== ".." && part.length <= 255);
  if (cardPath.startsWith("/") && plain && !/["\x00-\x1f\x7f]/.test(cardPath)) return;
  throw new ImageError({
    code: "CARD_PATH_INVALID",
    message: `${JSON.stringify(cardPath)} can't be a path on the card`,
    next: "give an absolute path without empty parts, `.`, `..`, quotes or control characters",
    data: { path: cardPath },
  });
}

/** The directories above a path, outermost first, without the root. */
export function ancestors(cardPath: string): string[] {
  const parts = cardPath.split("/").slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

/** The location in the words of e2fsprogs. */
function deviceArgument(location: Ext3Location): string {
  if (location.offset === 0) return location.file;
  if (location.file.includes("?"))
    throw new ImageError({
      code: "IMAGE_PATH_INVALID",
      message: `${location.file}: the file system tools can't open a path that contains "?"`,
      next: "rename the file or folder",
      data: { file: location.file },
    });
  return `${location.file}?offset=${location.offset}`;
}

/** Runs debugfs commands in order. `time` (seconds since 1970) is what new and changed inodes are stamped with. */
export async function debugfs(options: {
  readonly location: Ext3Location;
  readonly commands: readonly string[];
  readonly write: boolean;
  readonly cwd?: string;
  readonly time?: number;
  /** Set when a failing command is an answer (looking for what may be absent). */
  readonly tolerant?: boolean;
  readonly signal?: AbortSignal;
}): Promise<string> {
  const args = [...(options.write ? ["-w"] : []), "-f", "-", deviceArgument(options.location)];
  const result = await runTool("debugfs", {
    args,
    input: `${options.commands.join("\n")}\n`,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    env: options.time === undefined ? {} : { E2FSPROGS_FAKE_TIME: String(options.time) },
  });
  const complaints = result.stderr.replace(BANNER, "").trim();
  const opened = !/while trying to open|Filesystem not open/.test(complaints);
  if (complaints !== "" && !(options.tolerant && opened))
    throw new ToolFailedError({ tool: "debugfs", args, output: complaints });
  return result.stdout.toString();
}

/** Looks up several paths at once; what does not exist is not in the answer. */
export async function statPaths(
  location: Ext3Location,
  paths: readonly string[],
): Promise<Map<string, Ext3Stat>> {
  const found = new Map<string, Ext3Stat>();
  if (paths.length === 0) return found;
  const commands = paths.map((cardPath) => `stat "${cardPath}"`);
  const output = await debugfs({ location, commands, write: false, tolerant: true });
  // debugfs repeats each command on a line of its own before it answers.
  const answers = output.split(/^debugfs: stat /m).slice(1);
  for (const answer of answers) {
    const cardPath = /^"([^"]*)"\n/.exec(answer)?.[1];
    const inode = /^Inode: \d+ +Type: (.+?) +Mode: +(\d+)/m.exec(answer);
    const owner = /^User: +(\d+) +Group: +(\d+) .*?Size: (\d+)/m.exec(answer);
    if (cardPath === undefined || inode === null || owner === null) continue;
    const kind = inode[1] === "regular" ? "file" : (inode[1] as string);
    const [uid, gid, size] = owner.slice(1).map(Number) as [number, number, number];
    found.set(cardPath, { kind, mode: Number.parseInt(inode[2] as string, 8), uid, gid, size });
  }
  return found;
}

/** The commands that create an entry; a file must not exist yet, and neither must a directory. */
export function createCommands(entry: Ext3Entry): string[] {
  const quoted = `"${entry.path}"`;
  const make =
    entry.kind === "directory"
      ? [`mkdir ${quoted}`]
      : [
          `cd "${path.posix.dirname(entry.path)}"`,
          `write "${entry.source}" "${path.posix.basename(entry.path)}"`,
          "cd /",
        ];
  return [...make, ...ownershipCommands(entry)];
}

/** The commands that set owner and mode of an existing inode. */
export function ownershipCommands(entry: Ext3Entry): string[] {
  const quoted = `"${entry.path}"`;
  return [
    `set_inode_field ${quoted} uid ${entry.uid}`,
    `set_inode_field ${quoted} gid ${entry.gid}`,
    `set_inode_field ${quoted} mode 0${(FILE_TYPE[entry.kind] | entry.mode).toString(8)}`,
  ];
}
