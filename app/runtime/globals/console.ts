/** The global console: standard output and standard error, written at once. */
import { processBinding } from "../node/process.ts";
import { format } from "../node/util/format.ts";
import { type InspectOptions, inspect } from "../node/util/inspect.ts";

const STDOUT = 1;
const STDERR = 2;

let indentation = "";
const counts = new Map<string, number>();
const timers = new Map<string, number>();

function put(fd: number, text: string): void {
  const shown = indentation === "" ? text : indentation + text.replaceAll("\n", `\n${indentation}`);
  try {
    processBinding.print(fd, `${shown}\n`);
  } catch {
    // As in Node.js, a console that nobody reads is no reason to fail.
  }
}

const log = (...args: unknown[]) => put(STDOUT, format(...args));
const error = (...args: unknown[]) => put(STDERR, format(...args));

function elapsed(label: string): string | null {
  const started = timers.get(label);
  if (started === undefined) return null;
  const milliseconds = performance.now() - started;
  return milliseconds < 1000 ? `${milliseconds.toFixed(3)}ms` : `${(milliseconds / 1000).toFixed(3)}s`;
}

export const console = {
  log,
  info: log,
  debug: log,
  error,
  warn: error,
  trace(...args: unknown[]) {
    const stack = new Error("trace").stack?.split("\n").slice(1).join("\n") ?? "";
    error(`Trace: ${format(...args)}\n${stack.trimEnd()}`);
  },
  dir: (value: unknown, options: InspectOptions = {}) =>
    log(inspect(value, { customInspect: false, ...options })),
  table: log,
  assert(condition: unknown, ...args: unknown[]) {
    if (condition) return;
    if (args.length === 0) error("Assertion failed");
    else error(`Assertion failed: ${args[0]}`, ...args.slice(1));
  },
  count(label = "default") {
    const count = (counts.get(label) ?? 0) + 1;
    counts.set(label, count);
    log(`${label}: ${count}`);
  },
  countReset: (label = "default") => void counts.delete(label),
  group(...args: unknown[]) {
    if (args.length > 0) log(...args);
    indentation += "  ";
  },
  groupCollapsed(...args: unknown[]) {
    console.group(...args);
  },
  groupEnd() {
    indentation = indentation.slice(2);
  },
  time: (label = "default") => void timers.set(label, performance.now()),
  timeLog(label = "default", ...args: unknown[]) {
    const time = elapsed(label);
    if (time !== null) log(`${label}: ${time}`, ...args);
  },
  timeEnd(label = "default") {
    console.timeLog(label);
    timers.delete(label);
  },
};
