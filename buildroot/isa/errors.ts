/** What stops the instruction check itself (as opposed to a forbidden instruction, which is a finding). */
export type IsaErrorCode =
  | "ISA_NOTHING_TO_CHECK"
  | "ISA_BAD_FILE"
  | "ISA_BAD_EXCUSES"
  | "ISA_KERNEL_MISMATCH"
  | "ISA_DISASSEMBLER"
  | "ISA_TOOL";

/** One error of the instruction check: what is wrong, where, and what to do about it. */
export class IsaError extends Error {
  readonly code: IsaErrorCode;
  readonly where: string;
  readonly cure: string;

  constructor(options: { code: IsaErrorCode; where: string; what: string; cure: string }) {
    super(`${options.where}: ${options.what}. ${options.cure}`);
    this.name = "IsaError";
    this.code = options.code;
    this.where = options.where;
    this.cure = options.cure;
  }
}
