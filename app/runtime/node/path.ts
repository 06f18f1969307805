/** node:path, POSIX only. */
import { validateString } from "./node-error.ts";

export const sep = "/";
export const delimiter = ":";

/** Resolves `.` and `..` among segments; leading `..` stay when `relative` allows them. */
function normalizeSegments(path: string, allowAbove: boolean): string {
  const result: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") result.push(segment);
    else if (result.length > 0 && result.at(-1) !== "..") result.pop();
    else if (allowAbove) result.push("..");
  }
  return result.join("/");
}

export function resolve(...paths: string[]): string {
  let resolved = "";
  for (let at = paths.length - 1; at >= -1 && !resolved.startsWith("/"); at--) {
    const path = at >= 0 ? (paths[at] as string) : process.cwd();
    if (at >= 0) validateString(path, `paths[${at}]`);
    if (path !== "") resolved = resolved === "" ? path : `${path}/${resolved}`;
  }
  return `/${normalizeSegments(resolved, false)}`;
}

export function normalize(path: string): string {
  validateString(path, "path");
  if (path === "") return ".";
  const absolute = path.startsWith("/");
  const inner = normalizeSegments(path, !absolute);
  const tail = path.endsWith("/") ? "/" : "";
  if (inner === "") return absolute ? "/" : `.${tail}`;
  return `${absolute ? "/" : ""}${inner}${tail}`;
}

export function isAbsolute(path: string): boolean {
  validateString(path, "path");
  return path.startsWith("/");
}

export function join(...paths: string[]): string {
  for (const path of paths) validateString(path, "path");
  const joined = paths.filter((path) => path !== "").join("/");
  return joined === "" ? "." : normalize(joined);
}

export function relative(from: string, to: string): string {
  validateString(from, "from");
  validateString(to, "to");
  const segments = (path: string) => resolve(path).split("/").slice(1).filter(Boolean);
  const [source, target] = [segments(from), segments(to)];
  let common = 0;
  while (common < source.length && common < target.length && source[common] === target[common]) common++;
  return [...source.slice(common).map(() => ".."), ...target.slice(common)].join("/");
}

export function toNamespacedPath(path: string): string {
  return path;
}

function withoutTrailing(path: string): string {
  return path.replace(/\/+$/, "");
}

export function dirname(path: string): string {
  validateString(path, "path");
  if (path === "") return ".";
  const absolute = path.startsWith("/");
  // The last slash that has something else behind it; the first character doesn't count.
  const end = path.replace(/\/+$/, "").lastIndexOf("/");
  if (end < 1) return absolute ? "/" : ".";
  return absolute && end === 1 ? "//" : path.slice(0, end);
}

export function basename(path: string, suffix?: string): string {
  validateString(path, "path");
  if (suffix !== undefined) validateString(suffix, "suffix");
  if (suffix === path) return "";
  const trimmed = withoutTrailing(path);
  const name = trimmed.slice(trimmed.lastIndexOf("/") + 1);
  // Node.js keeps the slashes when there is nothing else and a suffix is looked for.
  if (name === "" && suffix && suffix.length <= path.length) return path;
  if (suffix !== undefined && suffix !== name && name.endsWith(suffix)) {
    return name.slice(0, name.length - suffix.length);
  }
  return name;
}

export function extname(path: string): string {
  validateString(path, "path");
  const name = basename(path);
  const at = name.lastIndexOf(".");
  return at <= 0 || (/^\.+$/.test(name.slice(0, at + 1)) && name === "..") ? "" : name.slice(at);
}

interface PathObject {
  root?: string;
  dir?: string;
  base?: string;
  ext?: string;
  name?: string;
}

export function parse(path: string): Required<PathObject> {
  validateString(path, "path");
  const root = path.startsWith("/") ? "/" : "";
  const base = basename(path);
  const ext = extname(path);
  const name = ext === "" ? base : base.slice(0, base.length - ext.length);
  const trimmed = withoutTrailing(path);
  const at = trimmed.lastIndexOf("/");
  const dir = at > 0 ? trimmed.slice(0, at) : root;
  return { root, dir, base, ext, name };
}

export function format(object: PathObject): string {
  const dir = object.dir || object.root;
  const ext = object.ext ? `${object.ext.startsWith(".") ? "" : "."}${object.ext}` : "";
  const base = object.base || `${object.name ?? ""}${ext}`;
  if (!dir) return base;
  return dir === object.root ? dir + base : `${dir}/${base}`;
}

const path = {
  basename,
  delimiter,
  dirname,
  extname,
  format,
  isAbsolute,
  join,
  normalize,
  parse,
  relative,
  resolve,
  sep,
  toNamespacedPath,
};
export const posix: typeof path & { posix?: unknown } = path;
posix.posix = path;
export default path;
