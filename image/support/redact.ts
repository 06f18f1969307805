/** Takes secrets out of what leaves the site (R147, K13): passwords in settings, and every copy of them elsewhere. */

import { REMOVED, withoutLogins } from "../../app/config/secrets.ts";

const SECRET_NAME = /pass|secret|token|credential.*key/i;
/** A shorter secret is too likely to be an ordinary word, and to make a riddle of every text. */
const MIN_SEARCHED_LENGTH = 4;

/** Settings without secrets, and the secrets that were in them. */
export interface Redacted {
  readonly text: string;
  readonly secrets: readonly string[];
}

/** Every text below a value, for a secret may be written as a list or an object by mistake. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}

/** Takes secrets out of a JSON text. Throws a SyntaxError for what is no JSON: nobody can tell what is secret in it. */
export function redactSettings(text: string): Redacted {
  const secrets: string[] = [];
  const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""), (name, each: unknown) => {
    if (!SECRET_NAME.test(name) || each === null) return each;
    secrets.push(...texts(each).filter((secret) => secret !== REMOVED));
    return REMOVED;
  });
  return { text: `${withoutLogins(JSON.stringify(value, null, 2))}\n`, secrets };
}

/** Takes known secrets out of any text, as they are and as JSON writes them. */
export function redactText(text: string, secrets: readonly string[]): string {
  const forms = secrets
    .filter((secret) => secret.length >= MIN_SEARCHED_LENGTH)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  const clean = forms.reduce((left, form) => left.replaceAll(form, REMOVED), text);
  return withoutLogins(clean);
}
