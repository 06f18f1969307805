/** Where util.inspect breaks lines. */
import type { Context } from "./inspect-primitive.ts";
import type { Shape } from "./inspect-shape.ts";

/** Groups many short list entries into aligned columns, as Node does for lists longer than six. */
function groupElements(output: string[], value: object, context: Context): string[] {
  const { breakLength, compact, maxArrayLength } = context.options;
  const hasRest = maxArrayLength !== null && Array.isArray(value) && value.length > maxArrayLength;
  const count =
    hasRest || /^\.\.\. \d+ more item/.test(output.at(-1) ?? "") ? output.length - 1 : output.length;
  const lengths = output.slice(0, count).map((entry) => entry.length);
  const longest = Math.max(...lengths) + 2;
  const total = lengths.reduce((sum, length) => sum + length + 2, 0);
  if (longest * 3 + context.indentation >= breakLength) return output;
  if (!(total / longest > 5 || longest - 2 <= 6)) return output;
  const bias = Math.sqrt(longest - total / output.length);
  const width = Math.max(longest - 3 - bias, 1);
  const columns = Math.min(
    Math.round(Math.sqrt(2.5 * width * count) / width),
    Math.floor((breakLength - context.indentation) / longest),
    (typeof compact === "number" ? compact : 3) * 4,
    15,
  );
  if (columns <= 1) return output;
  const widths: number[] = [];
  for (let column = 0; column < columns; column++) {
    let widest = 0;
    for (let at = column; at < count; at += columns) widest = Math.max(widest, (lengths[at] ?? 0) + 2);
    widths.push(widest);
  }
  const alignRight =
    Symbol.iterator in value &&
    [...(value as Iterable<unknown>)].every((v) => typeof v === "number" || typeof v === "bigint");
  const rows: string[] = [];
  for (let from = 0; from < count; from += columns) {
    const to = Math.min(from + columns, count);
    let row = "";
    for (let at = from; at < to; at++) {
      const last = at === to - 1;
      const cell = `${output[at]}${last ? "" : ", "}`;
      const room = (widths[at - from] ?? 0) - (last ? 2 : 0);
      if (alignRight) row += cell.padStart(room);
      else row += last ? cell : cell.padEnd(room);
    }
    rows.push(row);
  }
  return count < output.length ? [...rows, output[count] as string] : rows;
}

function fitsOneLine(entries: readonly string[], start: number, base: string, context: Context): boolean {
  const { breakLength } = context.options;
  const total = entries.reduce((sum, entry) => sum + entry.length, entries.length + start);
  return total <= breakLength && !base.includes("\n");
}

export function join(output: string[], shape: Shape, value: object, context: Context): string {
  const { compact } = context.options;
  const [open, close] = shape.braces;
  const base = shape.base === "" ? "" : `${shape.base} `;
  const indentation = `\n${" ".repeat(context.indentation)}`;
  let entries = output;
  if (compact === true) {
    if (fitsOneLine(entries, 0, shape.base, context) && !entries.some((entry) => entry.includes("\n")))
      return `${open}${base && ` ${shape.base}`} ${entries.join(", ")} ${close}`;
    // The first entry stands behind a short brace, and below a longer beginning.
    const first = base === "" && open.length === 1 ? " " : `${base && ` ${shape.base}`}${indentation}  `;
    return `${open}${first}${entries.join(`,${indentation}  `)} ${close}`;
  }
  if (typeof compact === "number" && compact >= 1) {
    if (shape.isList && output.length > 6) entries = groupElements(output, value, context);
    if (context.lastLevel - context.depth < compact && entries.length === output.length) {
      const start = entries.length + context.indentation + open.length + shape.base.length + 10;
      const single = entries.join(", ");
      if (fitsOneLine(entries, start, shape.base, context) && !single.includes("\n")) {
        return `${base}${open} ${single} ${close}`;
      }
    }
  }
  return `${base}${open}${indentation}  ${entries.join(`,${indentation}  `)}${indentation}${close}`;
}
