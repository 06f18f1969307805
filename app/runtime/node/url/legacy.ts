/** url.parse, url.format and url.resolve: Node's legacy API, which mqtt parses its broker's address with. */
import { invalidArgType, nodeError } from "../node-error.ts";
import { URL } from "./whatwg.ts";

export interface UrlObject {
  protocol: string | null;
  slashes: boolean | null;
  auth: string | null;
  host: string | null;
  port: string | null;
  hostname: string | null;
  hash: string | null;
  search: string | null;
  query: string | null | Record<string, string | string[]>;
  pathname: string | null;
  path: string | null;
  href: string;
}

export class Url implements UrlObject {
  protocol: string | null = null;
  slashes: boolean | null = null;
  auth: string | null = null;
  host: string | null = null;
  port: string | null = null;
  hostname: string | null = null;
  hash: string | null = null;
  search: string | null = null;
  query: string | null | Record<string, string | string[]> = null;
  pathname: string | null = null;
  path: string | null = null;
  href = "";
}

const SLASHED = /^(?:https?|ftp|gopher|file|wss?):$/;

/** name=value&… as an object without a prototype; repeated names make lists. */
export function parseQuery(text: string): Record<string, string | string[]> {
  const result = Object.create(null) as Record<string, string | string[]>;
  for (const part of text.split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const [name, value] = (at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)]).map(
      unescapeQuery,
    ) as [string, string];
    const present = result[name];
    if (present === undefined) result[name] = value;
    else if (Array.isArray(present)) present.push(value);
    else result[name] = [present, value];
  }
  return result;
}

function unescapeQuery(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

/** Characters that the legacy parser escapes wherever they stand. */
function escapeUnsafe(text: string): string {
  return text.replace(/[\t\n\r "'<>\\^`{|}]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
    return `%${code}`;
  });
}

function decodeAuth(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new URIError("URI malformed");
  }
}

function readHost(url: Url, authority: string): void {
  const at = authority.lastIndexOf("@");
  if (at >= 0) url.auth = decodeAuth(authority.slice(0, at));
  const hostText = authority.slice(at + 1);
  const port = /:(\d*)$/.exec(hostText);
  const bracketed = hostText.startsWith("[");
  const name = (port ? hostText.slice(0, port.index) : hostText).toLowerCase();
  if (port?.[1]) url.port = port[1];
  url.hostname = bracketed ? name.slice(1, -1) : name;
  if (!bracketed && /[\0\t\n\r #%/:<>?@[\\\]^|]/.test(name)) {
    throw Object.assign(nodeError(TypeError, "ERR_INVALID_URL", "Invalid URL"), { input: hostText });
  }
  url.host = name + (url.port === null ? "" : `:${url.port}`);
}

export function parse(input: unknown, parseQueryString = false, slashesDenoteHost = false): Url {
  if (typeof input !== "string") throw invalidArgType("url", "string", input);
  const url = new Url();
  let rest = input.trim().replace(/^[^?#]*/, (head) => head.replaceAll("\\", "/"));
  const protocol = /^([a-z0-9.+-]+:)/i.exec(rest)?.[1]?.toLowerCase();
  if (protocol !== undefined) {
    url.protocol = protocol;
    rest = rest.slice(protocol.length);
  }
  const hasSlashes =
    rest.startsWith("//") && (slashesDenoteHost || protocol !== undefined || /^\/\/[^@/]+@[^@/]+/.test(rest));
  // Of a protocol that it doesn't know, the legacy parser takes what follows for a host, slashes or not.
  const hasHost = hasSlashes || (protocol !== undefined && !SLASHED.test(protocol));
  if (hasHost && protocol !== "javascript:") {
    if (hasSlashes) {
      url.slashes = true;
      rest = rest.slice(2);
    }
    const lastAt = rest.slice(0, rest.search(/[/?#]|$/)).lastIndexOf("@");
    const end = rest.slice(lastAt + 1).search(/[/?#\t\n\r "'<>\\^`{|}]|$/) + lastAt + 1;
    readHost(url, rest.slice(0, end));
    rest = rest.slice(end);
    // Behind an IPv6 address there is always a path.
    if (url.host?.startsWith("[") && !rest.startsWith("/")) rest = `/${rest}`;
  }
  rest = escapeUnsafe(rest);
  const hashAt = rest.indexOf("#");
  if (hashAt >= 0) {
    url.hash = rest.slice(hashAt);
    rest = rest.slice(0, hashAt);
  }
  const queryAt = rest.indexOf("?");
  if (queryAt >= 0) {
    url.search = rest.slice(queryAt);
    url.query = parseQueryString ? parseQuery(rest.slice(queryAt + 1)) : rest.slice(queryAt + 1);
    rest = rest.slice(0, queryAt);
  } else if (parseQueryString) {
    url.query = Object.create(null) as Record<string, string>;
  }
  if (rest !== "") url.pathname = rest;
  if (protocol !== undefined && SLASHED.test(protocol) && url.hostname && url.pathname === null)
    url.pathname = "/";
  if (url.pathname !== null || url.search !== null) url.path = (url.pathname ?? "") + (url.search ?? "");
  url.href = format(url);
  return url;
}

interface FormatInput {
  auth?: string | null;
  protocol?: string | null;
  slashes?: boolean | null;
  host?: string | null;
  hostname?: string | null;
  port?: string | number | null;
  pathname?: string | null;
  search?: string | null;
  query?: unknown;
  hash?: string | null;
}

function stringifyQuery(query: object): string {
  return Object.entries(query)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((item) => [name, item]))
    .map(([name, item]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(item ?? ""))}`)
    .join("&");
}

export function format(input: string | URL | FormatInput): string {
  if (typeof input === "string") return parse(input).href;
  if (input instanceof URL) return input.href;
  if (typeof input !== "object" || input === null)
    throw invalidArgType("urlObject", ["Object", "string"], input);
  const auth = input.auth ? `${encodeURIComponent(input.auth).replaceAll("%3A", ":")}@` : "";
  let protocol = input.protocol ?? "";
  if (protocol !== "" && !protocol.endsWith(":")) protocol += ":";
  let host = "";
  if (input.host) {
    host = auth + input.host;
  } else if (input.hostname) {
    const name =
      input.hostname.includes(":") && !input.hostname.startsWith("[")
        ? `[${input.hostname}]`
        : input.hostname;
    host = auth + name + (input.port ? `:${input.port}` : "");
  }
  let pathname = (input.pathname ?? "").replace(/[?#]/g, (character) => (character === "?" ? "%3F" : "%23"));
  if (input.slashes || SLASHED.test(protocol)) {
    if (input.slashes || host !== "") {
      if (pathname !== "" && !pathname.startsWith("/")) pathname = `/${pathname}`;
      host = `//${host}`;
    } else if (protocol === "file:") {
      host = "//";
    }
  }
  const query = typeof input.query === "object" && input.query !== null ? stringifyQuery(input.query) : "";
  let search = input.search ?? (query === "" ? "" : `?${query}`);
  if (search !== "" && !search.startsWith("?")) search = `?${search}`;
  let hash = input.hash ?? "";
  if (hash !== "" && !hash.startsWith("#")) hash = `#${hash}`;
  return protocol + host + pathname + search.replaceAll("#", "%23") + hash;
}

/** A reference resolved against a base, both as texts. */
export function resolve(from: string, to: string): string {
  const resolved = new URL(to, new URL(from, "resolve://"));
  if (resolved.protocol !== "resolve:") return resolved.href;
  return resolved.pathname + resolved.search + resolved.hash;
}
