import { writeSync } from "node:fs";
import { Backoff } from "../link/backoff.ts";
import type { Word } from "../link/status.ts";
import type { Pipe, Platform } from "../runtime/platform-types.ts";
import type { StartedRole } from "./load-cell.ts";

/** One cell as the supervisor sees it: a process, and the pipes that outlive it. */
export class Slot {
  readonly role: StartedRole;
  readonly stderr: Pipe;
  readonly status: Pipe;
  readonly control: Pipe;
  readonly backoff = new Backoff({ immediateFirst: true });
  /** Null while it is not running. */
  pid: number | null = null;
  /** It stays down: its configuration is wrong. */
  down = false;
  startedAt = 0;
  /** Whether a process was started before. */
  again = false;
  /** Whether this process has said that it has begun to work. */
  started = false;
  /** Called once, when the cell has started or has ended. */
  onSettled: (() => void) | null = null;

  constructor(role: StartedRole, platform: Platform) {
    this.role = role;
    this.stderr = platform.pipe();
    this.status = platform.pipe();
    this.control = platform.pipe();
  }

  /** Says a word to the cell; to one that does not run or has stopped reading, nothing can be said. */
  say(word: Word): void {
    if (this.pid === null) return;
    try {
      writeSync(this.control.writeFd, `${word}\n`);
    } catch (error) {
      // The pipe is full of what it has not read: `Liveness` ends such a cell.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}
