/** util.inspect, after Node's documentation and output. */
import { join } from "./inspect-layout.ts";
import {
  type Context,
  DEFAULTS,
  formatPrimitive,
  formatString,
  type InspectOptions,
} from "./inspect-primitive.ts";
import { constructorName, errorStack, formatProperty, shapeOf } from "./inspect-shape.ts";
import { types } from "./types.ts";

export const customInspect: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

function visibleKeys(value: object, context: Context, isList: boolean): (string | symbol)[] {
  const all = Reflect.ownKeys(value);
  const list = all.filter((key) => {
    if (isList && typeof key === "string" && /^(0|[1-9]\d*)$/.test(key)) return false;
    return context.options.showHidden || Object.getOwnPropertyDescriptor(value, key)?.enumerable === true;
  });
  return list;
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
  if (keys.length === 0 && shape.size === 0) {
    return shape.base === "" ? shape.braces.join("") : shape.base;
  }
  if (options.depth !== null && context.depth > options.depth) {
    const name = constructorName(value) ?? "Object: null prototype";
    return `[${Array.isArray(value) ? "Array" : name}]`;
  }
  context.path.push(value);
  context.lastLevel = context.depth;
  context.depth++;
  const output = shape.entries(context);
  for (const key of keys)
    output.push(formatProperty(value, key, context, isList ? "named in a list" : "named"));
  context.depth--;
  context.path.pop();
  const reference = context.circular.get(value);
  if (reference !== undefined) {
    const mark = `<ref *${reference}> `;
    if (shape.base === "") shape.braces[0] = mark + shape.braces[0];
    else shape.base = mark + shape.base;
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
    show: (inner) => formatValue(inner, context),
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

export { errorStack, type InspectOptions };
