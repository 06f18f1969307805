/** A log that keeps its lines, each with its level in front. */
import type { Log } from "../../app/link/log-line.ts";

export function logInto(lines: string[]): Log {
  const note =
    (level: string) =>
    (text: string): void =>
      void lines.push(`${level}: ${text}`);
  return { info: note("Info"), warning: note("Warning"), error: note("Error"), debug: note("Debug") };
}
