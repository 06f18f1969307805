import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import type { SettingsPath, SidePaths } from "./paths.ts";

/**
 * Reading the operator's files as bytes, while the cell still has the rights to. Nothing is interpreted here: that is
 * done behind the cell's walls. Sizes and counts are bounded, links and devices are refused, names are bare (R23).
 */

const MAX_SETTINGS_BYTES = 4 * 1024 * 1024;
const MAX_PKI_FILE_BYTES = 256 * 1024;
const MAX_PKI_FILES = 64;

/** The bytes of a file, or why there are none; `absent` when there is no such file at all. */
export type RawFile = { readonly bytes: Buffer } | { readonly problem: string; readonly absent: boolean };

/** Everything that one side's cell works from. */
export interface RawSide {
  readonly settings: RawFile;
  readonly certificates: ReadonlyMap<string, RawFile>;
  readonly privateKeys: ReadonlyMap<string, RawFile>;
}

/** There is no such file. */
export const ABSENT: RawFile = { problem: "the file does not exist", absent: true };

function refused(problem: string): RawFile {
  return { problem, absent: false };
}

function isAbsence(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Why a file could not be read, in words. */
function explain(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ELOOP") return "the file is a symbolic link";
  if (code === "EACCES" || code === "EPERM") return "the file may not be read";
  if (code === "EIO") return "the card can't be read there (input/output error)";
  return `the file can't be read (${code ?? (error instanceof Error ? error.message : String(error))})`;
}

/** Reads a regular file of at most `maxBytes`. */
export function readRawFile(path: string, maxBytes: number): RawFile {
  let fd: number;
  try {
    // O_NONBLOCK: a FIFO under that name must not hold up the start.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return isAbsence(error) ? ABSENT : refused(explain(error));
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return refused(stat.isDirectory() ? "it is a directory" : "it is not a regular file");
    if (stat.size > maxBytes)
      return refused(`it is ${stat.size} bytes long, more than the ${maxBytes} that are read`);
    const bytes = Buffer.alloc(stat.size);
    let filled = 0;
    while (filled < bytes.length) {
      const got = readSync(fd, bytes, filled, bytes.length - filled, null);
      if (got === 0) break;
      filled += got;
    }
    return { bytes: bytes.subarray(0, filled) };
  } catch (error) {
    return refused(explain(error));
  } finally {
    closeSync(fd);
  }
}

/** A directory that can't be read: so it is with every file that a setting names in it. */
class UnreadableDirectory extends Map<string, RawFile> {
  readonly #problem: string;
  constructor(problem: string) {
    super();
    this.#problem = problem;
  }
  override get(): RawFile {
    return refused(this.#problem);
  }
}

function readDirectory(path: string): Map<string, RawFile> {
  const files = new Map<string, RawFile>();
  let names: string[];
  try {
    names = readdirSync(path).sort();
  } catch (error) {
    // A missing directory is a missing file for whoever asks for one; the fault is worded there.
    if (isAbsence(error)) return files;
    return new UnreadableDirectory(explain(error).replace("the file", "its directory"));
  }
  for (const name of names.slice(0, MAX_PKI_FILES))
    files.set(name, readRawFile(`${path}/${name}`, MAX_PKI_FILE_BYTES));
  for (const name of names.slice(MAX_PKI_FILES)) {
    files.set(name, refused(`the directory holds more than ${MAX_PKI_FILES} files, this one was not read`));
  }
  return files;
}

/** Reads a settings file. */
export function readRawSettings(partitionRoot: string, paths: SettingsPath): RawFile {
  return readRawFile(`${partitionRoot}${paths.settingsDirectory}/${paths.settingsName}`, MAX_SETTINGS_BYTES);
}

/** Reads everything that one side may need: its settings and whatever lies in its certificate and key directories. */
export function readRawSide(partitionRoot: string, paths: SidePaths): RawSide {
  return {
    settings: readRawSettings(partitionRoot, paths),
    certificates: readDirectory(`${partitionRoot}${paths.certificates}`),
    privateKeys: readDirectory(`${partitionRoot}${paths.privateKeys}`),
  };
}
