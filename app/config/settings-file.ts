import type { ErrorObject, ValidateFunction } from "ajv";
import { ConfigFault } from "./fault.ts";
import { JsonSyntaxError, type LocatedJson, type Place, parseLocatedJson, pointerStep } from "./json.ts";
import type { FaultMaker } from "./ports.ts";
import type { RawFile } from "./raw-files.ts";
import type { RuleId, RuleValues } from "./rules.ts";
import { withoutLogins } from "./secrets.ts";

/** More faults than this in one file are counted, not listed. */
const MAX_FAULTS = 200;
/** Settings whose value never appears in a message. */
const SECRET = /\/userCredentials(?:\/|$)/;
const LONGEST_SHOWN_VALUE = 60;

/** Like `T`, but anything may be missing: what is left of a file when its faulty parts are taken out. */
export type Salvaged<T> = T extends readonly (infer Item)[]
  ? readonly (Salvaged<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Salvaged<T[Key]> | undefined }
    : T;

/** A settings file after the check against its schema. */
export interface SettingsFile {
  /** What satisfies the schema; all of it when there are no faults. */
  readonly value: unknown;
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly ConfigFault[];
  readonly fault: FaultMaker;
  /** Whether nothing at, around or below the pointer is faulty: only then does the lack of something mean anything. */
  isWhole(pointer: string): boolean;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return "a text";
    case "object":
      return "an object";
    case "boolean":
      return String(value);
    default:
      return `the number ${String(value)}`;
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: "an object in { }",
  array: "a list in [ ]",
  string: "a text in double quotes",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  null: "null",
};

function show(pointer: string, value: unknown): string {
  if (SECRET.test(pointer)) return typeof value === "number" ? "a number" : typeName(value);
  if (typeof value === "string" && value.length <= LONGEST_SHOWN_VALUE)
    return JSON.stringify(withoutLogins(value));
  return typeName(value);
}

/** What a pattern of the schemas checks. */
function patternRule(pattern: string, value: unknown): RuleId {
  if (pattern.startsWith("^opc")) return "opcua-url";
  if (pattern.startsWith("^(?:ssl")) return "broker-uri";
  if (pattern.startsWith("^ns=")) return "node-id";
  if (pattern.startsWith("^[^+#")) return /[+#]/.test(String(value)) ? "topic-wildcard" : "topic-nul";
  return "file-name";
}

/** The rule behind one schema error, and what it leaves open. */
function explain(error: ErrorObject): { rule: RuleId; values: RuleValues } {
  const params = error.params as Record<string, unknown>;
  const found = show(error.instancePath, error.data);
  switch (error.keyword) {
    case "required":
      return { rule: "setting-missing", values: { name: String(params.missingProperty) } };
    case "dependentRequired":
      if (error.instancePath.endsWith("/userCredentials"))
        return { rule: "password-without-user", values: {} };
      return { rule: "setting-missing", values: { name: String(params.missingProperty) } };
    case "type": {
      const types = ([] as unknown[])
        .concat(params.type)
        .map((type) => TYPE_WORDS[String(type)] ?? String(type));
      return { rule: "setting-type", values: { expected: types.join(" or "), found } };
    }
    case "enum": {
      const allowed = (params.allowedValues as unknown[]).map((value) => JSON.stringify(value)).join(", ");
      return { rule: "setting-choice", values: { allowed, found } };
    }
    case "const":
      return { rule: "setting-type", values: { expected: JSON.stringify(params.allowedValue), found } };
    case "pattern":
      return { rule: patternRule(String(params.pattern), error.data), values: { found } };
    case "not":
      return { rule: "file-name", values: { found } };
    default:
      if (error.keyword === "minLength" && error.instancePath.endsWith("/topicName"))
        return { rule: "topic-empty", values: {} };
      return { rule: "setting-range", values: { limit: error.message ?? error.keyword, found } };
  }
}

/** The place of a pointer, or of the nearest part around it. */
function placeOf(json: LocatedJson, pointer: string): Place | undefined {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const place = json.places.get(at);
    if (place || at === "") return place;
  }
}

/** The text of a file; throws a `ConfigFault`. */
function decode(raw: RawFile, file: string): string {
  if ("problem" in raw)
    throw new ConfigFault({ rule: "file-unreadable", file, values: { reason: raw.problem } });
  // A byte order mark is what Windows editors leave; it carries no meaning in UTF-8.
  const bom = raw.bytes[0] === 0xef && raw.bytes[1] === 0xbb && raw.bytes[2] === 0xbf;
  const bytes = bom ? raw.bytes.subarray(3) : raw.bytes;
  const text = bytes.toString("utf8");
  // The zeros of UTF-16 are valid in UTF-8, and no text has them.
  const wide = bytes.includes(0);
  if (wide || !Buffer.from(text, "utf8").equals(bytes)) {
    const form = wide ? " (it looks like UTF-16)" : "";
    throw new ConfigFault({ rule: "file-not-utf8", file, values: { form } });
  }
  return text;
}

function parse(text: string, file: string): LocatedJson {
  try {
    return parseLocatedJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const { place, expected, found } = error;
    throw new ConfigFault({ rule: "json-syntax", file, place, values: { expected, found } });
  }
}

/** Takes the part at a pointer out of a value; in a list, a hole is left so that the others keep their places. */
function takeOut(value: unknown, pointer: string): unknown {
  if (pointer === "") return {};
  const steps = pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = steps.pop() ?? "";
  let parent: unknown = value;
  for (const step of steps) parent = (parent as Record<string, unknown> | undefined)?.[step];
  if (typeof parent === "object" && parent !== null) Object.assign(parent, { [last]: undefined });
  return value;
}

/** What a schema says against a file: faults, warnings, and the pointers of what is faulty. */
function judge(errors: readonly ErrorObject[], fault: FaultMaker) {
  const faults: ConfigFault[] = [];
  const warnings: ConfigFault[] = [];
  const broken: string[] = [];
  for (const error of errors) {
    // "if" only repeats what its "then" has said already.
    if (error.keyword === "if") continue;
    const { instancePath } = error;
    if (error.keyword === "additionalProperties") {
      const name = String((error.params as Record<string, unknown>).additionalProperty);
      warnings.push(fault("setting-unknown", instancePath + pointerStep(name)));
      continue;
    }
    const { rule, values } = explain(error);
    faults.push(fault(rule, instancePath, values));
    broken.push(rule === "setting-missing" ? instancePath + pointerStep(values.name ?? "") : instancePath);
  }
  return { faults, warnings, broken };
}

/** Reads and checks a settings file against its schema (R40, R41, R79, R80). What is faulty is left out of the value. */
export function readSettingsFile(raw: RawFile, file: string, validate: ValidateFunction): SettingsFile {
  let json: LocatedJson;
  try {
    json = parse(decode(raw, file), file);
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    const fault: FaultMaker = (rule, pointer, values) => new ConfigFault({ rule, file, pointer, values });
    return { value: {}, faults: [error], warnings: [], fault, isWhole: () => false };
  }
  const fault: FaultMaker = (rule, pointer, values) =>
    new ConfigFault({ rule, file, place: placeOf(json, pointer), pointer, values });
  const contents: unknown = json.value;
  const doubts = json.repeated.map(
    ({ pointer, name, place }) =>
      new ConfigFault({ rule: "name-repeated", file, place, pointer, values: { name } }),
  );
  const valid: boolean = validate(contents);
  if (valid && doubts.length === 0)
    return { value: contents, faults: [], warnings: [], fault, isWhole: () => true };
  const { faults, warnings, broken } = judge(valid ? [] : (validate.errors ?? []), fault);
  faults.unshift(...doubts);
  let value = contents;
  for (const pointer of broken) value = takeOut(value, pointer);
  if (faults.length > MAX_FAULTS) {
    const count = faults.length - MAX_FAULTS;
    faults.length = MAX_FAULTS;
    faults.push(new ConfigFault({ rule: "more-faults", file, values: { count } }));
  }
  const isWhole = (pointer: string): boolean =>
    !broken.some((part) => `${part}/`.startsWith(`${pointer}/`) || `${pointer}/`.startsWith(`${part}/`));
  return { value, faults, warnings, fault, isWhole };
}
