import { writeSync } from "node:fs";
import { plainText } from "./plain-text.ts";

/** How much a line matters; the first word of every line a cell writes to its stderr. */
export type Level = "Info" | "Warning" | "Error" | "Debug";

/** What a cell writes its lines with; they go through its stderr pipe to the log cell, which adds the time. */
export interface Log {
  info(text: string): void;
  warning(text: string): void;
  error(text: string): void;
  /** For whoever looks for a fault; lost unless the settings of the cell say `"debug": true` (K52). */
  debug(text: string): void;
}

/** The log of a cell, which learns from its settings whether lines of the level Debug are wanted. */
export interface CellLog extends Log {
  useDebug(wanted: boolean): void;
}

/** POSIX writes up to this many bytes to a pipe in one piece (PIPE_BUF), so lines of two writers never mix. */
const MAX_LINE_BYTES = 4096;
const CUT_MARK = " …";

/** One line without control characters, short enough to be written whole. Text from outside can't forge a second line. */
export function toLogLine(level: Level, text: string): Buffer {
  // What is beyond can't be shown anyway; a megabyte from a peer is not worth looking through.
  const clean = plainText(text.slice(0, MAX_LINE_BYTES));
  const line = Buffer.from(`${level}: ${clean}\n`, "utf8");
  if (line.length <= MAX_LINE_BYTES && text.length <= MAX_LINE_BYTES) return line;
  // Cut at a character boundary: a UTF-8 continuation byte is 10xxxxxx.
  let end = Math.min(line.length, MAX_LINE_BYTES - Buffer.byteLength(CUT_MARK)) - 1;
  while (end > 0 && ((line[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return Buffer.concat([line.subarray(0, end), Buffer.from(`${CUT_MARK}\n`, "utf8")]);
}

/** Writes lines to a descriptor. A full pipe never stops the writer: the line is lost and counted. */
export class FdLog implements CellLog {
  readonly #fd: number;
  #lost = 0;
  #debugs = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  info(text: string): void {
    this.#write("Info", text);
  }
  warning(text: string): void {
    this.#write("Warning", text);
  }
  error(text: string): void {
    this.#write("Error", text);
  }
  debug(text: string): void {
    if (this.#debugs) this.#write("Debug", text);
  }
  useDebug(wanted: boolean): void {
    this.#debugs = wanted;
  }

  #write(level: Level, text: string): void {
    if (this.#lost > 0) {
      const text = `${this.#lost} log lines were lost: the log was too slow. Cure: mend what the lines before this one tell of so often`;
      if (this.#tryWrite(toLogLine("Warning", text))) this.#lost = 0;
    }
    if (!this.#tryWrite(toLogLine(level, text))) this.#lost += 1;
  }

  #tryWrite(line: Buffer): boolean {
    try {
      return writeSync(this.#fd, line) === line.length;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // EPIPE: the log cell is being restarted. Nobody is left to tell.
      if (code === "EAGAIN" || code === "EPIPE") return false;
      throw error;
    }
  }
}
