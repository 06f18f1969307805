import { existsSync, lstatSync } from "node:fs";
import { LOG_DIRECTORY } from "../config/paths.ts";
import type { Confinement } from "../runtime/platform-types.ts";
import type { StartedRole } from "./load-cell.ts";

/** The walls of each cell (design §6): one table, so that a review has one place to look at. */

const MEBIBYTE = 1024 * 1024;
/** What the resolver of the C library reads; nothing of it is secret. */
const RESOLVER_FILES = ["/etc/resolv.conf", "/etc/hosts"];

interface Wall {
  readonly side: "inw" | "enw" | null;
  readonly id: number;
  readonly addressSpace: number;
  readonly openFiles: number;
}

const WALLS: Readonly<Record<StartedRole, Wall>> = {
  opcua: { side: "inw", id: 101, addressSpace: 192 * MEBIBYTE, openFiles: 32 },
  navigation: { side: null, id: 102, addressSpace: 192 * MEBIBYTE, openFiles: 16 },
  mqtt: { side: "enw", id: 103, addressSpace: 128 * MEBIBYTE, openFiles: 32 },
  log: { side: null, id: 104, addressSpace: 96 * MEBIBYTE, openFiles: 32 },
  console: { side: null, id: 105, addressSpace: 96 * MEBIBYTE, openFiles: 16 },
};

/** Where the init script has put the side's network namespace. */
export function networkNamespace(side: "inw" | "enw"): string {
  return `/run/netns/${side}`;
}

/**
 * The log directory. Where the partition may be unmounted and mounted again, HW-LOG is a link into a folder that holds
 * nothing but that mount point: the folder stays while the card goes and comes. A card without this partition or
 * directory gets no health log, but still a log on the serial line.
 */
function logPaths(root: string): string[] {
  const partition = `${root}/HW-LOG`;
  if (lstatSync(partition, { throwIfNoEntry: false })?.isSymbolicLink()) return [`${partition}/..`];
  const logs = `${partition}${LOG_DIRECTORY}`;
  return existsSync(logs) ? [logs] : [];
}

export function wallsOf(role: StartedRole, root: string): Confinement {
  const { side, id, addressSpace, openFiles } = WALLS[role];
  return {
    netns: side === null ? null : networkNamespace(side),
    resolvConf: side === null ? null : `/run/net/${side}/resolv.conf`,
    uid: id,
    gid: id,
    readPaths: side === null ? [] : RESOLVER_FILES,
    writePaths: role === "log" ? logPaths(root) : [],
    seccomp: role,
    limits: { addressSpace, openFiles },
  };
}
