import { plainText } from "../../link/plain-text.ts";
import { stamp } from "./stamp.ts";

/** Turns what a cell wrote into one line of the log. */

const LEVEL = /^(?:Info|Warning|Error|Debug): /;

/** The line as it goes to serial and file: stamped, one line, no control characters. Null: there is nothing to say. */
export function formatLine(options: {
  raw: Buffer;
  source: string;
  time: Date;
  /** Minutes ahead of UTC. */
  zone: number;
}): string | null {
  // Invalid UTF-8 becomes U+FFFD.
  const text = plainText(options.raw.toString("utf8")).trim();
  if (text === "") return null;
  // A line without a level was not written by us: a library or the runtime itself.
  const levelled = LEVEL.test(text) ? text : `Warning: [${options.source}] ${text}`;
  return `${stamp(options.time, options.zone)} ${levelled}\n`;
}
