/** What a rule is; `{name}` in its texts is filled in, `about` names the requirements (R…, K…, L…). */

export type Severity = "error" | "warning";

export interface Rule {
  /** An error keeps the cell down, a warning is told at each start. */
  readonly severity: Severity;
  readonly about: string;
  readonly text: string;
  readonly cure: string;
}

export const error = (about: string, text: string, cure: string): Rule => ({
  severity: "error",
  about,
  text,
  cure,
});
export const warning = (about: string, text: string, cure: string): Rule => ({
  severity: "warning",
  about,
  text,
  cure,
});

/** A cure that several rules have. */
export const LIKE_THAT = "write it that way";
