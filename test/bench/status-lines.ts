/** The gateway's own account of its processor time (`[SUPERVISOR] status: …`), paired with what had arrived by then. */
import { availableParallelism } from "node:os";
import { LabError } from "../lab/errors.ts";
import type { Journal } from "../lab/journal.ts";

const STATUS =
  /status: CPU ([\d.]+) % of the last ([\d.]+) s \(([^)]*)\), ([\d.]+) MB of \d+ MB of memory in use/;

export interface Interval {
  /** Of the gateway's clock. */
  readonly seconds: number;
  /** Seconds in which a processor was busy, with whatever. */
  readonly busy: number;
  /** Seconds of processor time per cell, the kernel's work on its behalf included. */
  readonly cells: ReadonlyMap<string, number>;
  readonly memoryMegabytes: number;
}

/** Null: another line. `processors`: of the machine that the gateway runs on. */
export function parseStatusLine(line: string, processors: number): Interval | null {
  const [, cpu, length, cells, memory] = STATUS.exec(line) ?? [];
  if (cells === undefined) return null;
  const seconds = Number(length);
  const time = (percent: string | undefined) => (Number(percent) / 100) * seconds * processors;
  const shares = cells.split(", ").map((entry) => entry.split(" "));
  return {
    seconds,
    busy: time(cpu),
    cells: new Map(shares.map(([role, percent]) => [role ?? "", time(percent)])),
    memoryMegabytes: Number(memory),
  };
}

/** A stretch of time between two status lines. */
export interface Stretch extends Interval {
  readonly values: number;
  /** The same stretch by this PC's clock. */
  readonly hostSeconds: number;
}

interface Mark {
  readonly interval: Interval;
  /** Values that had arrived when the line came. */
  readonly count: number;
  readonly atMs: number;
}

export class StatusLines {
  readonly #marks: Mark[] = [];
  readonly #lines: Journal<string>;

  /** `processors`: 1 on the device. */
  constructor(options: { lines: Journal<string>; count: () => number; on: "device" | "host" }) {
    const { lines, count, on } = options;
    const processors = on === "device" ? 1 : availableParallelism();
    this.#lines = lines;
    lines.follow((line) => {
      const interval = parseStatusLine(line, processors);
      if (interval !== null) this.#marks.push({ interval, count: count(), atMs: performance.now() });
    });
  }

  get length(): number {
    return this.#marks.length;
  }

  /** Until there are `length` lines in all. */
  async reach(length: number, deadlineMs: number): Promise<void> {
    await this.#lines.until(() => this.#marks.length >= length, {
      what: `status line number ${length} (${this.#marks.length} so far)`,
      deadlineMs,
    });
  }

  /** From the line `from` to the line `to`, both counted from 0. */
  stretch(from: number, to: number): Stretch {
    const [first, last] = [this.#marks[from], this.#marks[to]];
    if (first === undefined || last === undefined || to <= from)
      throw new LabError("LAB_FILE_MISSING", `there are no status lines ${from} to ${to}`);
    const intervals = this.#marks.slice(from + 1, to + 1).map(({ interval }) => interval);
    const cells = new Map<string, number>();
    for (const interval of intervals)
      for (const [role, time] of interval.cells) cells.set(role, (cells.get(role) ?? 0) + time);
    const sum = (pick: (interval: Interval) => number) =>
      intervals.reduce((total, interval) => total + pick(interval), 0);
    return {
      seconds: sum(({ seconds }) => seconds),
      busy: sum(({ busy }) => busy),
      cells,
      memoryMegabytes: Math.max(...intervals.map(({ memoryMegabytes }) => memoryMegabytes)),
      values: last.count - first.count,
      hostSeconds: (last.atMs - first.atMs) / 1000,
    };
  }
}
