import type { Log } from "./log-line.ts";
import { itemsSeconds } from "./status-interval.ts";

/** What became of each item's values, told in regular intervals (R143, R165): how many, never which. */

/** A line of the log is about this long at most. */
const LINE_BYTES = 800;
/** More lines than this in a second would hold up all others on the serial line, which takes 14 of them. */
const LINES_A_SECOND = 4;
/** What part of the interval they may be spread over, when they are more. */
const SPREAD = 0.9;
const LONGEST_NAME = 40;

/** A number per item since the start, by port; it goes round at 2^32. */
export type ItemTotals = ReadonlyMap<number, number>;

/** Keeps what was told last of each item. */
export class ItemCounters {
  readonly #names: ReadonlyMap<number, string>;
  readonly #index = new Map<number, number>();
  readonly #told: Uint32Array;

  constructor(names: ReadonlyMap<number, string>) {
    this.#names = names;
    for (const port of names.keys()) this.#index.set(port, this.#index.size);
    this.#told = new Uint32Array(names.size);
  }

  /** Lines about what has come on top since the last call, all beginning with `what`: sum, items, how many had none. */
  describe(what: string, totals: ItemTotals): string[] {
    const moved: { readonly name: string; readonly count: number }[] = [];
    let sum = 0;
    for (const [port, total] of totals) {
      const index = this.#index.get(port);
      if (index === undefined) continue;
      const count = (total - (this.#told[index] as number)) >>> 0;
      this.#told[index] = total;
      if (count === 0) continue;
      sum += count;
      moved.push({ name: this.#names.get(port) ?? "", count });
    }
    return foldLines(`${what}: ${sum}`, what, moved, this.#names.size - moved.length);
  }
}

/** As few lines as possible, none longer than `LINE_BYTES`. */
function foldLines(
  first: string,
  what: string,
  moved: readonly { readonly name: string; readonly count: number }[],
  unchanged: number,
): string[] {
  const lines: string[] = [];
  let line = first;
  let separator = " (";
  for (const { name, count } of moved) {
    const item = `${JSON.stringify(name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name)} ${count}`;
    if (line.length + item.length > LINE_BYTES) {
      lines.push(`${line})`);
      line = what;
      separator = " (";
    }
    line += `${separator}${item}`;
    separator = ", ";
  }
  const end = separator === ", " ? ")" : "";
  const none = unchanged === 0 ? "" : `; ${unchanged} item${unchanged === 1 ? "" : "s"} unchanged`;
  return [...lines, `${line}${end}${none}`];
}

/**
 * Writes lines to the log once a minute, many of them spread over it; `seconds` is how long the last one was. With 10,000
 * items they are some hundreds.
 */
export function everyInterval(log: Pick<Log, "info">, lines: (seconds: string) => readonly string[]): void {
  const interval = itemsSeconds();
  const turns = Math.max(1, Math.floor(interval * SPREAD));
  let since = performance.now();
  let rest: readonly string[] = [];
  let perTurn = 0;
  let next: ReturnType<typeof setTimeout> | undefined;
  const write = (count: number): void => {
    for (const line of rest.slice(0, count)) log.info(line);
    rest = rest.slice(count);
  };
  const turn = (): void => {
    write(perTurn);
    if (rest.length > 0) next = setTimeout(turn, 1000);
  };
  setInterval(() => {
    // Held up: nothing is left out, and nothing is told twice.
    clearTimeout(next);
    write(rest.length);
    const now = performance.now();
    rest = lines(((now - since) / 1000).toFixed(0));
    since = now;
    perTurn = Math.max(LINES_A_SECOND, Math.ceil(rest.length / turns));
    turn();
  }, interval * 1000);
}
