import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { LayoutError } from "./errors.ts";
import { ancestors } from "./formats/debugfs.ts";
import { contentsFolder, type Layout, type LayoutPartition } from "./layout.ts";
import type { Payload } from "./payload.ts";
import { readChecked } from "./schema.ts";

/** What a partition of a fresh card holds (R13–R22), as `partitions/LABEL/contents.json` says. */

export interface ContentEntry {
  readonly path: string;
  readonly kind: "directory" | "file";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** For a file: where it is on this machine, and its size. */
  readonly source?: string;
  readonly size: number;
}

interface ContentsFile {
  readonly entries: readonly {
    readonly path: string;
    readonly payload?: string;
    readonly file?: string;
    readonly mode?: string;
    readonly uid?: number;
    readonly gid?: number;
  }[];
}

/** Reads a partition's contents; parents come before children, the order does not depend on the host. */
export async function readContents(options: {
  readonly layout: Layout;
  readonly partition: LayoutPartition;
  readonly payload: Payload;
}): Promise<ContentEntry[]> {
  const folder = contentsFolder(options.layout, options.partition.label);
  const file = path.join(folder, "contents.json");
  const raw = await readChecked<ContentsFile>({ file, schema: "contents.schema.json" });
  const entries = new Map<string, ContentEntry>();
  for (const [index, entry] of raw.entries.entries()) {
    const pointer = `/entries/${index}`;
    if (entries.has(entry.path))
      throw new LayoutError({ file, pointer, problem: `${entry.path} is there twice`, next: "remove one" });
    const source = await locate({ entry, folder, file, pointer, payload: options.payload });
    const kind = source === undefined ? "directory" : "file";
    const mode = Number.parseInt(entry.mode ?? (kind === "file" ? "0644" : "0755"), 8);
    const owner = { uid: entry.uid ?? 0, gid: entry.gid ?? 0 };
    const size = source === undefined ? 0 : (await stat(source)).size;
    entries.set(entry.path, { path: entry.path, kind, mode, ...owner, size, ...(source ? { source } : {}) });
  }
  await refuseStrays({ folder, file, named: raw.entries.flatMap((entry) => entry.file ?? []) });
  for (const parent of [...entries.keys()].flatMap(ancestors)) {
    const known = entries.get(parent);
    if (known?.kind === "file")
      throw new LayoutError({
        file,
        pointer: "/entries",
        problem: `${parent} is a file and a directory`,
        next: "rename one",
      });
    if (known === undefined)
      entries.set(parent, { path: parent, kind: "directory", mode: 0o755, uid: 0, gid: 0, size: 0 });
  }
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function locate(options: {
  readonly entry: { readonly payload?: string; readonly file?: string };
  readonly folder: string;
  readonly file: string;
  readonly pointer: string;
  readonly payload: Payload;
}): Promise<string | undefined> {
  const { entry, file } = options;
  if (entry.payload !== undefined) {
    const source = options.payload.files.get(entry.payload);
    if (source !== undefined) return source;
    throw new LayoutError({
      file,
      pointer: `${options.pointer}/payload`,
      problem: `the payload has no file ${entry.payload}`,
      next: `it has: ${[...options.payload.files.keys()].join(", ")}`,
    });
  }
  if (entry.file === undefined) return undefined;
  const source = path.join(options.folder, entry.file);
  const info = await stat(source).catch(() => undefined);
  if (info?.isFile()) return source;
  const problem = `there is no file ${source}`;
  throw new LayoutError({
    file,
    pointer: `${options.pointer}/file`,
    problem,
    next: "add it or correct the name",
  });
}

/** A file nobody named (an editor's backup, a test key) must not travel, and must not be thought to (K20). */
async function refuseStrays(options: {
  readonly folder: string;
  readonly file: string;
  readonly named: readonly string[];
}): Promise<void> {
  const found = await readdir(options.folder, { recursive: true, withFileTypes: true });
  for (const item of found) {
    const relative = path.relative(options.folder, path.join(item.parentPath ?? item.path, item.name));
    if (item.isDirectory() || relative === "contents.json" || options.named.includes(relative)) continue;
    throw new LayoutError({
      file: options.file,
      pointer: "/entries",
      problem: `${path.join(options.folder, relative)} is not named by any entry`,
      next: "add an entry for it, or remove the file",
    });
  }
}
