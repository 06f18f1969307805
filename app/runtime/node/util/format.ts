/** util.format. */
import { invalidArgType } from "../node-error.ts";
import { type InspectOptions, inspect } from "./inspect.ts";
import { formatNumber } from "./inspect-primitive.ts";

const STANDARD =
  /^(AggregateError|Array|ArrayBuffer|Big(Int|Int64Array|Uint64Array)|Boolean|DataView|Date|(Eval|Range|Reference|Syntax|Type|URI)?Error|FinalizationRegistry|Float(32|64)Array|Function|(Ui|I)nt(8|16|32)Array|Uint8ClampedArray|(Weak)?(Map|Set)|Number|Object|Promise|Proxy|RegExp|SharedArrayBuffer|String|Symbol|WeakRef)$/;

/** Nobody wrote a `toString` for this object: it is that of one of JavaScript's own classes. */
function hasStandardToString(value: object): boolean {
  let owner: object | null = value;
  while (owner !== null && !Object.hasOwn(owner, "toString")) owner = Object.getPrototypeOf(owner);
  if (owner === value) return false;
  const maker: unknown =
    owner === null ? Object : Object.getOwnPropertyDescriptor(owner, "constructor")?.value;
  return typeof maker === "function" && STANDARD.test(maker.name);
}

function formatArgument(specifier: string, value: unknown, options: InspectOptions): string {
  switch (specifier) {
    case "s":
      if (typeof value === "bigint") return `${value}n`;
      if (typeof value === "number") return formatNumber(value);
      if (typeof value !== "object" || value === null || !hasStandardToString(value)) return String(value);
      return inspect(value, { ...options, depth: 0, colors: false, compact: 3 });
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
      return inspect(value, options);
    case "o":
      return inspect(value, { ...options, showHidden: true, depth: 4 });
    default:
      return "";
  }
}

/** printf-like text; arguments that no specifier takes follow, separated by blanks. */
export function format(...args: unknown[]): string {
  return formatAll({}, args);
}

/** The same, where objects are shown with these options of `inspect`. */
export function formatWithOptions(options: unknown, ...args: unknown[]): string {
  if (typeof options !== "object" || options === null)
    throw invalidArgType("inspectOptions", "object", options);
  return formatAll(options, args);
}

function formatAll(options: InspectOptions, args: readonly unknown[]): string {
  const [first] = args;
  let next = 0;
  let text = "";
  if (typeof first === "string") {
    next = 1;
    if (args.length === 1) return first;
    text = first.replace(/%([sdifjoOc%])/g, (whole, specifier: string) => {
      if (specifier === "%") return "%";
      if (next >= args.length) return whole;
      return formatArgument(specifier, args[next++], options);
    });
  }
  for (; next < args.length; next++) {
    const value = args[next];
    text += `${next === 0 ? "" : " "}${typeof value === "string" ? value : inspect(value, options)}`;
  }
  return text;
}
