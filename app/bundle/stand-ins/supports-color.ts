/** supports-color's answer for a stream that is no terminal. */
export const stdout = false;
export const stderr = false;
export function supportsColor(): false {
  return false;
}
