/** What goes wrong in the lab itself, with a stable code, the place and the next step. */
export type LabErrorCode =
  | "LAB_TIMEOUT"
  | "LAB_PROCESS_ENDED"
  | "LAB_PROCESS_FAILED"
  | "LAB_TOOL_MISSING"
  | "LAB_FILE_MISSING"
  | "LAB_NO_PORT"
  | "LAB_VALUES_DIFFER";

export class LabError extends Error {
  override readonly name = "LabError";
  readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
