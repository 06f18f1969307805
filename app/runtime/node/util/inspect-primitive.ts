/** What all parts of util.inspect share: options, the state of one run, and how primitives look. */

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

export interface Context {
  /** formatValue of inspect.ts. */
  readonly show: (value: unknown) => string;
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

export const DEFAULTS: Required<InspectOptions> = {
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

export function formatString(text: string, context: Context, topLevelLine: boolean): string {
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

export function formatNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

export function formatPrimitive(value: unknown, context: Context): string {
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
