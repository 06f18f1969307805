import type { Log } from "./log-line.ts";
import { itemsSeconds } from "./status-interval.ts";

/** What became of each item's values, told in regular intervals (R143, R165): how many, never which. */

/** A line of the log is about this long at most. */
const LINE_BYTES = 800;
/** More lines than this in one go would fill the serial line for seconds: what is left over is added up. */
const MOST_LINES = 40;
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
  let rest = { items: 0, sum: 0 };
  for (const { name, count } of moved) {
    const item = `${JSON.stringify(name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name)} ${count}`;
    if (rest.items > 0 || (lines.length === MOST_LINES - 1 && line.length + item.length > LINE_BYTES)) {
      rest = { items: rest.items + 1, sum: rest.sum + count };
      continue;
    }
    if (line.length + item.length > LINE_BYTES) {
      lines.push(`${line})`);
      line = what;
      separator = " (";
    }
    line += `${separator}${item}`;
    separator = ", ";
  }
  const others = rest.items > 0 ? `, ${rest.items} more items ${rest.sum}` : "";
  const end = separator === ", " ? `${others})` : "";
  const none = unchanged === 0 ? "" : `; ${unchanged} item${unchanged === 1 ? "" : "s"} unchanged`;
  return [...lines, `${line}${end}${none}`];
}

/** Writes lines to the log once a minute; `seconds` is how long the last one was. */
export function everyInterval(log: Pick<Log, "info">, lines: (seconds: string) => readonly string[]): void {
  let since = performance.now();
  setInterval(() => {
    const now = performance.now();
    for (const line of lines(((now - since) / 1000).toFixed(0))) log.info(line);
    since = now;
  }, itemsSeconds() * 1000);
}
