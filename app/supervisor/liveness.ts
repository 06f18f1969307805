import type { Log } from "../link/log-line.ts";
import type { Status } from "../link/status.ts";
import type { StartedRole } from "./load-cell.ts";

/** Whether the cells still turn their event loops: each is asked in regular intervals and has to answer. */

export const PING_INTERVAL_MS = 10_000;
/** Questions that may stay open; counted rather than timed, for a supervisor that was held up itself must not blame others. */
const MAX_UNANSWERED = 3;
/** A cell that reads its settings, checks its keys and builds its tables is busy for longer. */
const MAX_UNANSWERED_AT_START = 12;
/** So many processes of a cell in a row that were ended for their silence: starting another one does not help. */
const MAX_IN_VAIN = 3;
/** What the device is for. A log that hangs on a broken card is no reason to stop the values. */
const TRANSFER: readonly StartedRole[] = ["opcua", "navigation", "mqtt"];

/** What has to be known of a cell. */
export interface Watched {
  readonly role: StartedRole;
  readonly pid: number | null;
  readonly started: boolean;
  say(word: "ping"): void;
}

interface Pulse {
  pid: number | null;
  unanswered: number;
  ended: boolean;
  /** Processes in a row that had to be ended. */
  inVain: number;
}

export class Liveness {
  readonly #cells: () => Iterable<Watched>;
  readonly #kill: (pid: number) => void;
  readonly #log: Log;
  readonly #pulses = new Map<StartedRole, Pulse>();

  constructor(options: { cells: () => Iterable<Watched>; kill: (pid: number) => void; log: Log }) {
    this.#cells = options.cells;
    this.#kill = options.kill;
    this.#log = options.log;
  }

  /** A cell has answered, or has said anything else; one that starts and then falls silent was started in vain. */
  heard(role: StartedRole, kind: Status["kind"]): void {
    const pulse = this.#pulse(role);
    pulse.unanswered = 0;
    if (kind === "alive") pulse.inVain = 0;
  }

  /**
   * Asks everyone; ends who owes too many answers. Returns the cells that keep values from passing although they were
   * ended: what can't be ended, and what falls silent again and again. A cell that waits or is misconfigured is none.
   */
  ask(): StartedRole[] {
    const stuck: StartedRole[] = [];
    for (const cell of this.#cells()) {
      const pulse = this.#pulse(cell.role);
      if (cell.pid !== pulse.pid) Object.assign(pulse, { pid: cell.pid, unanswered: 0, ended: false });
      if (cell.pid === null) continue;
      const survived = pulse.ended;
      this.#examine(cell, cell.pid, pulse);
      if ((survived || pulse.inVain >= MAX_IN_VAIN) && TRANSFER.includes(cell.role)) stuck.push(cell.role);
    }
    return stuck;
  }

  #examine(cell: Watched, pid: number, pulse: Pulse): void {
    if (pulse.ended) return;
    const limit = cell.started ? MAX_UNANSWERED : MAX_UNANSWERED_AT_START;
    if (pulse.unanswered < limit) {
      pulse.unanswered += 1;
      cell.say("ping");
      return;
    }
    pulse.ended = true;
    pulse.inVain += 1;
    const seconds = (limit * PING_INTERVAL_MS) / 1000;
    this.#log.error(`the ${cell.role} cell has not answered for ${seconds} s; it is ended and started again`);
    this.#kill(pid);
  }

  #pulse(role: StartedRole): Pulse {
    let pulse = this.#pulses.get(role);
    if (!pulse) {
      pulse = { pid: null, unanswered: 0, ended: false, inVain: 0 };
      this.#pulses.set(role, pulse);
    }
    return pulse;
  }
}
