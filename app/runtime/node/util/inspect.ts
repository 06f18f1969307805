/** util.inspect and util.format, after Node's documentation and output. */
import { isStringTag, types } from "./types.ts";

export interface InspectOptions {
  depth?: number | null;
  colors?: boolean;
  showHidden?: boolean;
  compact?: boolean | number;
  breakLength?: number;
  maxArrayLength?: number | null;
  maxStringLength?: number | null;
  sorted?: boolean | ((a: string, b: string) => number);
  getters?: boolean | "get" | "set";
  customInspect?: boolean;
  numericSeparator?: boolean;
}

interface Context {
  readonly options: Required<InspectOptions>;
  /** Objects on the way from the root to here. */
  readonly path: object[];
  /** Objects that something refers back to, numbered in the order of discovery. */
  readonly circular: Map<object, number>;
  indentation: number;
  depth: number;
  /** Level of the object whose entries were shown last: what is shallow goes on one line. */
  lastLevel: number;
}

export const customInspect: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

const DEFAULTS: Required<InspectOptions> = {
  depth: 2,
  colors: false,
  showHidden: false,
  compact: 3,
  breakLength: 80,
  maxArrayLength: 100,
  maxStringLength: 10000,
  sorted: false,
  getters: false,
  customInspect: true,
  numericSeparator: false,
};

const IDENTIFIER = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
const TO_ESCAPE =
  /[\x00-\x1f\x27\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const SHORT_ESCAPES: Record<string, string> = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  "\\": "\\\\",
  "'": "\\'",
};

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).toUpperCase().padStart(2, "0")}` : `\\u${code.toString(16)}`;
}

/** A string in the quotes that need the least escaping. */
export function quoteString(text: string): string {
  let quote = "'";
  if (text.includes("'")) {
    if (!text.includes('"')) quote = '"';
    else if (!text.includes("`") && !text.includes("${")) quote = "`";
  }
  if (!TO_ESCAPE.test(text)) return quote + text + quote;
  let result = "";
  for (const character of text) {
    const plain = !TO_ESCAPE.test(character) || (character === "'" && quote !== "'");
    result += plain ? character : escapeCharacter(character);
  }
  return quote + result + quote;
}

function formatString(text: string, context: Context, topLevelLine: boolean): string {
  const limit = context.options.maxStringLength ?? Number.POSITIVE_INFINITY;
  let trailer = "";
  let shown = text;
  if (text.length > limit) {
    const rest = text.length - limit;
    shown = text.slice(0, limit);
    trailer = `... ${rest} more character${rest > 1 ? "s" : ""}`;
  }
  if (context.options.compact !== true && !topLevelLine && shown.length > 16) {
    const width = context.options.breakLength - context.indentation - 4;
    if (shown.length > width && shown.includes("\n")) {
      const lines = shown.match(/[^\n]*\n|[^\n]+$/g) ?? [shown];
      return lines.map(quoteString).join(` +\n${" ".repeat(context.indentation + 2)}`) + trailer;
    }
  }
  return quoteString(shown) + trailer;
}

function formatNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function formatPrimitive(value: unknown, context: Context): string {
  switch (typeof value) {
    case "string":
      return formatString(value, context, false);
    case "number":
      return formatNumber(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return value.toString();
    default:
      return String(value);
  }
}

/** The name of the class an object was made by; null for objects without a prototype. */
function constructorName(value: object): string | null {
  let current: object | null = value;
  for (let hops = 0; current !== null && hops < 32; hops++) {
    const descriptor = Object.getOwnPropertyDescriptor(current, "constructor");
    const made: unknown = descriptor?.value;
    if (typeof made === "function" && made.name !== "" && value instanceof (made as new () => object)) {
      return made.name;
    }
    current = Object.getPrototypeOf(current);
  }
  return null;
}

function prefixOf(value: object, name: string | null, fallback: string, size = ""): string {
  const tag: unknown = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  if (name === null) {
    const shown = isStringTag(tag) && tag !== fallback ? `[${tag}] ` : "";
    return `[${fallback}${size}: null prototype] ${shown}`;
  }
  return `${name}${size} ${isStringTag(tag) && tag !== name ? `[${tag}] ` : ""}`;
}

function propertyKey(key: string | symbol): string {
  if (typeof key === "symbol") return `[${key.toString()}]`;
  return IDENTIFIER.test(key) ? key : quoteString(key);
}

function formatProperty(
  object: object,
  key: string | symbol,
  context: Context,
  kind: "named" | "element",
): string {
  const descriptor = Object.getOwnPropertyDescriptor(object, key) ?? {
    value: (object as Record<string | symbol, unknown>)[key],
    enumerable: true,
  };
  let text: string;
  if (descriptor.value !== undefined || !("get" in descriptor)) {
    context.indentation += 2;
    text = formatValue(descriptor.value, context);
    context.indentation -= 2;
  } else if (descriptor.get !== undefined) {
    text = descriptor.set !== undefined ? "[Getter/Setter]" : "[Getter]";
  } else {
    text = descriptor.set !== undefined ? "[Setter]" : "undefined";
  }
  if (kind === "element") return text;
  const name = descriptor.enumerable === false ? `[${String(key)}]` : propertyKey(key);
  return `${name}: ${text}`;
}

function formatList(values: Iterable<unknown>, total: number, context: Context): string[] {
  const limit = Math.min(context.options.maxArrayLength ?? Number.POSITIVE_INFINITY, total);
  const output: string[] = [];
  for (const value of values) {
    if (output.length >= limit) break;
    context.indentation += 2;
    output.push(formatValue(value, context));
    context.indentation -= 2;
  }
  const rest = total - limit;
  if (rest > 0) output.push(`... ${rest} more item${rest > 1 ? "s" : ""}`);
  return output;
}

function formatArray(array: readonly unknown[], context: Context): string[] {
  const limit = Math.min(context.options.maxArrayLength ?? Number.POSITIVE_INFINITY, array.length);
  const output: string[] = [];
  let shown = 0;
  let index = 0;
  for (; index < array.length && shown < limit; shown++) {
    if (Object.hasOwn(array, index)) {
      output.push(formatProperty(array, String(index), context, "element"));
      index++;
      continue;
    }
    const from = index;
    while (index < array.length && !Object.hasOwn(array, index)) index++;
    const holes = index - from;
    output.push(`<${holes} empty item${holes > 1 ? "s" : ""}>`);
  }
  const rest = array.length - index;
  if (rest > 0) output.push(`... ${rest} more item${rest > 1 ? "s" : ""}`);
  return output;
}

function formatMap(map: Map<unknown, unknown>, context: Context): string[] {
  context.indentation += 2;
  const output = [...map].map(
    ([key, value]) => `${formatValue(key, context)} => ${formatValue(value, context)}`,
  );
  context.indentation -= 2;
  return output;
}

/** The stack of an error the way V8 prints it: QuickJS's own has no heading. */
export function errorStack(error: Error): string {
  const name = error.name ?? "Error";
  const message = error.message ?? "";
  const heading = message === "" ? String(name) : `${name}: ${message}`;
  const stack = error.stack;
  if (typeof stack !== "string" || stack === "") return `[${heading}]`;
  const text = stack.replace(/\n$/, "");
  return /^\s+at /.test(text) ? `${heading}\n${text}` : text;
}

function formatError(error: Error, keys: (string | symbol)[], context: Context): string {
  for (const hidden of ["name", "message", "stack", "fileName", "lineNumber", "columnNumber"]) {
    const at = keys.indexOf(hidden);
    if (at >= 0 && String((error as unknown as Record<string, unknown>)[hidden]) !== "") keys.splice(at, 1);
  }
  if ("cause" in error && Object.hasOwn(error, "cause") && !keys.includes("cause")) keys.push("cause");
  const errors = (error as { errors?: unknown }).errors;
  if (Array.isArray(errors) && Object.hasOwn(error, "errors") && !keys.includes("errors"))
    keys.push("errors");
  const text = errorStack(error);
  const indentation = " ".repeat(context.indentation);
  return indentation === "" ? text : text.split("\n").join(`\n${indentation}`);
}

function functionBase(value: () => unknown, name: string | null, tag: string): string {
  // Bytecode keeps no source text; only a class has a prototype that can't be replaced.
  if (
    Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false &&
    !types.isGeneratorFunction(value)
  ) {
    const parent = Object.getPrototypeOf(value)?.name;
    return `[class ${value.name === "" ? "(anonymous)" : value.name}${parent ? ` extends ${parent}` : ""}]`;
  }
  const kind = types.isGeneratorFunction(value)
    ? "GeneratorFunction"
    : types.isAsyncFunction(value)
      ? "AsyncFunction"
      : "Function";
  const base = `[${kind}${value.name === "" ? " (anonymous)" : `: ${value.name}`}]`;
  if (name === null) return `${base.slice(0, -1)}] [null prototype]`.trim();
  return tag === "" ? base : `${base} [${tag}]`;
}

/** Shapes that are shown between braces: what comes first, the entries, the braces themselves. */
interface Shape {
  base: string;
  braces: [string, string];
  entries: (context: Context) => string[];
  isList: boolean;
}

function shapeOf(value: object, keys: (string | symbol)[], context: Context): Shape {
  const name = constructorName(value);
  const shape: Shape = { base: "", braces: ["{", "}"], entries: () => [], isList: false };
  if (Array.isArray(value)) {
    const prefix = name === "Array" ? "" : prefixOf(value, name, "Array", `(${value.length})`);
    return {
      ...shape,
      braces: [`${prefix}[`, "]"],
      entries: (inner) => formatArray(value, inner),
      isList: true,
    };
  }
  if (types.isTypedArray(value)) {
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    const prefix = prefixOf(value, name, kind, `(${value.length})`);
    const entries = (inner: Context) => formatList(value as Iterable<unknown>, value.length, inner);
    return { ...shape, braces: [`${prefix}[`, "]"], entries, isList: true };
  }
  if (types.isSet(value)) {
    const entries = (inner: Context) => formatList(value, value.size, inner);
    return { ...shape, braces: [`${prefixOf(value, name, "Set", `(${value.size})`)}{`, "}"], entries };
  }
  if (types.isMap(value)) {
    const entries = (inner: Context) => formatMap(value, inner);
    return { ...shape, braces: [`${prefixOf(value, name, "Map", `(${value.size})`)}{`, "}"], entries };
  }
  const rawTag: unknown = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  const tag = isStringTag(rawTag) && rawTag !== name ? rawTag : "";
  if (typeof value === "function") return { ...shape, base: functionBase(value as () => unknown, name, tag) };
  if (types.isRegExp(value)) return { ...shape, base: RegExp.prototype.toString.call(value) };
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value);
    return { ...shape, base: Number.isNaN(time) ? "Invalid Date" : Date.prototype.toISOString.call(value) };
  }
  if (types.isNativeError(value) || value instanceof Error) {
    return { ...shape, base: formatError(value as Error, keys, context) };
  }
  if (types.isAnyArrayBuffer(value)) {
    const bytes = new Uint8Array(value);
    const limit = Math.min(context.options.maxArrayLength ?? 50, 50, bytes.length);
    const hex = [...bytes.subarray(0, limit)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const more = bytes.length > limit ? ` ... ${bytes.length - limit} more bytes` : "";
    const entries = () => [`[Uint8Contents]: <${hex}${more}>`, `byteLength: ${bytes.length}`];
    return { ...shape, braces: [`${prefixOf(value, name, "ArrayBuffer")}{`, "}"], entries };
  }
  if (types.isPromise(value)) return { ...shape, braces: ["Promise {", "}"], entries: () => ["<pending>"] };
  if (types.isWeakSet(value))
    return { ...shape, braces: ["WeakSet {", "}"], entries: () => ["<items unknown>"] };
  if (types.isWeakMap(value))
    return { ...shape, braces: ["WeakMap {", "}"], entries: () => ["<items unknown>"] };
  if (types.isBoxedPrimitive(value)) {
    const primitive = (value as { valueOf(): unknown }).valueOf();
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    if (typeof primitive === "string") {
      for (let at = keys.length - 1; at >= 0; at--) if (/^\d+$/.test(String(keys[at]))) keys.splice(at, 1);
    }
    return { ...shape, base: `[${kind}: ${formatPrimitive(primitive, context)}]` };
  }
  if (name === "Object" && tag === "") return shape;
  return { ...shape, braces: [`${prefixOf(value, name, "Object")}{`, "}"] };
}

function visibleKeys(value: object, context: Context, isList: boolean): (string | symbol)[] {
  const all = Reflect.ownKeys(value);
  const list = all.filter((key) => {
    if (isList && typeof key === "string" && /^(0|[1-9]\d*)$/.test(key)) return false;
    return context.options.showHidden || Object.getOwnPropertyDescriptor(value, key)?.enumerable === true;
  });
  return list;
}

/** Groups many short list entries into aligned columns, as Node does for lists longer than six. */
function groupElements(output: string[], value: object, context: Context): string[] {
  const { breakLength, compact, maxArrayLength } = context.options;
  const hasRest = maxArrayLength !== null && Array.isArray(value) && value.length > maxArrayLength;
  const count =
    hasRest || /^\.\.\. \d+ more item/.test(output.at(-1) ?? "") ? output.length - 1 : output.length;
  const lengths = output.slice(0, count).map((entry) => entry.length);
  const longest = Math.max(...lengths) + 2;
  const total = lengths.reduce((sum, length) => sum + length + 2, 0);
  if (longest * 3 + context.indentation >= breakLength) return output;
  if (!(total / longest > 5 || longest - 2 <= 6)) return output;
  const bias = Math.sqrt(longest - total / output.length);
  const width = Math.max(longest - 3 - bias, 1);
  const columns = Math.min(
    Math.round(Math.sqrt(2.5 * width * count) / width),
    Math.floor((breakLength - context.indentation) / longest),
    (typeof compact === "number" ? compact : 3) * 4,
    15,
  );
  if (columns <= 1) return output;
  const widths: number[] = [];
  for (let column = 0; column < columns; column++) {
    let widest = 0;
    for (let at = column; at < count; at += columns) widest = Math.max(widest, (lengths[at] ?? 0) + 2);
    widths.push(widest);
  }
  const alignRight =
    Symbol.iterator in value &&
    [...(value as Iterable<unknown>)].every((v) => typeof v === "number" || typeof v === "bigint");
  const rows: string[] = [];
  for (let from = 0; from < count; from += columns) {
    const to = Math.min(from + columns, count);
    let row = "";
    for (let at = from; at < to; at++) {
      const last = at === to - 1;
      const cell = `${output[at]}${last ? "" : ", "}`;
      const room = (widths[at - from] ?? 0) - (last ? 2 : 0);
      if (alignRight) row += cell.padStart(room);
      else row += last ? cell : cell.padEnd(room);
    }
    rows.push(row);
  }
  return count < output.length ? [...rows, output[count] as string] : rows;
}

function fitsOneLine(entries: readonly string[], start: number, base: string, context: Context): boolean {
  const { breakLength } = context.options;
  const total = entries.reduce((sum, entry) => sum + entry.length, entries.length + start);
  return total <= breakLength && !base.includes("\n");
}

function join(output: string[], shape: Shape, value: object, context: Context): string {
  const { compact } = context.options;
  const [open, close] = shape.braces;
  const base = shape.base === "" ? "" : `${shape.base} `;
  const indentation = `\n${" ".repeat(context.indentation)}`;
  let entries = output;
  if (compact === true) {
    if (fitsOneLine(entries, 0, shape.base, context))
      return `${open}${base && ` ${shape.base}`} ${entries.join(", ")} ${close}`;
    return `${open}${base && ` ${shape.base}`} ${entries.join(`,${indentation}  `)} ${close}`;
  }
  if (typeof compact === "number" && compact >= 1) {
    if (shape.isList && output.length > 6) entries = groupElements(output, value, context);
    if (context.lastLevel - context.depth < compact && entries.length === output.length) {
      const start = entries.length + context.indentation + open.length + shape.base.length + 10;
      const single = entries.join(", ");
      if (fitsOneLine(entries, start, shape.base, context) && !single.includes("\n")) {
        return `${base}${open} ${single} ${close}`;
      }
    }
  }
  return `${base}${open}${indentation}  ${entries.join(`,${indentation}  `)}${indentation}${close}`;
}

function formatObject(value: object, context: Context): string {
  const { options } = context;
  const custom = options.customInspect ? (value as { [customInspect]?: unknown })[customInspect] : undefined;
  if (typeof custom === "function" && custom !== inspect) {
    const depth = options.depth === null ? null : options.depth - context.depth;
    const result: unknown = custom.call(value, depth, { ...options, depth, stylize: String }, inspect);
    if (result !== value) {
      if (typeof result !== "object" || result === null) {
        return String(result)
          .split("\n")
          .join(`\n${" ".repeat(context.indentation)}`);
      }
      return formatValue(result, context);
    }
  }
  if (context.path.includes(value)) {
    const number = context.circular.get(value) ?? context.circular.size + 1;
    context.circular.set(value, number);
    return `[Circular *${number}]`;
  }
  const isList = Array.isArray(value) || types.isTypedArray(value);
  const keys = visibleKeys(value, context, isList);
  const shape = shapeOf(value, keys, context);
  if (options.depth !== null && context.depth > options.depth) {
    if (shape.base !== "") return shape.base;
    const name = constructorName(value) ?? "Object: null prototype";
    return `[${Array.isArray(value) ? "Array" : name}]`;
  }
  context.path.push(value);
  context.lastLevel = context.depth;
  context.depth++;
  const output = shape.entries(context);
  for (const key of keys) output.push(formatProperty(value, key, context, "named"));
  context.depth--;
  context.path.pop();
  const reference = context.circular.get(value);
  if (reference !== undefined) {
    const mark = `<ref *${reference}> `;
    if (shape.base === "") shape.braces[0] = mark + shape.braces[0];
    else shape.base = mark + shape.base;
  }
  if (output.length === 0) {
    if (shape.base !== "") return shape.base;
    return `${shape.braces[0]}${shape.braces[1]}`;
  }
  if (options.sorted) output.sort(options.sorted === true ? undefined : options.sorted);
  return join(output, shape, value, context);
}

function formatValue(value: unknown, context: Context): string {
  if ((typeof value === "object" && value !== null) || typeof value === "function")
    return formatObject(value, context);
  return formatPrimitive(value, context);
}

/** A text that shows what a value is. */
export function inspect(
  value: unknown,
  options: InspectOptions | boolean = {},
  depth?: number | null,
): string {
  const given = typeof options === "boolean" ? { showHidden: options } : options;
  const merged = { ...DEFAULTS, ...given };
  if (depth !== undefined) merged.depth = depth;
  if (merged.depth === Number.POSITIVE_INFINITY) merged.depth = null;
  const context: Context = {
    options: merged,
    path: [],
    circular: new Map(),
    indentation: 0,
    depth: 0,
    lastLevel: 0,
  };
  if (typeof value === "string") return formatString(value, context, true);
  return formatValue(value, context);
}

inspect.custom = customInspect;
inspect.defaultOptions = DEFAULTS;

function formatArgument(specifier: string, value: unknown): string {
  switch (specifier) {
    case "s":
      if (typeof value === "bigint") return `${value}n`;
      if (typeof value === "number") return formatNumber(value);
      if (typeof value !== "object" || value === null) return String(value);
      if (value instanceof Error || Object.hasOwn(value, "toString")) return String(value);
      return inspect(value, { depth: 0, colors: false, compact: 3 });
    case "d":
      if (typeof value === "bigint") return `${value}n`;
      return typeof value === "symbol" ? "NaN" : formatNumber(Number(value));
    case "i":
      if (typeof value === "bigint") return `${value}n`;
      return typeof value === "symbol" ? "NaN" : formatNumber(Number.parseInt(String(value), 10));
    case "f":
      return typeof value === "symbol" ? "NaN" : formatNumber(Number.parseFloat(String(value)));
    case "j":
      try {
        return JSON.stringify(value) ?? "undefined";
      } catch (error) {
        if (error instanceof Error && /circular/i.test(error.message)) return "[Circular]";
        throw error;
      }
    case "O":
      return inspect(value);
    case "o":
      return inspect(value, { showHidden: true, depth: 4 });
    default:
      return "";
  }
}

/** printf-like text; arguments that no specifier takes follow, separated by blanks. */
export function format(...args: unknown[]): string {
  const [first] = args;
  let next = 0;
  let text = "";
  if (typeof first === "string") {
    next = 1;
    if (args.length === 1) return first;
    text = first.replace(/%([sdifjoOc%])/g, (whole, specifier: string) => {
      if (specifier === "%") return "%";
      if (next >= args.length) return whole;
      return formatArgument(specifier, args[next++]);
    });
  }
  for (; next < args.length; next++) {
    const value = args[next];
    text += `${next === 0 ? "" : " "}${typeof value === "string" ? value : inspect(value)}`;
  }
  return text;
}
