import { formatZone, parseZone } from "./zone.ts";

/**
 * What the console cell says to the log cell, which alone writes to the serial line: short ASCII lines over a pipe. The
 * console reads what anybody may type, so the log cell takes nothing but these exact forms and ignores everything else.
 */

/** Longest line that may be typed. */
export const MAX_TYPED = 64;
const MAX_ANSWER = 200;

export type ConsoleMessage =
  /** What is on the line that is being typed; the whole of it. */
  | { readonly kind: "typed"; readonly text: string }
  /** The line is complete. */
  | { readonly kind: "entered" }
  | { readonly kind: "answer"; readonly text: string }
  /** The offset from UTC that is to be shown and kept (R149). */
  | { readonly kind: "zone"; readonly minutes: number };

const TYPED_LINE = new RegExp(`^typed ([\\x20-\\x7e]{0,${MAX_TYPED}})$`);
const ANSWER_LINE = new RegExp(`^answer ([\\x20-\\x7e]{1,${MAX_ANSWER}})$`);
const ZONE_LINE = /^zone ([+-][0-9]{4})$/;

export function formatConsoleMessage(message: ConsoleMessage): string {
  switch (message.kind) {
    case "typed":
    case "answer":
      return `${message.kind} ${message.text}\n`;
    case "entered":
      return "entered\n";
    case "zone":
      return `zone ${formatZone(message.minutes)}\n`;
  }
}

/** Reads one line; null when it is not one of the known forms. */
export function parseConsoleMessage(line: string): ConsoleMessage | null {
  if (line === "entered") return { kind: "entered" };
  const typed = TYPED_LINE.exec(line)?.[1];
  if (typed !== undefined) return { kind: "typed", text: typed };
  const answer = ANSWER_LINE.exec(line)?.[1];
  if (answer !== undefined) return { kind: "answer", text: answer };
  const minutes = parseZone(ZONE_LINE.exec(line)?.[1] ?? "");
  return minutes === null ? null : { kind: "zone", minutes };
}
