import { ConfigError, ConfigFault, type Examined } from "./fault.ts";
import { LOG_DIRECTORY, LOG_SETTINGS_NAME } from "./paths.ts";
import type { RuleId, RuleValues } from "./rules.ts";

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
const EXAMPLES: Readonly<Record<string, number>> = { [FILE_KEY]: 100000000, [DIRECTORY_KEY]: 1500000000 };
const BYTES = /^[1-9][0-9]{0,14}$/;

function logFault(rule: RuleId, line: number | undefined, values: RuleValues = {}): ConfigFault {
  const place = line === undefined ? undefined : { line, column: 1 };
  return new ConfigFault({ rule, file: LOG_SETTINGS_FILE, place, values });
}

/** Reads `Key=Value` lines (R154–R156, R167); limits only when there is no fault. */
export function examineLogSettings(text: string): Examined<LogLimits> {
  const faults: ConfigFault[] = [];
  const warnings: ConfigFault[] = [];
  const found = new Map<string, { value: string; line: number }>();
  text.split("\n").forEach((raw, index) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return;
    const [key = "", ...rest] = line.split("=");
    const known = rest.length > 0 && key.trim() in EXAMPLES;
    if (known) found.set(key.trim(), { value: rest.join("=").trim(), line: index + 1 });
    else warnings.push(logFault("log-line", index + 1));
  });
  const bytes = (key: string): number => {
    const entry = found.get(key);
    if (entry && BYTES.test(entry.value)) return Number(entry.value);
    const fault = entry ? "must be a positive number of bytes" : "is missing";
    faults.push(logFault("log-limit", entry?.line, { key, fault, example: EXAMPLES[key] ?? 0 }));
    return 0;
  };
  const settings = { fileBytes: bytes(FILE_KEY), directoryBytes: bytes(DIRECTORY_KEY) };
  if (faults.length > 0) return { faults, warnings, settings: null };
  if (settings.directoryBytes < settings.fileBytes)
    warnings.push(logFault("log-limits-order", found.get(DIRECTORY_KEY)?.line));
  return { faults, warnings, settings };
}

/** The limits; throws `ConfigError` when one is missing or is no positive number (R167). */
export function parseLogSettings(text: string): LogLimits {
  const { faults, settings } = examineLogSettings(text);
  if (!settings) throw new ConfigError(faults);
  return settings;
}
