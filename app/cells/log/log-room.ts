import { statfsSync } from "node:fs";

/** What is left free for directories, for the blocks that hold a file's map, and for half-filled last blocks. */
const RESERVED_SHARE = 0.01;
const RESERVED_BYTES = 64 * 1024;
/** A small partition is not all reserve. */
const MAX_RESERVED_SHARE = 0.1;

/** How many bytes all log files together may have on this partition, of which `present` are there already (L24). */
export function roomForLogs(directory: string, present: number): number {
  const { bavail, bsize } = statfsSync(directory);
  const room = bavail * bsize + present;
  const reserved = Math.max(room * RESERVED_SHARE, Math.min(RESERVED_BYTES, room * MAX_RESERVED_SHARE));
  return Math.floor(room - reserved);
}
