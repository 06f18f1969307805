import { readRawFile } from "../config/raw-files.ts";

/** The offset from UTC that the log's stamps and the console show (R145, R149), in minutes ahead of UTC. */

/** The offsets in use on Earth. */
export const MIN_ZONE = -12 * 60;
export const MAX_ZONE = 14 * 60;
/** Where an offset is kept over a power cycle: the log cell's directory is the only place that is ever written. */
export const ZONE_FILE_NAME = ".timezone";

const MAX_FILE_BYTES = 64;
const ZONE = /^([+-])([0-9]{2})([0-5][0-9])$/;

/** `+0530`, as in R145's stamp. */
export function formatZone(minutes: number): string {
  const away = Math.abs(minutes);
  const digits = String(Math.floor(away / 60) * 100 + (away % 60)).padStart(4, "0");
  return `${minutes < 0 ? "-" : "+"}${digits}`;
}

/** Reads `+0530`; null for everything else. */
export function parseZone(text: string): number | null {
  const [, sign, hours, minutes] = ZONE.exec(text) ?? [];
  if (sign === undefined) return null;
  const away = Number(hours) * 60 + Number(minutes);
  const zone = sign === "-" && away > 0 ? -away : away;
  return zone >= MIN_ZONE && zone <= MAX_ZONE ? zone : null;
}

/** The kept offset: the bytes of the file, for a cell that still has all rights. */
export function readZoneFile(logDirectory: string): Buffer {
  const file = readRawFile(`${logDirectory}/${ZONE_FILE_NAME}`, MAX_FILE_BYTES);
  return "bytes" in file ? file.bytes : Buffer.alloc(0);
}

/** What the kept offset says; UTC when there is none or it is not to be understood. */
export function zoneOfFile(bytes: Buffer): number {
  return parseZone(bytes.toString("latin1").trim()) ?? 0;
}
