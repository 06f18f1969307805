import { writeSync } from "node:fs";
import { platform } from "#platform";
import { type CellContext, EXIT_CONFIG, EXIT_SOFTWARE } from "../cells/cell.ts";
import { ConfigError } from "../config/fault.ts";
import { tellFaults } from "../config/tell.ts";
import { FdLog, type Log } from "../link/log-line.ts";
import { IDLE, type Progress } from "../link/progress.ts";
import { formatStatus, isWord, LineSplitter, type Status } from "../link/status.ts";
import { loadCell, type StartedRole } from "./load-cell.ts";
import { wallsOf } from "./walls.ts";
import { Way } from "./way.ts";

const STDERR_FD = 2;

/** How long a cell may take to say good-bye that has lost its supervisor. */
const LEAVE_PATIENCE_MS = 3_000;

/** Message and the place it came from, in one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = error.stack?.split("\n").find((line) => line.trim().startsWith("at "));
  return place ? `${error.message} (${place.trim()})` : error.message;
}

/** Says what ended the cell and ends it; the exit code tells the supervisor whether to start it again. */
function end(log: Log, role: StartedRole, error: unknown): never {
  if (error instanceof ConfigError) {
    tellFaults(log, error.faults);
    process.exit(EXIT_CONFIG);
  }
  log.error(`the ${role} cell met an error it can't handle: ${describeError(error)}`);
  process.exit(EXIT_SOFTWARE);
}

/**
 * The supervisor has ended, whose successor starts cells of its own. The card's kernel kills the cell at the same moment;
 * elsewhere it says good-bye.
 */
function leave(): void {
  setTimeout(() => process.exit(EXIT_SOFTWARE), LEAVE_PATIENCE_MS);
  if (!process.emit("SIGTERM")) process.exit(EXIT_SOFTWARE);
}

/** What the supervisor says, handed to whom it concerns. */
class Words {
  readonly #report: (status: Status) => void;
  #onGo: (() => void) | null = null;
  #onNetwork: (word: "retry" | "drop") => void = () => undefined;
  #onLook: () => Progress = () => IDLE;
  /** Said before the cell asked for it. */
  #went = false;

  /** Where a name leads to is asked for before every attempt. */
  readonly way: Way;

  constructor(report: (status: Status) => void) {
    this.#report = report;
    this.way = new Way(report);
  }

  listen(controlFd: number): void {
    const lines = new LineSplitter();
    platform.reader(
      controlFd,
      (chunk) => lines.push(chunk, (line) => this.#take(line.toString("latin1"))),
      leave,
    );
  }

  onGo(callback: () => void): void {
    if (this.#went) callback();
    else this.#onGo = callback;
  }

  onNetwork(callback: (word: "retry" | "drop") => void): void {
    this.#onNetwork = callback;
  }

  onLook(callback: () => Progress): void {
    this.#onLook = callback;
  }

  #take(word: string): void {
    if (!isWord(word)) return;
    if (word === "ping") this.#report({ kind: "alive", ...this.#onLook() });
    else if (word !== "go") this.#onNetwork(word);
    else if (this.#went) this.way.grant();
    else {
      this.#went = true;
      this.#onGo?.();
    }
  }
}

/** The life of a cell's process: read bytes with all rights, put up the walls, then interpret and work. */
export async function runCell(options: {
  role: StartedRole;
  root: string;
  descriptors: readonly number[];
  again?: boolean;
}): Promise<void> {
  const { role, root, again = false } = options;
  const [statusFd, controlFd, ...descriptors] = options.descriptors;
  if (statusFd === undefined || controlFd === undefined)
    throw new Error(`the ${role} cell was started without its pipes`);
  const log = new FdLog(STDERR_FD);
  process.on("uncaughtException", (error) => end(log, role, error));
  process.on("unhandledRejection", (error) => end(log, role, error));

  // A predecessor that crashed in the middle of a line must not spoil ours.
  writeSync(statusFd, "\n");
  const report = (status: Status): void => void writeSync(statusFd, formatStatus(status));
  const words = new Words(report);
  words.listen(controlFd);
  const context: CellContext = {
    platform,
    log,
    descriptors,
    report,
    onGo: (callback) => words.onGo(callback),
    openWay(host) {
      // What a connection leaves behind refers to itself: it makes room for the next one, or a cell grows with each
      // connection until half a megabyte is waiting.
      platform.collectGarbage();
      // In development there is no packet filter, and names may lead to IPv6.
      return platform.kind === "node" ? Promise.resolve() : words.way.open(host);
    },
    onNetwork: (callback) => words.onNetwork(callback),
    onLook: (callback) => words.onLook(callback),
    onStop: (callback) => void process.on("SIGTERM", callback),
  };
  try {
    const cell = await loadCell(role);
    const walls = wallsOf(role, root);
    const start = cell.prepare({ root, onDevice: platform.kind === "quickjs", uid: walls.uid, again });
    platform.confine(walls);
    start(context);
  } catch (error) {
    end(log, role, error);
  }
}
