import type { Place } from "./json.ts";
import type { Severity } from "./rule.ts";
import { fillIn, RULES, type RuleId, type RuleValues } from "./rules.ts";

/** Which rule a setting breaks, and where. */
export interface FaultDetails {
  readonly rule: RuleId;
  /** The file, as the operator finds it: `HW-IDS:/app/…/OpcUaClientSettings-0.json`. */
  readonly file: string;
  /** Line and column, where the file is text and was readable. */
  readonly place?: Place | undefined;
  /** JSON pointer of the setting. */
  readonly pointer?: string | undefined;
  /** The settings file that the pointer is into, where that is not the file at fault but the one that names it. */
  readonly namedBy?: string | undefined;
  /** What the rule's text and cure leave open. */
  readonly values?: RuleValues | undefined;
}

/** One fault of the configuration; its message is the line that the operator sees, with the name that `gwcard rules` explains. */
export class ConfigFault extends Error {
  readonly code = "CONFIG_FAULT";
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly file: string;
  readonly place: Place | undefined;
  readonly pointer: string | undefined;
  readonly namedBy: string | undefined;
  readonly problem: string;
  readonly cure: string;

  constructor(details: FaultDetails) {
    const { rule, file, place, pointer, namedBy, values = {} } = details;
    const where = [
      file,
      place && `line ${place.line}, column ${place.column}`,
      namedBy === undefined && pointer !== undefined && pointer !== "" && `setting ${pointer}`,
    ].filter(Boolean);
    const { text, cure, severity } = RULES[rule];
    const by = namedBy === undefined ? "" : ` (named by ${namedBy.replace(/^.*\//, "")} ${pointer})`;
    const problem = fillIn(text, values) + by;
    const help = fillIn(cure, values);
    super(`${where.join(", ")}: ${problem}. Cure: ${help} [${rule}]`);
    this.rule = rule;
    this.severity = severity;
    this.file = file;
    this.place = place;
    this.pointer = pointer;
    this.namedBy = namedBy;
    this.problem = problem;
    this.cure = help;
  }
}

/** All faults of a cell's configuration at once. */
export class ConfigError extends Error {
  readonly code = "CONFIG_ERROR";
  readonly faults: readonly ConfigFault[];
  constructor(faults: readonly ConfigFault[]) {
    super(faults.map((fault) => fault.message).join("\n"));
    this.faults = faults;
  }
}

/** One side after all its rules: settings only when there is no fault. */
export interface Examined<Settings> {
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly ConfigFault[];
  readonly settings: Settings | null;
}

/** What `read` returns, or null when it throws a fault, which is reported. */
export function attempt<T>(read: () => T, report: (fault: ConfigFault) => void): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    report(error);
    return null;
  }
}
