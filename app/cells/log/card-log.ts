import { existsSync } from "node:fs";
import { ConfigError, ConfigFault } from "../../config/fault.ts";
import { LOG_SETTINGS_FILE, type LogLimits, parseLogSettings } from "../../config/log-settings.ts";
import { LOG_DIRECTORY, LOG_SETTINGS_NAME } from "../../config/paths.ts";
import { type RawFile, readRawFile } from "../../config/raw-files.ts";
import { HealthLog, type SafePosition } from "./health-log.ts";
import { HeldLines } from "./held-lines.ts";
import { Shortage } from "./shortage.ts";

/**
 * The health log on a card that may be full, may fail, and may be pulled out and put back while the gateway runs. A line
 * is held in memory until it is safe on the card, so a card that goes takes no line with it.
 */

/** What is held while there is no card. */
const MAX_HELD_BYTES = 256 * 1024;
/** More than this is not left unsafe until the next tick. */
const MAX_UNSAFE_BYTES = 64 * 1024;
const MAX_SETTINGS_BYTES = 64 * 1024;
/** A card that was just pulled is still mounted for some seconds; only after so many tries in a row is it a fault. */
const TRIES_BEFORE_COMPLAINT = 4;
/** Ticks between tries on a card that stays faulty: each try makes the kernel complain, too. */
const MAX_TICKS_BETWEEN_TRIES = 64;

export const LOG_PLACE = `HW-LOG:${LOG_DIRECTORY}`;
const ROOM_CURE = "Cure: delete other files from HW-LOG, or raise DirectorySizeLimit";

export interface CardLogOptions {
  /** Where the log files go; absent while the card is. */
  readonly directory: string;
  /** The settings as they were found at the start. */
  readonly settings: RawFile;
  /** Puts a line of our own on the serial line and returns it as it goes into the log. */
  say(text: string): Buffer | null;
  readonly now?: () => Date;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export class CardLog {
  readonly #options: CardLogOptions;
  readonly #held = new HeldLines(MAX_HELD_BYTES);
  readonly #shortage = new Shortage();
  /** How many of the held lines the open log has. */
  #written = 0;
  #log: HealthLog | null = null;
  /** Null: no health log is wanted (R157), or its settings are faulty. */
  #limits: LogLimits | null = null;
  #resume: SafePosition | null = null;
  #tries = 0;
  #ticksToWait = 0;
  #lastFaults = "";
  #clamped = false;
  #complained = false;

  constructor(options: CardLogOptions) {
    this.#options = options;
    this.#readSettings(options.settings);
    this.#tryOpen();
  }

  append(line: Buffer): void {
    if (this.#limits === null) return;
    this.#held.push(line);
    if (this.#log === null) {
      this.#held.trim();
      return;
    }
    this.#guard(() => {
      this.#write();
      if (this.#held.bytes > MAX_UNSAFE_BYTES) this.#log?.flush();
    });
  }

  /** Once a second: makes safe what was written, or looks whether the card is there again. */
  tick(): void {
    if (this.#log !== null) {
      this.#guard(() => this.#log?.flush());
      this.#endShortage();
      return;
    }
    if (!this.#hasSettings()) {
      // No card, or one that wants no log: whatever comes next is tried at once.
      this.#tries = 0;
      this.#ticksToWait = 0;
      return;
    }
    if (this.#ticksToWait > 0) {
      this.#ticksToWait -= 1;
      return;
    }
    if (this.#limits === null)
      this.#readSettings(readRawFile(`${this.#options.directory}/${LOG_SETTINGS_NAME}`, MAX_SETTINGS_BYTES));
    this.#tryOpen();
  }

  close(): void {
    this.#guard(() => this.#log?.close());
  }

  #hasSettings(): boolean {
    return existsSync(`${this.#options.directory}/${LOG_SETTINGS_NAME}`);
  }

  /** R157: without settings there is no log, and nothing is made up. */
  #readSettings(settings: RawFile): void {
    if ("problem" in settings && settings.absent) return;
    try {
      if ("problem" in settings) {
        const values = { reason: settings.problem };
        throw new ConfigError([new ConfigFault({ rule: "log-file", file: LOG_SETTINGS_FILE, values })]);
      }
      this.#limits = parseLogSettings(settings.bytes.toString("utf8"));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const faults = error.faults.map(({ message }) => `Error: ${message}`);
      if (faults.join() !== this.#lastFaults) for (const fault of faults) this.#say(fault);
      this.#lastFaults = faults.join();
      this.#ticksToWait = MAX_TICKS_BETWEEN_TRIES;
    }
  }

  #tryOpen(): void {
    if (this.#limits === null || !this.#hasSettings()) return;
    this.#tries += 1;
    this.#guard(() => {
      const log = this.#open(this.#limits as LogLimits);
      this.#log = log;
      const dropped = this.#held.takeDropped();
      if (dropped > 0) {
        const text = `Warning: [LOG] ${dropped} lines are missing from the health log: they came while it could not be written and found no room in memory`;
        const note = this.#options.say(text);
        if (note) this.#held.unshift(note);
      }
      this.#write();
      log.flush();
      this.#resume = null;
      this.#tries = 0;
      if (this.#complained) this.#say(`Info: [LOG] ${LOG_PLACE}: the health log is written again`);
      this.#complained = false;
    });
  }

  #open(limits: LogLimits): HealthLog {
    const { directory, now } = this.#options;
    const log = new HealthLog({
      directory,
      limits,
      resume: this.#resume,
      onSafe: () => {
        this.#held.dropFirst(this.#written);
        this.#written = 0;
        this.#shortage.settle({ again: false });
      },
      ...(now === undefined ? {} : { now }),
    });
    // One line says which limit holds.
    if (log.directoryBytes < limits.directoryBytes && !this.#clamped) {
      this.#clamped = true;
      const text = `Warning: [LOG] ${LOG_SETTINGS_FILE}: DirectorySizeLimit is ${limits.directoryBytes}, but HW-LOG has room for less; the health log keeps to ${log.directoryBytes} bytes`;
      const note = this.#options.say(text);
      if (note) this.#held.unshift(note);
    }
    return log;
  }

  /** Writes the held lines that the log does not have yet. */
  #write(): void {
    for (;;) {
      const line = this.#held.at(this.#written);
      if (this.#log === null || line === undefined) return;
      const kept = this.#log.append(line);
      this.#written += 1;
      this.#noteRoom(kept);
    }
  }

  #noteRoom(kept: boolean): void {
    if (!this.#shortage.note(kept)) return;
    this.#say(
      `Error: ${LOG_PLACE}: lines are missing from the health log: there is no room, even without its old files. ${ROOM_CURE}`,
    );
  }

  /** Looks whether there is room again, and tells how many lines are missing. */
  #endShortage(): void {
    if (this.#log !== null && this.#shortage.lasts && this.#log.safePosition === null) {
      // Without an open file nothing shows that the card was changed, or that others made room on it.
      this.#log.abandon();
      this.#log = null;
      this.#tryOpen();
    }
    const missing = this.#shortage.tick();
    if (missing === null) return;
    this.#guard(() =>
      this.#say(
        `Warning: [LOG] ${missing} lines are missing from the health log: there was no room for them on HW-LOG. ${ROOM_CURE}`,
      ),
    );
  }

  /** A card that fails or goes takes the health log with it, never the serial line. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#pause(error);
    }
  }

  #pause(error: unknown): void {
    this.#resume = this.#log?.safePosition ?? this.#resume;
    this.#written = 0;
    this.#shortage.settle({ again: true });
    const log = this.#log;
    this.#log = null;
    try {
      log?.abandon();
    } catch (closing) {
      // Closing a file of a card that is gone may fail as well; the first error is the one to tell.
      if (!(closing instanceof Error)) throw closing;
    }
    this.#ticksToWait = Math.min(2 ** this.#tries - 1, MAX_TICKS_BETWEEN_TRIES);
    if (this.#tries !== TRIES_BEFORE_COMPLAINT) return;
    this.#complained = true;
    const why = reasonOf(error);
    this.#say(
      `Error: ${LOG_PLACE}: the health log can't be written (${why}); its last lines are held in memory. Cure: check the card, replace it when it fails again`,
    );
  }

  /** A line of our own that may come at any moment: it stands behind what is held. */
  #say(text: string): void {
    const line = this.#options.say(text);
    if (line === null || this.#limits === null) return;
    this.#held.push(line);
    if (this.#log === null) this.#held.trim();
    else this.#write();
  }
}
