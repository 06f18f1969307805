/** One flag for the whole bundle: modules are loading (false) or the program runs (true). */
export const absentState = { sealed: false };

/** From here on a left-out package refuses to be used. Called once, after everything is loaded. */
export function sealAbsent(): void {
  absentState.sealed = true;
}
