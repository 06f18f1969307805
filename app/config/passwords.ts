const SHORTEST = 14;
const KINDS = [/[A-Z]/, /[a-z]/, /[0-9]/, /[^A-Za-z0-9]/];

/** What people make passwords of; digits and signs in the place of letters do not hide it. */
const COMMON_WORDS =
  /(?:passwor[dt]|kennwort|geheim|secret|admin|administrator|root|user|default|welcome|willkommen|changeme|letmein|qwertz?y?|asdfgh?|iloveyou|dragon|monkey|master|sommer|summer|winter|kaspersky|kisg|gateway|siemens|opcua|mqtt|plant|abc)/g;
const LOOKALIKES: ReadonlyMap<string, string> = new Map([
  ["0", "o"],
  ["1", "i"],
  ["3", "e"],
  ["4", "a"],
  ["5", "s"],
  ["7", "t"],
  ["@", "a"],
  ["$", "s"],
  ["!", "i"],
]);
/** So many letters besides common words make a password that nobody has on a list. */
const FEWEST_OWN_LETTERS = 4;
const LONGEST_RUN = /(.)\1{4,}/;

/** The passwords of the sample files: whoever starts from them must not keep them. */
const PUBLISHED: readonly string[] = ["0R20jN#yZd~zaLKe?2J#@~|YC", "9iP4~c*kR#7vWq!sZ2mLx@eTy"];

function isCommon(password: string): boolean {
  if (LONGEST_RUN.test(password)) return true;
  const plain = password.toLowerCase();
  const undisguised = plain.replace(/[013457@$!]/g, (sign) => LOOKALIKES.get(sign) ?? sign);
  return [plain, undisguised].some((text) => {
    const own = text.replace(COMMON_WORDS, "");
    return own.length < text.length && own.replace(/[^a-z]/g, "").length < FEWEST_OWN_LETTERS;
  });
}

/** Whether a password is what K24 asks for: long, varied, and none that is on everybody's list. */
export function isStrongPassword(password: string): boolean {
  return password.length >= SHORTEST && KINDS.every((kind) => kind.test(password)) && !isCommon(password);
}

/** Whether the password is that of a published sample (K11). */
export function isPublishedPassword(password: string): boolean {
  return PUBLISHED.includes(password);
}
