/** What must not be told of settings, neither in the log nor to whoever helps (K13). */

/** Stands where a secret stood. */
export const REMOVED = "(removed)";

/** `user:password@` in an address; a password may have an `@` itself. */
const LOGIN_IN_ADDRESS = /:\/\/[^/\s]*@/g;

/** A text without the logins in its addresses. */
export function withoutLogins(text: string): string {
  return text.replace(LOGIN_IN_ADDRESS, `://${REMOVED}@`);
}
