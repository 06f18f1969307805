import { MAX_PAYLOAD_BYTES } from "../../../link/frame-format.ts";
import { UnreadableValueError } from "./byte-reader.ts";

/** No array or structure becomes longer: what is longer is not forwarded anyway. */
export const LONGEST_TEXT = MAX_PAYLOAD_BYTES;
/** Of a matrix without elements: rows that are still written. */
const MOST_EMPTY_ROWS = 10_000;

/** A matrix is stored row by row; JSON nests its rows (Part 6 §5.4.5). */
export function nested(texts: readonly string[], dimensions: readonly number[]): string {
  const count = dimensions.reduce((product, length) => product * length, 1);
  if (dimensions.length === 0 ? texts.length > 0 : count !== texts.length)
    throw new UnreadableValueError("dimensions that don't fit the elements");
  // Rows without elements need no bytes: a few of them could ask for a text without end.
  let rows = 1;
  for (const length of count === 0 ? dimensions.slice(0, -1) : []) {
    rows *= length;
    if (rows > MOST_EMPTY_ROWS) throw new UnreadableValueError(`${rows} empty rows`);
  }
  const nest = (depth: number, from: number, size: number): string => {
    const length = dimensions[depth] ?? 0;
    if (depth >= dimensions.length - 1) return `[${texts.slice(from, from + length).join(",")}]`;
    const step = length === 0 ? 0 : size / length;
    const inner: string[] = [];
    for (let index = 0; index < length; index += 1) inner.push(nest(depth + 1, from + index * step, step));
    return `[${inner.join(",")}]`;
  };
  return nest(0, 0, texts.length);
}
