import { readSync, writeSync } from "node:fs";
import { formatLine } from "../cells/log/line.ts";
import { toLogLine } from "../link/log-line.ts";

/** What only the supervisor can tell: the log cell, through which everybody else speaks, is the one that dies. */

const MAX_WORDS_BYTES = 64 * 1024;

/** Takes the last line out of a pipe that nobody reads at present; null when there is none. */
export function takeLastLine(readFd: number): string | null {
  const bytes = Buffer.alloc(MAX_WORDS_BYTES);
  let length: number;
  try {
    length = readSync(readFd, bytes, 0, bytes.length, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return null;
    throw error;
  }
  const lines = bytes.subarray(0, length).toString("utf8").split("\n");
  return lines.filter((line) => line.trim() !== "").at(-1) ?? null;
}

/** Puts an error on the serial line past the log cell; false: the line takes nothing now. */
export function tellSerial(serialFd: number, text: string): boolean {
  const line = formatLine({
    raw: toLogLine("Error", text),
    source: "supervisor",
    time: new Date(),
    zone: 0,
  });
  const bytes = Buffer.from(line ?? "", "utf8");
  try {
    return writeSync(serialFd, bytes) === bytes.length;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EAGAIN" || code === "EIO") return false;
    throw error;
  }
}
