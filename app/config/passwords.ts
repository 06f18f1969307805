const SHORTEST = 14;
const KINDS = [/[A-Z]/, /[a-z]/, /[0-9]/, /[^A-Za-z0-9]/];

/** Whether a password is what K24 asks for. */
export function isStrongPassword(password: string): boolean {
  return password.length >= SHORTEST && KINDS.every((kind) => kind.test(password));
}
