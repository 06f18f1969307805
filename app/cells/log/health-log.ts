import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import type { LogLimits } from "../../config/log-settings.ts";
import { roomForLogs } from "./log-room.ts";

/**
 * The health log on HW-LOG (R153–R163): a sequence of files with a limit for each and one for all, oldest deleted first.
 * File names begin with a running number, so they sort by age even when the clock was wrong.
 */

const NAME = /^health-([0-9]{8})-[0-9TZ]+\.log$/;

interface LogFile {
  readonly name: string;
  readonly sequence: number;
  bytes: number;
}

/** How far a file is safe against a power cut. */
export interface SafePosition {
  readonly name: string;
  readonly bytes: number;
}

export interface HealthLogOptions {
  readonly directory: string;
  readonly limits: LogLimits;
  readonly now?: () => Date;
  /** Called when everything appended so far is safe against a power cut, or was refused. */
  readonly onSafe?: () => void;
  /** Where an earlier log was interrupted: what that file has beyond is taken back, for it will be appended again. */
  readonly resume?: SafePosition | null;
}

function fileName(sequence: number, time: Date): string {
  const compact = time.toISOString().replace(/[-:]|\.[0-9]+/g, "");
  return `health-${String(sequence).padStart(8, "0")}-${compact}.log`;
}

/** Writes whole lines. Never splits one; never exceeds the limits, except for a line that is longer than a file may be. */
export class HealthLog {
  readonly #directory: string;
  readonly #limits: LogLimits;
  readonly #now: () => Date;
  readonly #onSafe: () => void;
  /** Oldest first; the last one is the current file, once there is one. */
  readonly #files: LogFile[];
  /** Bytes of all files together. */
  #totalBytes: number;
  #fd: number | null = null;
  /** How much of the current file is safe. */
  #safeBytes = 0;
  #unsynced = false;

  constructor(options: HealthLogOptions) {
    const { directory, limits, resume = null } = options;
    this.#directory = directory;
    this.#now = options.now ?? (() => new Date());
    this.#onSafe = options.onSafe ?? (() => undefined);
    this.#files = readdirSync(directory)
      .map((name) => ({ name, sequence: Number(NAME.exec(name)?.[1] ?? Number.NaN) }))
      .filter((file) => !Number.isNaN(file.sequence))
      .sort((a, b) => a.sequence - b.sequence || (a.name < b.name ? -1 : 1))
      .map((file) => ({ ...file, bytes: statSync(`${directory}/${file.name}`).size }));
    if (resume) this.#takeBack(resume);
    this.#totalBytes = this.#files.reduce((sum, file) => sum + file.bytes, 0);
    // L24: a limit that the partition has no room for would never be reached.
    const directoryBytes = Math.min(limits.directoryBytes, roomForLogs(directory, this.#totalBytes));
    this.#limits = { ...limits, directoryBytes };
  }

  /** Most that all files together may have: what the settings say, or what the partition has room for. */
  get directoryBytes(): number {
    return this.#limits.directoryBytes;
  }

  /** How far the current file is safe; null: there is none yet. */
  get safePosition(): SafePosition | null {
    const current = this.#current();
    return current && { name: current.name, bytes: this.#safeBytes };
  }

  /** Appends a line. Returns whether it was kept: one that no room can be made for is not. */
  append(line: Buffer): boolean {
    const { fileBytes, directoryBytes } = this.#limits;
    if (line.length > directoryBytes) return false;
    const current = this.#current();
    // R158, R159, R163: a new file at each start, and whenever the line does not fit whole.
    if (current && current.bytes > 0 && current.bytes + line.length > fileBytes) this.close();
    // R160–R162: oldest first, as many as needed; the current file only when it is the last one left.
    while (this.#totalBytes + line.length > directoryBytes && this.#deleteOldest());
    for (;;) {
      try {
        this.#write(line);
        return true;
      } catch (error) {
        // L24: a full card is treated like a full directory.
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        this.#dropUnfinished();
        // Not even the file just made has room: making it once more would not help.
        const isHopeless = this.#files.length === 1 && this.#current()?.bytes === 0;
        if (!this.#deleteOldest() || isHopeless) return false;
      }
    }
  }

  /** Makes everything that was appended safe against a power cut, and lets go of it. */
  flush(): void {
    const current = this.#current();
    if (this.#fd !== null && current !== null && this.#unsynced) {
      fsyncSync(this.#fd);
      this.#safeBytes = current.bytes;
    }
    this.#unsynced = false;
    // Also where nothing was written: lines that found no room are let go of.
    this.#onSafe();
  }

  close(): void {
    this.flush();
    this.#close();
  }

  /** Lets go of a card that fails, without a last attempt to write. */
  abandon(): void {
    this.#unsynced = false;
    this.#close();
  }

  #takeBack({ name, bytes }: SafePosition): void {
    const file = this.#files.find((candidate) => candidate.name === name);
    if (!file || file.bytes <= bytes) return;
    const path = `${this.#directory}/${name}`;
    if (bytes > 0) truncateSync(path, bytes);
    else {
      unlinkSync(path);
      this.#files.splice(this.#files.indexOf(file), 1);
    }
    file.bytes = bytes;
  }

  #current(): LogFile | null {
    return this.#fd === null ? null : (this.#files.at(-1) ?? null);
  }

  #deleteOldest(): boolean {
    const oldest = this.#files[0];
    if (!oldest) return false;
    if (this.#files.length === 1) this.#close();
    unlinkSync(`${this.#directory}/${oldest.name}`);
    this.#files.shift();
    this.#totalBytes -= oldest.bytes;
    return true;
  }

  #open(): LogFile {
    const file = { sequence: (this.#files.at(-1)?.sequence ?? 0) + 1, name: "", bytes: 0 };
    file.name = fileName(file.sequence, this.#now());
    // "wx": whatever lies there under that name is not ours.
    this.#fd = openSync(`${this.#directory}/${file.name}`, "wx", 0o640);
    this.#safeBytes = 0;
    this.#files.push(file);
    return file;
  }

  #write(line: Buffer): void {
    const file = this.#current() ?? this.#open();
    const fd = this.#fd;
    if (fd === null) throw new Error("the log file is not open");
    // A write may be cut short where the card is full; writing the rest then raises ENOSPC.
    for (let written = 0; written < line.length; ) {
      written += writeSync(fd, line, written, line.length - written, file.bytes + written);
    }
    file.bytes += line.length;
    this.#totalBytes += line.length;
    this.#unsynced = true;
  }

  /** Takes back the beginning of a line whose end found no room: lines are never split. */
  #dropUnfinished(): void {
    const current = this.#current();
    if (this.#fd !== null && current) ftruncateSync(this.#fd, current.bytes);
  }

  #close(): void {
    if (this.#fd === null) return;
    closeSync(this.#fd);
    this.#fd = null;
  }
}
