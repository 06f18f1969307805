import { writeSync } from "node:fs";
import { platform } from "#platform";
import { EXIT_CONFIG, EXIT_SOFTWARE } from "../cells/cell.ts";
import { FdLog } from "../link/log-line.ts";
import { LineSplitter, MARK_PREFIX, parseStatus, type Status } from "../link/status.ts";
import { statusSeconds } from "../link/status-interval.ts";
import type { Exit, Pipe } from "../runtime/platform-types.ts";
import { watchCard } from "./card-watch.ts";
import { Connections } from "./connections.ts";
import { Gate, isOnCard } from "./gate.ts";
import { openKernelLog } from "./kernel-log.ts";
import { takeLastLine, tellSerial } from "./last-words.ts";
import { Liveness, PING_INTERVAL_MS } from "./liveness.ts";
import { ROLES, type StartedRole } from "./load-cell.ts";
import { Network } from "./network.ts";
import { tellChangedSettings } from "./network-report.ts";
import { type FoundPartition, findPartitions, partitionLines } from "./partitions.ts";
import type { Side } from "./port.ts";
import { describeError, runCell } from "./run-cell.ts";
import { Slot } from "./slot.ts";
import { memoryInUse, Vitals } from "./vitals.ts";
import { Watchdog } from "./watchdog.ts";

/** A cell that ran this long was healthy: its next crash is a first one again. */
const HEALTHY_SECONDS = 60;
/** How long the start waits for one cell before it goes on with the next. */
const START_PATIENCE_MS = 60_000;
/** How long cells may take to say good-bye. */
const STOP_PATIENCE_MS = 3_000;
const CARD_PULLED =
  "[BLKDEVSR] the card was pulled out; values are transferred as before, the health log waits until it is back";
/** Which network namespace a cell's peer is in (R26, R31). */
const SIDES: Partial<Record<StartedRole, Side>> = { opcua: "inw", mqtt: "enw" };

/** Creates pipes and cells, starts again what dies, and tells the cells in which order to begin (design §6). */
export class Supervisor {
  readonly #root: string;
  readonly #serialFd: number;
  /** What is typed on the serial line; null: nobody can. */
  readonly #typedFd: number | null;
  readonly #lines: Pipe;
  readonly #toNavigation: Pipe;
  readonly #toMqtt: Pipe;
  readonly #toScreen: Pipe;
  /** Null: there is none of ours. */
  readonly #kernelFd: number | null;
  readonly #slots: ReadonlyMap<StartedRole, Slot>;
  readonly #log: FdLog;
  readonly #connections = new Connections(() => platform.uptime());
  readonly #network: Network;
  readonly #gates: ReadonlyMap<StartedRole, Gate>;
  readonly #liveness: Liveness;
  readonly #watchdog: Watchdog;
  readonly #marks = new Map<number, () => void>();
  #lastMark = 0;
  #vitals: Vitals;
  #begun = false;
  /** The cells that transfer were started, or are about to be. */
  #transferring = false;
  #stopping = false;

  constructor(options: { root: string; serialFd: number; typedFd: number | null }) {
    this.#root = options.root;
    this.#serialFd = options.serialFd;
    this.#typedFd = options.typedFd;
    // Made once: a cell that is started again finds its pipes as they were, with what is still in them.
    this.#lines = platform.pipe();
    this.#toNavigation = platform.pipe();
    this.#toMqtt = platform.pipe();
    this.#toScreen = platform.pipe();
    this.#kernelFd = platform.kind === "quickjs" ? openKernelLog() : null;
    this.#slots = new Map(ROLES.map((role) => [role, new Slot(role, platform)]));
    this.#log = new FdLog(this.#lines.writeFd);
    this.#gates = new Map(
      ROLES.flatMap((role) => {
        const side = SIDES[role];
        return side ? [[role, new Gate({ side, platform, log: this.#log })]] : [];
      }),
    );
    this.#network = new Network({ platform, log: this.#log });
    this.#watchdog = new Watchdog(this.#log);
    this.#liveness = new Liveness({
      cells: () => this.#slots.values(),
      kill: (pid) => platform.kill(pid, "SIGKILL"),
      isHindered: (role) => this.#isHindered(role),
      log: this.#log,
    });
    this.#vitals = this.#newVitals();
  }

  /** Starts everything, in the order of the log that operators know (R137–R142). */
  async start(): Promise<void> {
    process.on("uncaughtException", (error) => this.#giveUp(error));
    platform.onExit((pid, exit) => this.#onExit(pid, exit));
    process.on("SIGTERM", () => this.#stop());
    process.on("SIGINT", () => this.#stop());
    for (const slot of this.#slots.values()) this.#listen(slot);
    // On a developer's machine it would be that machine's.
    if (isOnCard()) this.#watchdog.start(platform);
    setInterval(() => this.#watchdog.tick(this.#liveness.ask()), PING_INTERVAL_MS);

    await this.#startAndSettle("log");
    const partitions = this.#findPartitions();
    const { info, error } = partitionLines(partitions);
    for (const line of info) this.#log.info(line);
    if (error !== null) this.#log.error(error);
    await this.#putOut(this.#lines);

    // Without the partition that holds the settings there is nothing to transfer; the line above has said so.
    if (partitions.find(({ label }) => label === "HW-IDS")?.problem === null) await this.#startTransfer();
    this.#watchdog.tell();
    this.#watchNetwork();
    if (this.#typedFd !== null) await this.#startAndSettle("console");
    watchCard({
      events: {
        onPulled: () => this.#log.warning(CARD_PULLED),
        onReturned: (found) => this.#onCardReturned(found),
      },
      findPartitions: () => this.#findPartitions(),
      stderrFd: this.#lines.writeFd,
    });
  }

  #findPartitions(): FoundPartition[] {
    return findPartitions({ root: this.#root, onDevice: platform.kind === "quickjs" });
  }

  /** What runs goes on as it is, with the settings it has; what is down for want of its settings gets a new chance. */
  #onCardReturned(partitions: readonly FoundPartition[]): void {
    const { error } = partitionLines(partitions);
    if (error === null) this.#log.info("[BLKDEVSR] the card is back, its partitions are checked and mounted");
    else this.#log.error(error);
    const labels = partitions.filter(({ problem }) => problem === null).map(({ label }) => label);
    tellChangedSettings({ root: this.#root, labels, log: this.#log });
    if (partitions.find(({ label }) => label === "HW-IDS")?.problem !== null) return;
    const down = [...this.#slots.values()].filter((slot) => slot.down).map(({ role }) => role);
    if (!this.#transferring) void this.#startTransfer();
    else if (down.length > 0) {
      // Routes come from the settings of both sides, so nothing less than a new start makes use of the new ones.
      this.#log.info(
        `[SUPERVISOR] the gateway starts anew with what is on the card now: ${down.join(" and ")} was down for its settings`,
      );
      this.#stop();
    }
  }

  async #startTransfer(): Promise<void> {
    this.#transferring = true;
    for (const role of ["opcua", "mqtt", "navigation"] as const) {
      await this.#startAndSettle(role);
      await this.#putOut(this.#slot(role).stderr);
    }
    this.#log.info(
      `[SUPERVISOR] start completed, ${platform.uptime().toFixed(1)} s after the kernel started; ${memoryInUse()}`,
    );
    this.#vitals = this.#newVitals();
    setInterval(() => this.#tellVitals(), statusSeconds() * 1000);
    this.#begun = true;
    this.#go(this.#slot("opcua"));
    this.#go(this.#slot("mqtt"));
  }

  /** Link and addresses of both sides: the cell of that side acts on their changes (L20). */
  #watchNetwork(): void {
    this.#network.watch((side, word) => {
      for (const slot of this.#slots.values()) if (SIDES[slot.role] === side) slot.say(word);
    });
  }

  /** Values wait on the device for as long as the broker, or the cell that takes them, is not there. */
  #isHindered(role: StartedRole): boolean {
    const navigation = this.#slot("navigation");
    if (role === "opcua") return navigation.pid === null || !navigation.started;
    return role === "navigation" && !this.#connections.isConnected("mqtt");
  }

  #newVitals(): Vitals {
    return new Vitals({ uptime: () => platform.uptime(), cells: () => this.#slots.values() });
  }

  #tellVitals(): void {
    this.#log.info(`[SUPERVISOR] ${this.#vitals.tell()}; ${this.#connections.tell()}`);
    this.#network.tellIntruders();
  }

  /** What somebody at the console wants to know on top of that. */
  #tellState(): void {
    this.#tellVitals();
    this.#log.info(`[SUPERVISOR] ${this.#connections.explain()}`);
    const network = this.#network.describe();
    if (network !== null) this.#log.info(`[NETWORK] ${network}`);
  }

  #slot(role: StartedRole): Slot {
    const slot = this.#slots.get(role);
    if (!slot) throw new Error(`there is no ${role} cell`);
    return slot;
  }

  /** The descriptors that a cell keeps, in the order in which it looks for them. */
  #descriptors(slot: Slot): number[] {
    const own = [slot.status.writeFd, slot.control.readFd];
    switch (slot.role) {
      case "opcua":
        return [...own, this.#toNavigation.writeFd];
      case "navigation":
        return [...own, this.#toNavigation.readFd, this.#toMqtt.writeFd];
      case "mqtt":
        return [...own, this.#toMqtt.readFd];
      case "log": {
        const sources = [...this.#slots.values()].map(({ stderr }) => stderr.readFd);
        const inputs = [this.#toScreen.readFd, this.#lines.readFd, ...sources];
        return [...own, this.#serialFd, ...inputs, ...(this.#kernelFd === null ? [] : [this.#kernelFd])];
      }
      case "console":
        if (this.#typedFd === null) throw new Error("there is no serial line to read");
        return [...own, this.#typedFd, this.#toScreen.writeFd];
    }
  }

  #launch(slot: Slot): void {
    const { role } = slot;
    const descriptors = this.#descriptors(slot);
    const root = this.#root;
    const { again } = slot;
    slot.again = true;
    slot.startedAt = platform.uptime();
    slot.started = false;
    slot.down = false;
    try {
      slot.pid = platform.spawn({
        role,
        keep: descriptors,
        stderrFd: slot.stderr.writeFd,
        body: () => void runCell({ role, root, descriptors, again }),
      });
    } catch (error) {
      this.#launchLater(slot, `could not be started (${describeError(error)})`);
    }
  }

  async #startAndSettle(role: StartedRole): Promise<void> {
    const slot = this.#slot(role);
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, START_PATIENCE_MS);
      slot.onSettled = () => {
        clearTimeout(patience);
        resolve();
      };
      this.#launch(slot);
    });
    slot.onSettled = null;
  }

  /** Waits until the log cell has put out everything that was written to this pipe so far. */
  async #putOut(pipe: Pipe): Promise<void> {
    this.#lastMark += 1;
    const mark = this.#lastMark;
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, START_PATIENCE_MS);
      this.#marks.set(mark, () => {
        clearTimeout(patience);
        resolve();
      });
      writeSync(pipe.writeFd, `\n${MARK_PREFIX}${mark}\n`);
    });
    this.#marks.delete(mark);
  }

  #listen(slot: Slot): void {
    const lines = new LineSplitter();
    platform.reader(
      slot.status.readFd,
      (chunk) =>
        lines.push(chunk, (line) => {
          const status = parseStatus(line.toString("latin1"));
          if (status) this.#onStatus(slot, status);
        }),
      (error) => {
        if (error) this.#log.error(`the status of the ${slot.role} cell can't be read: ${error.message}`);
      },
    );
  }

  #onStatus(slot: Slot, status: Status): void {
    this.#liveness.heard(slot.role, status);
    switch (status.kind) {
      case "peer":
        this.#gates.get(slot.role)?.notePeer(status.peer);
        return;
      case "resolved":
        this.#gates.get(slot.role)?.openResolved(status.addresses);
        slot.say("go");
        return;
      case "reached":
        if (slot.role === "log") this.#marks.get(status.mark)?.();
        return;
      case "started":
        slot.started = true;
        slot.onSettled?.();
        if (this.#begun) this.#go(slot);
        return;
      case "clock":
        if (slot.role === "console") this.#setClock(status.seconds);
        return;
      case "vitals":
        if (slot.role === "console") this.#tellState();
        return;
      case "connected":
        this.#connections.note(slot.role, null);
        return;
      case "disconnected":
        this.#connections.note(slot.role, status.reason);
        return;
      case "alive":
        return;
    }
  }

  /** R148, R150: what the console asks for is done here, for no cell has the right to; the line is for the auditor, too. */
  #setClock(seconds: number): void {
    const before = new Date().toISOString();
    try {
      platform.setClock(seconds);
      this.#log.info(`[CLOCK] the clock was set to ${new Date().toISOString()}, it was ${before}`);
    } catch (error) {
      this.#log.error(`[CLOCK] the clock can't be set: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** Opens the way to the peer and lets the cell connect. */
  #go(slot: Slot): void {
    if (slot.pid === null) return;
    this.#gates.get(slot.role)?.openAddress();
    slot.say("go");
  }

  #onExit(pid: number, exit: Exit): void {
    const slot = [...this.#slots.values()].find((candidate) => candidate.pid === pid);
    if (!slot) return;
    slot.pid = null;
    slot.onSettled?.();
    if (SIDES[slot.role] !== undefined) this.#connections.note(slot.role, "the cell has ended, see the log");
    slot.down = exit.code === EXIT_CONFIG;
    if (this.#stopping || slot.down) return;
    if (platform.uptime() - slot.startedAt >= HEALTHY_SECONDS) slot.backoff.reset();
    const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
    this.#launchLater(slot, `ended unexpectedly (${how})`);
  }

  #launchLater(slot: Slot, what: string): void {
    const delay = slot.backoff.next();
    const when = delay === 0 ? "at once" : `in ${(delay / 1000).toFixed(1)} s`;
    let text = `the ${slot.role} cell ${what}; it is started again ${when}`;
    // Nobody but us can say so when it is the log cell that does not stay.
    if (slot.role === "log" && delay > 0) {
      const words = takeLastLine(slot.stderr.readFd);
      if (words !== null) text += `. Its last words: ${words}`;
      tellSerial(this.#serialFd, text);
    }
    this.#log.error(text);
    setTimeout(() => {
      if (!this.#stopping) this.#launch(slot);
    }, delay);
  }

  /** Nobody knows what this error has left behind: everything is started anew, and the log says why. */
  #giveUp(error: unknown): void {
    // The end must not fail at the same error.
    if (this.#stopping) process.exit(EXIT_SOFTWARE);
    const text = `the supervisor met an error it can't handle, the gateway is started anew: ${describeError(error)}`;
    if (this.#slot("log").pid === null) tellSerial(this.#serialFd, text);
    else this.#log.error(text);
    this.#stop(EXIT_SOFTWARE);
  }

  /** Ends the cells, the log last so that their last lines are kept. */
  #stop(exitCode = 0): void {
    if (this.#stopping) return;
    this.#stopping = true;
    const running = () => [...this.#slots.values()].filter((slot) => slot.pid !== null);
    const finish = () => {
      for (const slot of running()) if (slot.pid !== null) platform.kill(slot.pid, "SIGKILL");
      this.#watchdog.stop();
      process.exit(exitCode);
    };
    setTimeout(finish, STOP_PATIENCE_MS);
    const next = () => {
      const left = running();
      if (left.length === 0) finish();
      const others = left.filter((slot) => slot.role !== "log");
      const log = left.find((slot) => slot.role === "log");
      if (others.length === 0 && log?.pid != null) platform.kill(log.pid, "SIGTERM");
    };
    platform.onExit(next);
    for (const slot of running())
      if (slot.role !== "log" && slot.pid !== null) platform.kill(slot.pid, "SIGTERM");
    next();
  }
}
