/** Errors as Node.js words them: `code`, and the message with what was received. */

type ErrorClass = new (message: string) => Error;

/** An error with Node's `code`; its stack and toString() show the code, its `name` doesn't. */
export function nodeError(Base: ErrorClass, code: string, message: string): Error & { code: string } {
  const error = Object.assign(new Base(message), { code });
  Object.defineProperty(error, "toString", {
    value(this: Error) {
      return `${this.name} [${code}]: ${this.message}`;
    },
    configurable: true,
    writable: true,
  });
  return error;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  "\\": "\\\\",
};

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return ESCAPES[character] ?? (code.length < 3 ? `\\x${code.toUpperCase().padStart(2, "0")}` : `\\u${code}`);
}

function quoted(text: string): string {
  const quote = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes("`") ? "`" : "'";
  return quote + text.replace(/[\0-\x1f\x7f-\x9f\\]|\p{Surrogate}/gu, escaped) + quote;
}

/** A primitive as util.inspect shows it. */
function shown(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  return String(value);
}

/** Enough of a primitive to recognise it. */
function excerpt(value: unknown): string {
  const long = typeof value === "string" ? value : shown(value);
  const text = long.length > 28 ? `${long.slice(0, 25)}...` : long;
  if (typeof value !== "string") return text;
  return text.includes("'") ? JSON.stringify(text) : `'${text}'`;
}

function received(value: unknown): string {
  if (value === null || value === undefined) return ` Received ${value}`;
  if (typeof value === "function") return ` Received function ${value.name}`;
  if (typeof value === "object") {
    const name = value.constructor?.name;
    return name ? ` Received an instance of ${name}` : " Received [Object: null prototype] {}";
  }
  return ` Received type ${typeof value} (${excerpt(value)})`;
}

function list(items: readonly string[]): string {
  if (items.length < 3) return items.join(" or ");
  return `${items.slice(0, -1).join(", ")}, or ${items.at(-1)}`;
}

const PRIMITIVES = ["string", "function", "number", "object", "boolean", "bigint", "symbol"];

/** ERR_INVALID_ARG_TYPE: `expected` mixes type names ("string"), class names ("Buffer") and phrases. */
export function invalidArgType(name: string, expected: string | readonly string[], value: unknown) {
  const names = typeof expected === "string" ? [expected] : expected;
  const types = names.filter((n) => PRIMITIVES.includes(n));
  const instances = names.filter((n) => !PRIMITIVES.includes(n) && /^[A-Z][a-zA-Z0-9]*$/.test(n));
  const others = names.filter((n) => !types.includes(n) && !instances.includes(n));
  if (instances.length > 0 && types.includes("object")) {
    types.splice(types.indexOf("object"), 1);
    instances.push("Object");
  }
  const phrases: string[] = [];
  if (types.length > 0) phrases.push(`${types.length > 1 ? "one of type" : "of type"} ${list(types)}`);
  if (instances.length > 0) phrases.push(`an instance of ${list(instances)}`);
  if (others.length > 1) phrases.push(`one of ${list(others)}`);
  const other = others.length === 1 ? others[0] : undefined;
  if (other !== undefined) phrases.push(other.toLowerCase() === other ? other : `an ${other}`);
  const what = name.endsWith(" argument")
    ? `The ${name}`
    : `The "${name}" ${name.includes(".") ? "property" : "argument"}`;
  const message = `${what} must be ${phrases.join(" or ")}.${received(value)}`;
  return nodeError(TypeError, "ERR_INVALID_ARG_TYPE", message);
}

export function invalidArgValue(name: string, value: unknown, reason = "is invalid") {
  const kind = name.includes(".") ? "property" : "argument";
  let text =
    typeof value === "object" && value !== null ? `[object ${value.constructor?.name}]` : shown(value);
  if (text.length > 128) text = `${text.slice(0, 128)}...`;
  return nodeError(TypeError, "ERR_INVALID_ARG_VALUE", `The ${kind} '${name}' ${reason}. Received ${text}`);
}

function withSeparators(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, "_");
}

/** ERR_OUT_OF_RANGE: `range` is what it must be, in Node's words. */
export function outOfRange(name: string, range: string, value: unknown) {
  let text = shown(value);
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) > 2 ** 32) {
    text = withSeparators(String(value));
  } else if (typeof value === "bigint" && (value > 2n ** 32n || value < -(2n ** 32n))) {
    text = `${withSeparators(String(value))}n`;
  }
  return nodeError(
    RangeError,
    "ERR_OUT_OF_RANGE",
    `The value of "${name}" is out of range. It must be ${range}. Received ${text}`,
  );
}

export function unknownEncoding(name: unknown) {
  return nodeError(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${name}`);
}

export function bufferOutOfBounds(name?: string) {
  return nodeError(
    RangeError,
    "ERR_BUFFER_OUT_OF_BOUNDS",
    name ? `"${name}" is outside of buffer bounds` : "Attempt to access memory outside buffer bounds",
  );
}

/** A number; not checked for being an integer. */
export function validateNumber(
  value: unknown,
  name: string,
  min?: number,
  max?: number,
): asserts value is number {
  if (typeof value !== "number") throw invalidArgType(name, "number", value);
  const low = min !== undefined && value < min;
  const high = max !== undefined && value > max;
  if (low || high || ((min !== undefined || max !== undefined) && Number.isNaN(value))) {
    const bounds = [min !== undefined && `>= ${min}`, max !== undefined && `<= ${max}`].filter(Boolean);
    throw outOfRange(name, bounds.join(" && "), value);
  }
}

/** An integer within bounds. */
export function validateInteger(
  value: unknown,
  name: string,
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (typeof value !== "number") throw invalidArgType(name, "number", value);
  if (!Number.isInteger(value)) throw outOfRange(name, "an integer", value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

export function validateString(value: unknown, name: string): asserts value is string {
  if (typeof value !== "string") throw invalidArgType(name, "string", value);
}
