import { stamp } from "./stamp.ts";

/** Turns what a cell wrote into one line of the log. */

const LEVEL = /^(?:Info|Warning|Error|Debug): /;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** The line as it goes to serial and file: stamped, one line, no control characters. Null: there is nothing to say. */
export function formatLine(options: {
  raw: Buffer;
  source: string;
  time: Date;
  /** Minutes ahead of UTC. */
  zone: number;
}): string | null {
  // Invalid UTF-8 becomes U+FFFD; control characters can neither end the line nor steer a terminal.
  const text = options.raw.toString("utf8").replace(CONTROL, " ").trim();
  if (text === "") return null;
  // A line without a level was not written by us: a library or the runtime itself.
  const levelled = LEVEL.test(text) ? text : `Warning: [${options.source}] ${text}`;
  return `${stamp(options.time, options.zone)} ${levelled}\n`;
}

/** A record of /dev/kmsg (`priority,sequence,microseconds,flags;text`), as a line without level. Null: not a record. */
export function kernelText(record: Buffer): Buffer | null {
  const start = record.indexOf(0x3b);
  if (start === -1) return null;
  const end = record.indexOf(0x0a, start);
  const text = record.subarray(start + 1, end === -1 ? record.length : end);
  return Buffer.concat([Buffer.from("Info: [kernel] ", "latin1"), text]);
}
