/** The URL parser (URL Standard §4.4), as steps on strings instead of one state machine. */
import { parseHost } from "./host.ts";

export interface UrlRecord {
  scheme: string;
  username: string;
  password: string;
  host: string | null;
  port: number | null;
  /** A list of segments, or one opaque text (`mailto:a@b`). */
  path: string[] | string;
  query: string | null;
  fragment: string | null;
}

export const DEFAULT_PORTS: Readonly<Record<string, number | null>> = {
  "ftp:": 21,
  "file:": null,
  "http:": 80,
  "https:": 443,
  "ws:": 80,
  "wss:": 443,
};

export function isSpecial(scheme: string): boolean {
  return Object.hasOwn(DEFAULT_PORTS, scheme);
}

function encoder(set: RegExp): (text: string) => string {
  const pattern = new RegExp(set.source, "gu");
  return (text) =>
    text.replace(pattern, (character) => {
      const code = character.charCodeAt(0);
      if (code < 128) return `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
      // A lone surrogate is encoded as U+FFFD.
      return /^[\ud800-\udfff]$/.test(character) ? "%EF%BF%BD" : encodeURIComponent(character);
    });
}

/** The percent-encode sets of URL Standard §1.3. */
export const encodeFragment = encoder(/[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]/);
export const encodeQuery = encoder(/[^\x21\x24-\x3b\x3d\x3f-\x7e]/);
export const encodeSpecialQuery = encoder(/[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]/);
export const encodePath = encoder(/[^\x21\x24-\x3b\x3d\x40-\x5d\x5f\x61-\x7a\x7c\x7e]/);
export const encodeUserinfo = encoder(/[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a\x7e]/);
export const encodeOpaque = encoder(/[^\x20-\x7e]/);

function isSingleDot(segment: string): boolean {
  return segment === "." || /^%2e$/i.test(segment);
}

function isDoubleDot(segment: string): boolean {
  return /^(?:\.|%2e){2}$/i.test(segment);
}

/** Appends a path text to segments, resolving `.` and `..`. */
export function appendPath(segments: readonly string[], text: string, special: boolean): string[] {
  const result = [...segments];
  const parts = text.split(special ? /[/\\]/ : "/");
  parts.forEach((part, at) => {
    const last = at === parts.length - 1;
    if (isDoubleDot(part)) {
      result.pop();
      if (last) result.push("");
    } else if (isSingleDot(part)) {
      if (last) result.push("");
    } else {
      result.push(encodePath(part));
    }
  });
  return result;
}

/** Splits at the first of `marks`: [before, after or null]. */
function splitAt(text: string, mark: string): [string, string | null] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

export function parsePort(text: string, scheme: string): number | null | undefined {
  if (text === "") return null;
  if (!/^\d+$/.test(text)) return undefined;
  const port = Number(text);
  if (port > 65535) return undefined;
  return port === DEFAULT_PORTS[scheme] ? null : port;
}

/** user:password@host:port into the record; false when it is malformed. */
function parseAuthority(record: UrlRecord, text: string): boolean {
  const at = text.lastIndexOf("@");
  if (at >= 0) {
    const [username, password] = splitAt(text.slice(0, at), ":");
    record.username = encodeUserinfo(username);
    record.password = encodeUserinfo(password ?? "");
    if (at === text.length - 1) return false;
  }
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(text.slice(at + 1));
  if (!match) return false;
  const [, hostText = "", portText = ""] = match;
  const special = isSpecial(record.scheme);
  if (hostText === "" && (special || match[2] !== undefined || at >= 0)) return false;
  const host = hostText === "" ? "" : parseHost(hostText, special);
  const port = parsePort(portText, record.scheme);
  if (host === null || port === undefined) return false;
  record.host = host;
  record.port = port;
  return true;
}

function authorityAndPath(record: UrlRecord, rest: string): boolean {
  const special = isSpecial(record.scheme);
  const end = rest.search(special ? /[/\\]/ : /\//);
  const authority = end < 0 ? rest : rest.slice(0, end);
  if (record.scheme === "file:") {
    const host = authority === "" ? "" : parseHost(authority, true);
    if (host === null) return false;
    record.host = host === "localhost" ? "" : host;
  } else if (!parseAuthority(record, authority)) {
    return false;
  }
  if (end >= 0) record.path = appendPath([], rest.slice(end + 1), special);
  else record.path = special ? [""] : [];
  return true;
}

function relativeTo(record: UrlRecord, base: UrlRecord, rest: string, hasQuery: boolean): boolean {
  record.scheme = base.scheme;
  const special = isSpecial(base.scheme);
  const slashes = special ? /^[/\\]{2}/ : /^\/\//;
  if (slashes.test(rest)) return authorityAndPath(record, rest.slice(2));
  record.username = base.username;
  record.password = base.password;
  record.host = base.host;
  record.port = base.port;
  const segments = Array.isArray(base.path) ? base.path : [];
  if (rest === "") {
    record.path = [...segments];
    if (!hasQuery) record.query = base.query;
  } else if (rest.startsWith("/") || (special && rest.startsWith("\\"))) {
    record.path = appendPath([], rest.slice(1), special);
  } else {
    record.path = appendPath(segments.slice(0, -1), rest, special);
  }
  return true;
}

function withScheme(record: UrlRecord, base: UrlRecord | null, rest: string, hasQuery: boolean): boolean {
  const special = isSpecial(record.scheme);
  if (!special) {
    if (rest.startsWith("//")) return authorityAndPath(record, rest.slice(2));
    if (rest.startsWith("/")) record.path = appendPath([], rest.slice(1), false);
    else record.path = encodeOpaque(rest);
    return true;
  }
  if (base?.scheme === record.scheme && !/^[/\\]/.test(rest)) return relativeTo(record, base, rest, hasQuery);
  if (record.scheme !== "file:") return authorityAndPath(record, rest.replace(/^[/\\]*/, ""));
  if (/^[/\\]{2}/.test(rest)) return authorityAndPath(record, rest.slice(2));
  record.host = "";
  record.path = appendPath([], rest.replace(/^[/\\]/, ""), true);
  return true;
}

/** The record of a URL, or null when the text isn't one. */
export function parseUrl(input: string, base: UrlRecord | null): UrlRecord | null {
  const text = input.replace(/^[\0-\x20]+|[\0-\x20]+$/g, "").replace(/[\t\n\r]/g, "");
  const record: UrlRecord = {
    scheme: "",
    username: "",
    password: "",
    host: null,
    port: null,
    path: [],
    query: null,
    fragment: null,
  };
  const [beforeFragment, fragment] = splitAt(text, "#");
  const [hierarchy, query] = splitAt(beforeFragment, "?");
  const scheme = /^([a-z][a-z0-9+.-]*:)/i.exec(hierarchy)?.[1];
  let valid: boolean;
  if (scheme !== undefined) {
    record.scheme = scheme.toLowerCase();
    valid = withScheme(record, base, hierarchy.slice(scheme.length), query !== null);
  } else if (
    base === null ||
    (typeof base.path === "string" && (hierarchy !== "" || query !== null || fragment === null))
  ) {
    valid = false;
  } else if (typeof base.path === "string") {
    Object.assign(record, base);
    valid = true;
  } else {
    valid = relativeTo(record, base, hierarchy, query !== null);
  }
  if (!valid) return null;
  if (query !== null) record.query = (isSpecial(record.scheme) ? encodeSpecialQuery : encodeQuery)(query);
  record.fragment = fragment === null ? null : encodeFragment(fragment);
  return record;
}

export function serializePath(record: UrlRecord): string {
  if (typeof record.path === "string") return record.path;
  return record.path.map((segment) => `/${segment}`).join("");
}

export function serializeUrl(record: UrlRecord, withFragment = true): string {
  let text = record.scheme;
  if (record.host !== null) {
    text += "//";
    if (record.username !== "" || record.password !== "") {
      text += `${record.username}${record.password === "" ? "" : `:${record.password}`}@`;
    }
    text += record.host + (record.port === null ? "" : `:${record.port}`);
  } else if (Array.isArray(record.path) && record.path.length > 1 && record.path[0] === "") {
    text += "/.";
  }
  text += serializePath(record);
  if (record.query !== null) text += `?${record.query}`;
  if (withFragment && record.fragment !== null) text += `#${record.fragment}`;
  return text;
}
