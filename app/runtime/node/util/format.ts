/** util.format. */
import { inspect } from "./inspect.ts";
import { formatNumber } from "./inspect-primitive.ts";

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
