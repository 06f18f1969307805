import { ConfigFault } from "../../config/fault.ts";
import { LOG_DIRECTORY, LOG_SETTINGS_NAME } from "../../config/paths.ts";

/** `/logs/.log` on HW-LOG (R154–R157). */

export interface LogLimits {
  /** Longest a log file becomes, in bytes. */
  readonly fileBytes: number;
  /** Most that all log files together occupy, in bytes. */
  readonly directoryBytes: number;
}

export const LOG_SETTINGS_FILE = `HW-LOG:${LOG_DIRECTORY}/${LOG_SETTINGS_NAME}`;
const FILE_KEY = "LogFileSizeLimit";
const DIRECTORY_KEY = "DirectorySizeLimit";
const BYTES = /^[1-9][0-9]{0,14}$/;

/** Reads `Key=Value` lines; throws a `ConfigFault` when a limit is missing or is no positive number (R167). */
export function parseLogSettings(text: string): LogLimits {
  const found = new Map<string, { value: string; line: number }>();
  text.split("\n").forEach((raw, index) => {
    const line = raw.trim();
    const equals = line.indexOf("=");
    if (line === "" || line.startsWith("#") || equals === -1) return;
    found.set(line.slice(0, equals).trim(), { value: line.slice(equals + 1).trim(), line: index + 1 });
  });
  const bytes = (key: string): number => {
    const entry = found.get(key);
    if (entry && BYTES.test(entry.value)) return Number(entry.value);
    throw new ConfigFault({
      rule: "log-limit",
      file: LOG_SETTINGS_FILE,
      place: entry && { line: entry.line, column: 1 },
      values: {
        key,
        fault: entry ? "must be a positive number of bytes" : "is missing",
        example: key === FILE_KEY ? 100000000 : 1500000000,
      },
    });
  };
  return { fileBytes: bytes(FILE_KEY), directoryBytes: bytes(DIRECTORY_KEY) };
}
