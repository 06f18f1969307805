/** Everything that stops the OS build: what happened, with the values, and what to do next. */
export type OsBuildCode =
  | "HOST_TOOLS_MISSING"
  | "APT_SOURCES_UNUSABLE"
  | "APT_FAILED"
  | "SOURCE_MISSING"
  | "SOURCE_CORRUPT"
  | "COMMAND_FAILED"
  | "CONFIG_DROPPED"
  | "TABLE_INVALID"
  | "USAGE";

export class OsBuildError extends Error {
  readonly code: OsBuildCode;
  /** The next step for the person in front of the screen. */
  readonly cure: string;
  readonly details: Readonly<Record<string, string | number | readonly string[]>>;

  constructor(options: {
    code: OsBuildCode;
    message: string;
    cure: string;
    details?: Record<string, string | number | readonly string[]>;
    cause?: unknown;
  }) {
    super(
      `${options.message}\n  ${options.cure}`,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.name = "OsBuildError";
    this.code = options.code;
    this.cure = options.cure;
    this.details = options.details ?? {};
  }
}
