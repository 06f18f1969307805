import type { Place } from "./json.ts";

/** What is wrong with a setting, where, and what to do: one line of text. */
export interface FaultDetails {
  /** The file, as the operator finds it: `HW-IDS:/app/…/OpcUaClientSettings-0.json`. */
  readonly file: string;
  /** Line and column, where the file is text and was readable. */
  readonly place?: Place | undefined;
  /** JSON pointer of the setting. */
  readonly pointer?: string | undefined;
  readonly problem: string;
  readonly cure: string;
}

/** One fault of the configuration; its message is the line that the operator sees. */
export class ConfigFault extends Error implements FaultDetails {
  readonly code = "CONFIG_FAULT";
  readonly file: string;
  readonly place: Place | undefined;
  readonly pointer: string | undefined;
  readonly problem: string;
  readonly cure: string;

  constructor(details: FaultDetails) {
    const where = [
      details.file,
      details.place && `line ${details.place.line}, column ${details.place.column}`,
      details.pointer !== undefined && details.pointer !== "" && `setting ${details.pointer}`,
    ].filter(Boolean);
    super(`${where.join(", ")}: ${details.problem}. Cure: ${details.cure}`);
    this.file = details.file;
    this.place = details.place;
    this.pointer = details.pointer;
    this.problem = details.problem;
    this.cure = details.cure;
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
