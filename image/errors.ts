/**
 * Every failure of gwcard is a GwcardError: a stable code for scripts, the values that matter, and what to do next.
 * The message says what is wrong and where; `next` says how to cure it.
 */
export class GwcardError extends Error {
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly next: string;

  constructor(options: {
    readonly code: string;
    readonly message: string;
    readonly next: string;
    readonly data?: Readonly<Record<string, unknown>>;
    readonly cause?: unknown;
  }) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.data = options.data ?? {};
    this.next = options.next;
  }
}

/** A program gwcard relies on is not installed. */
export class ToolMissingError extends GwcardError {
  constructor(options: { readonly tool: string; readonly debianPackage: string }) {
    super({
      code: "TOOL_MISSING",
      message: `the program ${options.tool} is not installed`,
      next: `install it; on Debian and Ubuntu: apt install ${options.debianPackage}`,
      data: options,
    });
  }
}

/** A program gwcard relies on ran and failed; its own words are kept. */
export class ToolFailedError extends GwcardError {
  constructor(options: { readonly tool: string; readonly args: readonly string[]; readonly output: string }) {
    super({
      code: "TOOL_FAILED",
      message: `${options.tool} failed: ${options.output.trim() || "it gave no reason"}`,
      next: `check the disk and the version of ${options.tool}; it was called as: ${[options.tool, ...options.args].join(" ")}`,
      data: options,
    });
  }
}

/** partitions/layout.json is not usable; `pointer` is the JSON pointer of the culprit. */
export class LayoutError extends GwcardError {
  constructor(options: {
    readonly file: string;
    readonly pointer: string;
    readonly problem: string;
    readonly next: string;
    readonly data?: Readonly<Record<string, unknown>>;
  }) {
    super({
      code: "LAYOUT_INVALID",
      message: `${options.file}#${options.pointer}: ${options.problem}`,
      next: options.next,
      data: { ...options.data, file: options.file, pointer: options.pointer },
    });
  }
}

/** The payload folder (what goes on HW-BOOT and ESP) is incomplete, damaged or too big. */
export class PayloadError extends GwcardError {}

/** A card image can't be read or changed: not an image, damaged, no such partition, no room. */
export class ImageError extends GwcardError {}

/** The result can't be written where it was asked for. */
export class OutputError extends GwcardError {}
