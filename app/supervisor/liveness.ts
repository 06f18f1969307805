import type { Log } from "../link/log-line.ts";
import type { Status } from "../link/status.ts";
import type { StartedRole } from "./load-cell.ts";

/**
 * Whether the cells still turn their event loops, and whether values still pass: each is asked in regular intervals, has
 * to answer, and has to have got somewhere while there was something to do.
 */

export const PING_INTERVAL_MS = 10_000;
/** Questions that may stay open; counted rather than timed, for a supervisor that was held up itself must not blame others. */
const MAX_UNANSWERED = 3;
/** A cell that reads its settings, checks its keys and builds its tables is busy for longer. */
const MAX_UNANSWERED_AT_START = 12;
/** So many processes of a cell in a row that were ended for their silence: starting another one does not help. */
const MAX_IN_VAIN = 3;
/** So many answers in a row without a step, although something is to be done: longer than any attempt to connect takes. */
const MAX_IDLE_ANSWERS = 30;
/** What the device is for. A log that hangs on a broken card is no reason to stop the values. */
const TRANSFER: readonly StartedRole[] = ["opcua", "navigation", "mqtt"];

/**
 * Who is started anew when a cell gets nowhere, one after the other: it can't be told whether the sending or the taking
 * end of a pipe has lost its thread. Navigation comes last, for it holds what waits for the broker.
 */
const REMEDIES: Partial<Record<StartedRole, readonly StartedRole[]>> = {
  opcua: ["opcua", "navigation"],
  navigation: ["mqtt", "navigation"],
  mqtt: ["mqtt", "mqtt"],
};

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
  /** What it said last; null: nothing yet. */
  steps: number | null;
  /** Whether it should get on. */
  owes: boolean;
  /** Answers without a step since. */
  idle: number;
  /** How often in a row something had to be done about that. */
  stalls: number;
}

/** What a process begins with, whatever its predecessors did. */
const NEW_PROCESS = { unanswered: 0, ended: false, steps: null, owes: false, idle: 0 };

export class Liveness {
  readonly #cells: () => Iterable<Watched>;
  readonly #kill: (pid: number) => void;
  readonly #isHindered: (role: StartedRole) => boolean;
  readonly #log: Log;
  readonly #pulses = new Map<StartedRole, Pulse>();

  /** `isHindered`: whether the cell can't get anywhere through no fault of any cell. */
  constructor(options: {
    cells: () => Iterable<Watched>;
    kill: (pid: number) => void;
    isHindered: (role: StartedRole) => boolean;
    log: Log;
  }) {
    this.#isHindered = options.isHindered;
    this.#cells = options.cells;
    this.#kill = options.kill;
    this.#log = options.log;
  }

  /** A cell has answered, or has said anything else; one that starts and then falls silent was started in vain. */
  heard(role: StartedRole, status: Status): void {
    const pulse = this.#pulse(role);
    pulse.unanswered = 0;
    if (status.kind !== "alive") return;
    pulse.inVain = 0;
    const { steps, busy } = status;
    const hasMoved = steps !== pulse.steps;
    // The first answer of a process only tells where it stands.
    if (hasMoved && pulse.steps !== null) pulse.stalls = 0;
    pulse.steps = steps;
    pulse.owes = busy && !this.#isHindered(role);
    pulse.idle = hasMoved || !pulse.owes ? 0 : pulse.idle + 1;
  }

  /**
   * Asks everyone; ends who owes too many answers or gets nowhere. Returns the cells that keep values from passing although
   * that was done: what can't be ended, what falls silent again and again, and what gets nowhere whoever is started anew. A
   * cell that waits or is misconfigured is none.
   */
  ask(): StartedRole[] {
    const stuck: StartedRole[] = [];
    for (const cell of this.#cells()) {
      const pulse = this.#pulse(cell.role);
      if (cell.pid !== pulse.pid) Object.assign(pulse, NEW_PROCESS, { pid: cell.pid });
      if (cell.pid === null) continue;
      const survived = pulse.ended;
      this.#examine(cell, cell.pid, pulse);
      const isPastHelp = survived || pulse.inVain >= MAX_IN_VAIN || this.#isStalled(cell, pulse);
      if (isPastHelp && TRANSFER.includes(cell.role)) stuck.push(cell.role);
    }
    return stuck;
  }

  /** Does something about a cell that gets nowhere; true when there is nothing left to try. */
  #isStalled({ role }: Watched, pulse: Pulse): boolean {
    const remedies = REMEDIES[role] ?? [];
    if (pulse.idle >= MAX_IDLE_ANSWERS) {
      pulse.idle = 0;
      pulse.stalls += 1;
      const remedy = remedies[pulse.stalls - 1];
      if (remedy !== undefined) this.#startAnew(remedy, role);
    }
    return pulse.owes && pulse.stalls > remedies.length;
  }

  #startAnew(remedy: StartedRole, role: StartedRole): void {
    const seconds = (MAX_IDLE_ANSWERS * PING_INTERVAL_MS) / 1000;
    const who = remedy === role ? "it" : `the ${remedy} cell`;
    this.#log.error(
      `the ${role} cell answers, but has got nowhere for ${seconds} s with what it has to do; ${who} is ended and started again`,
    );
    for (const { role: each, pid } of this.#cells()) if (each === remedy && pid !== null) this.#kill(pid);
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
      pulse = { ...NEW_PROCESS, pid: null, inVain: 0, stalls: 0 };
      this.#pulses.set(role, pulse);
    }
    return pulse;
  }
}
