import { closeSync, writeSync } from "node:fs";
import type { Log } from "../link/log-line.ts";
import type { Platform, WatchdogDevice } from "../runtime/platform-types.ts";
import type { StartedRole } from "./load-cell.ts";

/** The hardware watchdog: the last resort, for when the supervisor itself hangs or a cell can't be helped any more. */

/** Longer than anything here takes, with several signs of life in between. */
const TIMEOUT_SECONDS = 60;
/** Any byte is a sign of life; this one says that the end is meant (Linux' watchdog API, "magic close"). */
const ALIVE = "\n";
const MAGIC_CLOSE = "V";

export class Watchdog {
  readonly #log: Log;
  #device: WatchdogDevice | null = null;
  #problem: string | null = null;
  #told = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** From here on the device is reset when no sign of life comes, where it has such hardware. */
  start(platform: Platform): void {
    try {
      this.#device = platform.watchdog(TIMEOUT_SECONDS);
      this.#problem = this.#device ? null : "there is none";
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
  }

  /** One line on what it does, and one when it was the reason for this start. */
  tell(): void {
    if (this.#device?.causedReset)
      this.#log.warning(
        "[WATCHDOG] the hardware watchdog has reset the device: the gateway gave no sign of life",
      );
    if (this.#device) {
      const { seconds } = this.#device;
      this.#log.info(
        `[WATCHDOG] the hardware resets the device when the gateway gives no sign of life for ${seconds} s`,
      );
    } else if (this.#problem !== null) {
      this.#log.warning(
        `[WATCHDOG] the hardware watchdog can't be used: ${this.#problem}. A gateway that hangs stays so`,
      );
    }
  }

  /** Gives a sign of life, unless there are cells that nothing else can help. */
  tick(stuck: readonly StartedRole[]): void {
    if (!this.#device) return;
    if (stuck.length === 0) {
      writeSync(this.#device.fd, ALIVE);
      this.#told = false;
      return;
    }
    if (this.#told) return;
    this.#told = true;
    this.#log.error(
      `[WATCHDOG] the ${stuck.join(" and ")} cell can't be brought back: the device is reset in ${this.#device.seconds} s`,
    );
  }

  /** Nobody will give signs of life any more, and that is meant. */
  stop(): void {
    if (!this.#device) return;
    writeSync(this.#device.fd, MAGIC_CLOSE);
    closeSync(this.#device.fd);
    this.#device = null;
  }
}
