/** What util.inspect shows of each kind of object: its name, its braces, its entries. */
import { type Context, formatPrimitive, quoteString } from "./inspect-primitive.ts";
import { isStringTag, types } from "./types.ts";

const IDENTIFIER = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
/** The name of the class an object was made by; null for objects without a prototype. */
export function constructorName(value: object): string | null {
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

export function formatProperty(
  object: object,
  key: string | symbol,
  context: Context,
  kind: "named" | "element" | "named in a list",
): string {
  const descriptor = Object.getOwnPropertyDescriptor(object, key) ?? {
    value: (object as Record<string | symbol, unknown>)[key],
    enumerable: true,
  };
  let text: string;
  let space = " ";
  if (descriptor.value !== undefined || !("get" in descriptor)) {
    const lined = context.options.compact === true && kind === "named";
    context.indentation += lined ? 3 : 2;
    text = context.show(descriptor.value);
    if (lined && text.length > context.options.breakLength) space = `\n${" ".repeat(context.indentation)}`;
    context.indentation -= lined ? 3 : 2;
  } else if (descriptor.get !== undefined) {
    text = descriptor.set !== undefined ? "[Getter/Setter]" : "[Getter]";
  } else {
    text = descriptor.set !== undefined ? "[Setter]" : "undefined";
  }
  if (kind === "element") return text;
  const name = descriptor.enumerable === false ? `[${String(key)}]` : propertyKey(key);
  return `${name}:${space}${text}`;
}

function formatList(values: Iterable<unknown>, total: number, context: Context): string[] {
  const limit = Math.min(context.options.maxArrayLength ?? Number.POSITIVE_INFINITY, total);
  const output: string[] = [];
  for (const value of values) {
    if (output.length >= limit) break;
    context.indentation += 2;
    output.push(context.show(value));
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
  const output = [...map].map(([key, value]) => `${context.show(key)} => ${context.show(value)}`);
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
export interface Shape {
  base: string;
  braces: [string, string];
  entries: (context: Context) => string[];
  isList: boolean;
  /** How many entries there are, whatever is shown of them. */
  size: number;
}

export function shapeOf(value: object, keys: (string | symbol)[], context: Context): Shape {
  const name = constructorName(value);
  const shape: Shape = { base: "", braces: ["{", "}"], entries: () => [], isList: false, size: 0 };
  if (Array.isArray(value)) {
    const prefix = name === "Array" ? "" : prefixOf(value, name, "Array", `(${value.length})`);
    return {
      ...shape,
      braces: [`${prefix}[`, "]"],
      entries: (inner) => formatArray(value, inner),
      isList: true,
      size: value.length,
    };
  }
  if (types.isTypedArray(value)) {
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    const prefix = prefixOf(value, name, kind, `(${value.length})`);
    const entries = (inner: Context) => formatList(value as Iterable<unknown>, value.length, inner);
    return { ...shape, braces: [`${prefix}[`, "]"], entries, isList: true, size: value.length };
  }
  if (types.isSet(value)) {
    const entries = (inner: Context) => formatList(value, value.size, inner);
    return {
      ...shape,
      braces: [`${prefixOf(value, name, "Set", `(${value.size})`)}{`, "}"],
      entries,
      size: value.size,
    };
  }
  if (types.isMap(value)) {
    const entries = (inner: Context) => formatMap(value, inner);
    return {
      ...shape,
      braces: [`${prefixOf(value, name, "Map", `(${value.size})`)}{`, "}"],
      entries,
      size: value.size,
    };
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
    return { ...shape, braces: [`${prefixOf(value, name, "ArrayBuffer")}{`, "}"], entries, size: 2 };
  }
  if (types.isPromise(value))
    return { ...shape, braces: ["Promise {", "}"], entries: () => ["<pending>"], size: 1 };
  if (types.isWeakSet(value))
    return { ...shape, braces: ["WeakSet {", "}"], entries: () => ["<items unknown>"], size: 1 };
  if (types.isWeakMap(value))
    return { ...shape, braces: ["WeakMap {", "}"], entries: () => ["<items unknown>"], size: 1 };
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
