import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { formatZone, ZONE_FILE_NAME } from "../../link/zone.ts";

/** Keeps the offset from UTC (R149) so that a power cut at any moment leaves the old one or the new one. */
export function keepZone(directory: string, zone: number): void {
  const unfinished = `${directory}/${ZONE_FILE_NAME}.new`;
  const file = openSync(unfinished, "w", 0o640);
  try {
    writeSync(file, `${formatZone(zone)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, `${directory}/${ZONE_FILE_NAME}`);
  const folder = openSync(directory, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
