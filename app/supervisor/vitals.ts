/** How the device is doing: processor time and memory as proc(5) counts them, and the line that tells of it. */
import { readFileSync } from "node:fs";
import type { StartedRole } from "./load-cell.ts";

/** proc(5) counts processor time in hundredths of a second, on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100;
/** proc(5), /proc/stat: user nice system idle iowait … */
const IDLE_FIELDS = [3, 4] as const;
/** proc(5), /proc/PID/stat: utime and stime, counted behind the name in parentheses, which may contain anything. */
const PROCESS_TIME_FIELDS = [11, 12] as const;
/** proc(5), /proc/PID/stat: rss, in pages. */
const PROCESS_PAGES_FIELD = 21;
/** Of x86. */
const PAGE_BYTES = 4096;
const MEGABYTE = 1024 * 1024;

/** Since the kernel started, all processors added up. */
export interface ProcessorTimes {
  readonly idleSeconds: number;
  readonly processors: number;
}

function secondsOf(fields: readonly (string | undefined)[], which: readonly number[]): number {
  return which.reduce((sum, at) => sum + Number(fields[at]), 0) / TICKS_PER_SECOND;
}

export function parseProcessorTimes(stat: string): ProcessorTimes {
  const lines = stat.split("\n").filter((line) => /^cpu\d* /.test(line));
  const fields = lines[0]?.split(/ +/).slice(1) ?? [];
  return { idleSeconds: secondsOf(fields, IDLE_FIELDS), processors: lines.length - 1 };
}

/** Processor time that a process has used so far, in seconds. */
export function parseProcessTime(stat: string): number {
  return secondsOf(processFields(stat), PROCESS_TIME_FIELDS);
}

/** Memory that a process has in use, program included, in bytes. */
export function parseProcessMemory(stat: string): number {
  return Number(processFields(stat)[PROCESS_PAGES_FIELD]) * PAGE_BYTES;
}

function processFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** What proc(5)'s meminfo says about the whole system's memory, in words. */
export function describeMemory(meminfo: string): string {
  const megabytes = (name: string): number =>
    Number(new RegExp(`^${name}: +([0-9]+) kB`, "m").exec(meminfo)?.[1]) / 1024;
  const total = megabytes("MemTotal");
  return `${(total - megabytes("MemAvailable")).toFixed(1)} MB of ${Math.round(total)} MB of memory in use`;
}

export function memoryInUse(): string {
  return describeMemory(readFileSync("/proc/meminfo", "latin1"));
}

/** One look at the clocks. */
export interface Reading extends ProcessorTimes {
  /** Seconds since the kernel started. */
  readonly uptime: number;
  /** Processor time and memory of the cells that run; a cell that was started again has another process. */
  readonly cells: ReadonlyMap<StartedRole, CellReading>;
}

export interface CellReading {
  readonly pid: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** `CPU 43.2 % of the last 60.0 s (opcua 21.0, …)`: the cells' shares with what the kernel does for them, and the whole. */
export function describeCpu(before: Reading, now: Reading): string {
  const seconds = now.uptime - before.uptime;
  const share = (used: number): string => ((100 * Math.max(0, used)) / (seconds * now.processors)).toFixed(1);
  const busy = seconds * now.processors - (now.idleSeconds - before.idleSeconds);
  const cells = [...now.cells].map(([role, cell]) => {
    const earlier = before.cells.get(role);
    const known = earlier !== undefined && earlier.pid === cell.pid ? earlier.seconds : 0;
    return `${role} ${share(cell.seconds - known)}`;
  });
  return `CPU ${share(busy)} % of the last ${seconds.toFixed(1)} s (${cells.join(", ")})`;
}

/** `(opcua 7.41, …)`: megabytes of each cell, to see which one grows. */
export function describeCellMemory({ cells }: Pick<Reading, "cells">): string {
  const each = [...cells].map(([role, { bytes }]) => `${role} ${(bytes / MEGABYTE).toFixed(2)}`);
  return `(${each.join(", ")})`;
}

/** Null when the process has ended in the meantime. */
function readCell(pid: number): CellReading | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return { pid, seconds: parseProcessTime(stat), bytes: parseProcessMemory(stat) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw error;
  }
}

/** Tells in regular intervals what the device was busy with. */
export class Vitals {
  readonly #uptime: () => number;
  readonly #cells: () => Iterable<{ readonly role: StartedRole; readonly pid: number | null }>;
  #last: Reading;

  constructor(options: {
    uptime: () => number;
    cells: () => Iterable<{ readonly role: StartedRole; readonly pid: number | null }>;
  }) {
    this.#uptime = options.uptime;
    this.#cells = options.cells;
    this.#last = this.#read();
  }

  /** One line about the time since the last call. */
  tell(): string {
    const before = this.#last;
    this.#last = this.#read();
    return `status: ${describeCpu(before, this.#last)}, ${memoryInUse()} ${describeCellMemory(this.#last)}`;
  }

  #read(): Reading {
    const cells = new Map<StartedRole, CellReading>();
    for (const { role, pid } of this.#cells()) {
      const cell = pid === null ? null : readCell(pid);
      if (cell !== null) cells.set(role, cell);
    }
    return { uptime: this.#uptime(), ...parseProcessorTimes(readFileSync("/proc/stat", "latin1")), cells };
  }
}
