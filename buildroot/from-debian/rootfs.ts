/** Puts the root file system together: overlay, programs, accounts, device nodes; one cpio archive with the same bytes every time. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { type CpioEntry, cpioArchive, S_IFDIR, S_IFLNK, S_IFREG } from "./cpio.ts";
import { groupFile, parsePermissions, parseUsers, passwdFile, shadowFile } from "./tables.ts";

export interface RootfsParts {
  /** Folder buildroot/board/iot2040. */
  readonly board: string;
  /** Component results with programs, each a folder laid out like the card's root. */
  readonly programs: readonly string[];
  /** Symbolic links: path on the card → target. */
  readonly links: Readonly<Record<string, string>>;
}

/** The archive without the app, which buildroot/payload.ts adds. */
export function rootfsArchive(parts: RootfsParts): Buffer {
  return cpioArchive(rootfsEntries(parts));
}

/** Later sources win over earlier ones; folders that nobody names are made as root's, mode 755. */
export function rootfsEntries(parts: RootfsParts): CpioEntry[] {
  const entries = new Map<string, CpioEntry>();
  const put = (entry: CpioEntry): void => {
    entries.set(entry.path, entry);
  };
  for (const [path, target] of Object.entries(parts.links)) {
    put({ path, mode: S_IFLNK | 0o777, data: Buffer.from(target) });
  }
  for (const folder of [...parts.programs, join(parts.board, "rootfs-overlay")]) {
    for (const entry of folderEntries(folder)) {
      put(entry);
    }
  }
  const read = (name: string): string => readFileSync(join(parts.board, name), "utf8");
  const users = parseUsers(read("users.table"), "buildroot/board/iot2040/users.table");
  put({ path: "/etc/passwd", mode: S_IFREG | 0o644, data: Buffer.from(passwdFile(users)) });
  put({ path: "/etc/group", mode: S_IFREG | 0o644, data: Buffer.from(groupFile(users)) });
  put({ path: "/etc/shadow", mode: S_IFREG | 0o600, data: Buffer.from(shadowFile(users)) });
  for (const entry of parsePermissions(
    read("permissions.table"),
    "buildroot/board/iot2040/permissions.table",
  )) {
    const data = entries.get(entry.path)?.data;
    put(data === undefined ? entry : { ...entry, data });
  }
  for (const path of [...entries.keys()]) {
    for (let parent = posix.dirname(path); parent !== "/"; parent = posix.dirname(parent)) {
      if (!entries.has(parent)) {
        put({ path: parent, mode: S_IFDIR | 0o755 });
      }
    }
  }
  return [...entries.values()];
}

/** busybox.links, one path per applet, as links to the one program. */
export function appletLinks(busyboxLinks: string): Record<string, string> {
  const applets = busyboxLinks.split("\n").filter((line) => line !== "");
  return Object.fromEntries(applets.map((path) => [path, "/bin/busybox"]));
}

function folderEntries(folder: string): CpioEntry[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((item) => {
    const source = join(item.parentPath, item.name);
    const path = `/${relative(folder, source)}`;
    if (item.isDirectory()) {
      return { path, mode: S_IFDIR | 0o755 };
    }
    if (item.isSymbolicLink()) {
      return { path, mode: S_IFLNK | 0o777, data: Buffer.from(readlinkSync(source)) };
    }
    // Only the executable bit is taken over: the rest depends on the umask under which the checkout was made
    const executable = (lstatSync(source).mode & 0o100) !== 0;
    return { path, mode: S_IFREG | (executable ? 0o755 : 0o644), data: readFileSync(source) };
  });
}
