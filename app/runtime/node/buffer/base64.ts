/** atob and btoa: base64 between strings of bytes (WHATWG HTML, "Base64 utility methods"). */
import { DOMException } from "../../globals/dom-exception.ts";
import { nodeError } from "../node-error.ts";
import { binding } from "./native.ts";

const BEYOND_LATIN1 = /[^\0-\xff]/;
const WHITE_SPACE = /[\t\n\f\r ]/g;
/** Groups of four; the last may be short, and then with or without its padding. */
const FORGIVING = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

function textOf(args: readonly unknown[]): string {
  if (args.length === 0) {
    throw nodeError(TypeError, "ERR_MISSING_ARGS", 'The "input" argument must be specified');
  }
  return `${args[0]}`;
}

export function btoa(...args: unknown[]): string {
  const text = textOf(args);
  if (BEYOND_LATIN1.test(text)) throw new DOMException("Invalid character", "InvalidCharacterError");
  return binding.from(text, "latin1").toString("base64");
}

export function atob(...args: unknown[]): string {
  const text = textOf(args).replace(WHITE_SPACE, "");
  if (/[^A-Za-z0-9+/=]/.test(text)) throw new DOMException("Invalid character", "InvalidCharacterError");
  if (!FORGIVING.test(text)) {
    const message = "The string to be decoded is not correctly encoded.";
    throw new DOMException(message, "InvalidCharacterError");
  }
  return binding.from(text, "base64").toString("latin1");
}
