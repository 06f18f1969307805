/** URLSearchParams (URL Standard §6) and the form encoding it speaks. */
import { invalidArgType, nodeError } from "../node-error.ts";

function decode(text: string): string {
  const spaced = text.replaceAll("+", " ");
  if (!spaced.includes("%")) return spaced;
  const bytes: number[] = [];
  const source = Buffer.from(spaced, "utf8");
  for (let at = 0; at < source.length; at++) {
    const byte = source[at] as number;
    const digits = byte === 0x25 ? source.toString("latin1", at + 1, at + 3) : "";
    if (/^[0-9a-f]{2}$/i.test(digits)) {
      bytes.push(Number.parseInt(digits, 16));
      at += 2;
    } else {
      bytes.push(byte);
    }
  }
  return Buffer.from(bytes).toString("utf8");
}

function encode(text: string): string {
  return encodeURIComponent(
    text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd"),
  )
    .replaceAll("%20", "+")
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function parse(text: string): [string, string][] {
  return text
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [decode(part), ""] : [decode(part.slice(0, at)), decode(part.slice(at + 1))];
    });
}

export type SearchInit =
  | string
  | Iterable<readonly [string, string]>
  | Record<string, string>
  | undefined
  | null;

export class URLSearchParams {
  #list: [string, string][] = [];
  /** Tells the URL that owns this list of a change. */
  #changed: (() => void) | null = null;

  constructor(init: SearchInit = "") {
    if (init === null || typeof init !== "object") {
      this.#list = parse(String(init ?? "").replace(/^\?/, ""));
    } else if (Symbol.iterator in init) {
      for (const pair of init) {
        if (typeof pair !== "object" || [...pair].length !== 2) {
          throw nodeError(
            TypeError,
            "ERR_INVALID_TUPLE",
            "Each query pair must be an iterable [name, value] tuple",
          );
        }
        this.append(pair[0], pair[1]);
      }
    } else {
      for (const [name, value] of Object.entries(init)) this.append(name, value);
    }
  }

  /** For URL only: follows the query of `owner`. */
  static attach(params: URLSearchParams, changed: () => void): void {
    params.#changed = changed;
  }
  static reload(params: URLSearchParams, query: string): void {
    params.#list = parse(query);
  }

  get size(): number {
    return this.#list.length;
  }
  append(name: string, value: string): void {
    this.#list.push([String(name), String(value)]);
    this.#changed?.();
  }
  delete(name: string, value?: string): void {
    this.#list = this.#list.filter(
      ([n, v]) => n !== String(name) || (value !== undefined && v !== String(value)),
    );
    this.#changed?.();
  }
  get(name: string): string | null {
    return this.#list.find(([n]) => n === String(name))?.[1] ?? null;
  }
  getAll(name: string): string[] {
    return this.#list.filter(([n]) => n === String(name)).map(([, value]) => value);
  }
  has(name: string, value?: string): boolean {
    return this.#list.some(([n, v]) => n === String(name) && (value === undefined || v === String(value)));
  }
  set(name: string, value: string): void {
    const at = this.#list.findIndex(([n]) => n === String(name));
    if (at < 0) {
      this.append(name, value);
      return;
    }
    this.#list = this.#list.filter(([n], index) => index === at || n !== String(name));
    this.#list[at] = [String(name), String(value)];
    this.#changed?.();
  }
  sort(): void {
    this.#list.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changed?.();
  }
  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, self?: unknown): void {
    if (typeof callback !== "function") throw invalidArgType("callback", "function", callback);
    for (const [name, value] of this.#list) callback.call(self, value, name, this);
  }
  *entries(): IterableIterator<[string, string]> {
    for (const [name, value] of this.#list) yield [name, value];
  }
  *keys(): IterableIterator<string> {
    for (const [name] of this.#list) yield name;
  }
  *values(): IterableIterator<string> {
    for (const [, value] of this.#list) yield value;
  }
  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }
  toString(): string {
    return this.#list.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
  }
}
