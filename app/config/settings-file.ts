import type { ErrorObject, ValidateFunction } from "ajv";
import { ConfigError, ConfigFault } from "./fault.ts";
import { JsonSyntaxError, type LocatedJson, type Place, parseLocatedJson, pointerStep } from "./json.ts";
import type { RawFile } from "./raw-files.ts";

/** More faults than this in one file are counted, not listed. */
const MAX_FAULTS = 20;
/** Settings whose value never appears in a message. */
const SECRET = /\/userCredentials(?:\/|$)/;
const LONGEST_SHOWN_VALUE = 60;

/** A settings file whose contents satisfy its schema, and what was odd about it. */
export interface SettingsFile {
  readonly value: unknown;
  readonly warnings: readonly ConfigFault[];
  /** Makes a fault that points into this file. */
  fault(pointer: string, problem: string, cure: string): ConfigFault;
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
  if (SECRET.test(pointer)) return typeName(value);
  if (typeof value === "string" && value.length <= LONGEST_SHOWN_VALUE) return JSON.stringify(value);
  return typeName(value);
}

/** What a pattern of the schemas means, in words. */
function patternWords(pattern: string): string {
  if (pattern.startsWith("^opc")) return "must be written opc.tcp://HOST:PORT";
  if (pattern.startsWith("^(?:ssl")) return "must be written ssl://HOST:PORT";
  if (pattern.startsWith("^ns=")) return "must be written ns=INDEX;i=NUMBER or ns=INDEX;s=TEXT";
  if (pattern.startsWith("^[^+#")) return "must not contain + or # (wildcards) or a NUL character";
  return "must be a bare file name, without / or \\";
}

/** The words for one schema error: what is wrong, and the cure. */
function explain(error: ErrorObject): { problem: string; cure: string } {
  const params = error.params as Record<string, unknown>;
  const found = show(error.instancePath, error.data);
  switch (error.keyword) {
    case "required":
      return {
        problem: `the required setting "${String(params.missingProperty)}" is missing`,
        cure: `add "${String(params.missingProperty)}"`,
      };
    case "dependentRequired":
      return {
        problem: `"${String(params.property)}" is given without "${String(params.missingProperty)}"`,
        cure: `add "${String(params.missingProperty)}" or remove "${String(params.property)}"`,
      };
    case "type": {
      const types = ([] as unknown[])
        .concat(params.type)
        .map((type) => TYPE_WORDS[String(type)] ?? String(type));
      return { problem: `must be ${types.join(" or ")}, but is ${found}`, cure: "write it that way" };
    }
    case "enum": {
      const allowed = (params.allowedValues as unknown[]).map((value) => JSON.stringify(value)).join(", ");
      return { problem: `must be one of ${allowed}, but is ${found}`, cure: "write one of these" };
    }
    case "const":
      return {
        problem: `must be ${JSON.stringify(params.allowedValue)}, but is ${found}`,
        cure: "write it that way",
      };
    case "pattern":
      return {
        problem: `${patternWords(String(params.pattern))}, but is ${found}`,
        cure: "write it that way",
      };
    case "not":
      return {
        problem: `must be the name of a file, but is ${found}`,
        cure: "write the bare name of the file",
      };
    default:
      return { problem: `${error.message ?? error.keyword}, but is ${found}`, cure: "correct the value" };
  }
}

/** The place of a pointer, or of the nearest part around it. */
function placeOf(json: LocatedJson, pointer: string): Place | undefined {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const place = json.places.get(at);
    if (place || at === "") return place;
  }
}

function decode(raw: RawFile, file: string): string {
  if ("problem" in raw) {
    throw new ConfigFault({
      file,
      problem: raw.problem,
      cure: "put the file there, spelled exactly like that, and start again",
    });
  }
  // A byte order mark is what Windows editors leave; it carries no meaning in UTF-8.
  const bom = raw.bytes[0] === 0xef && raw.bytes[1] === 0xbb && raw.bytes[2] === 0xbf;
  const bytes = bom ? raw.bytes.subarray(3) : raw.bytes;
  const text = bytes.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(bytes)) {
    throw new ConfigFault({
      file,
      problem: "it is not UTF-8 text",
      cure: "save the file with the encoding UTF-8",
    });
  }
  return text;
}

function parse(text: string, file: string): LocatedJson {
  try {
    return parseLocatedJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new ConfigFault({
      file,
      place: error.place,
      problem: `not valid JSON: expected ${error.expected}, found ${error.found}`,
      cure: `write ${error.expected} there`,
    });
  }
}

/** Reads and checks a settings file against its schema (R40, R41, R79, R80). Throws `ConfigError` with every fault. */
export function readSettingsFile(raw: RawFile, file: string, validate: ValidateFunction): SettingsFile {
  let json: LocatedJson;
  try {
    json = parse(decode(raw, file), file);
  } catch (error) {
    if (error instanceof ConfigFault) throw new ConfigError([error]);
    throw error;
  }
  const fault = (pointer: string, problem: string, cure: string): ConfigFault =>
    new ConfigFault({ file, place: placeOf(json, pointer), pointer, problem, cure });
  const warnings: ConfigFault[] = [];
  const faults: ConfigFault[] = [];
  if (!validate(json.value)) {
    for (const error of validate.errors ?? []) {
      // "if" only repeats what its "then" has said already.
      if (error.keyword === "if") continue;
      if (error.keyword === "additionalProperties") {
        const name = String((error.params as Record<string, unknown>).additionalProperty);
        warnings.push(
          fault(
            error.instancePath + pointerStep(name),
            "there is no such setting, it has no effect",
            "check the spelling or remove it",
          ),
        );
        continue;
      }
      const { problem, cure } = explain(error);
      faults.push(fault(error.instancePath, problem, cure));
    }
  }
  if (faults.length > MAX_FAULTS) {
    const more = faults.length - MAX_FAULTS;
    faults.length = MAX_FAULTS;
    faults.push(
      new ConfigFault({ file, problem: `${more} more faults`, cure: "correct the ones above first" }),
    );
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { value: json.value, warnings, fault };
}
