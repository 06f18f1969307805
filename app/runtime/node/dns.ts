/** node:dns: lookup() through the system's resolver on a thread of its own. */
import { native } from "../binding.ts";
import { invalidArgType, invalidArgValue, validateInteger } from "./node-error.ts";

interface Family {
  readonly address: string;
  readonly family: 4 | 6;
}
interface LookupOptions {
  family?: number | "IPv4" | "IPv6";
  all?: boolean;
  hints?: number;
  order?: "verbatim" | "ipv4first" | "ipv6first";
  verbatim?: boolean;
}
type LookupCallback = (error: Error | null, address?: string | Family[], family?: 4 | 6) => void;

const binding = native("dns") as {
  lookup(
    host: string,
    family: number,
    done: (code: string | null, found?: (string | number)[]) => void,
  ): void;
  lookupService(
    address: string,
    port: number,
    done: (code: string | null, host: string, service: string) => void,
  ): void;
};
const { isIP } = native("net") as { isIP(text: string): 0 | 4 | 6 };

export const ADDRCONFIG = 32;
export const V4MAPPED = 8;
export const ALL = 16;
export const NOTFOUND = "ENOTFOUND";
export const NODATA = "ENODATA";
export const SERVFAIL = "ESERVFAIL";

/** libuv's numbers, which Node puts into `errno`. */
const ERRNO: Readonly<Record<string, number>> = {
  EAI_AGAIN: -3001,
  EAI_FAIL: -3004,
  EAI_FAMILY: -3005,
  EAI_MEMORY: -3006,
  ENOTFOUND: -3008,
  EAI_SERVICE: -3010,
  EAI_SOCKTYPE: -3011,
};

function lookupError(syscall: string, code: string, hostname: string): Error {
  const error = new Error(`${syscall} ${code} ${hostname}`);
  return Object.assign(error, { errno: ERRNO[code], code, syscall, hostname });
}

function familyOf(value: LookupOptions["family"]): 0 | 4 | 6 {
  if (value === undefined || value === 0) return 0;
  if (value === 4 || value === "IPv4") return 4;
  if (value === 6 || value === "IPv6") return 6;
  throw invalidArgValue("family", value, "must be one of: 0, 4, 6");
}

function pairs(found: readonly (string | number)[]): Family[] {
  const list: Family[] = [];
  for (let at = 0; at < found.length; at += 2) {
    list.push({ address: found[at] as string, family: found[at + 1] as 4 | 6 });
  }
  return list;
}

let defaultOrder: LookupOptions["order"] = "verbatim";
export function setDefaultResultOrder(order: "verbatim" | "ipv4first" | "ipv6first"): void {
  defaultOrder = order;
}
export function getDefaultResultOrder(): string {
  return defaultOrder ?? "verbatim";
}

function sorted(list: Family[], order: LookupOptions["order"]): Family[] {
  if (order === "ipv4first") return list.toSorted((a, b) => a.family - b.family);
  if (order === "ipv6first") return list.toSorted((a, b) => b.family - a.family);
  return list;
}

export function lookup(
  hostname: string,
  optionsOrCallback: LookupOptions | number | LookupCallback | null | undefined,
  maybeCallback?: LookupCallback,
): void {
  const callback = typeof optionsOrCallback === "function" ? optionsOrCallback : maybeCallback;
  if (typeof callback !== "function") throw invalidArgType("callback", "function", callback);
  if (hostname && typeof hostname !== "string") throw invalidArgType("hostname", "string", hostname);
  const options: LookupOptions =
    typeof optionsOrCallback === "number"
      ? { family: optionsOrCallback as 4 | 6 }
      : typeof optionsOrCallback === "object" && optionsOrCallback !== null
        ? optionsOrCallback
        : {};
  const family = familyOf(options.family);
  const answer = (list: readonly Family[]) => {
    if (options.all) callback(null, [...list]);
    else callback(null, list[0]?.address, list[0]?.family);
  };
  if (!hostname) {
    process.nextTick(
      options.all ? () => callback(null, []) : () => callback(null, null as never, family === 6 ? 6 : 4),
    );
    return;
  }
  const literal = isIP(hostname);
  if (literal !== 0) {
    process.nextTick(answer, [{ address: hostname, family: literal }]);
    return;
  }
  const order = options.order ?? (options.verbatim === false ? "ipv4first" : defaultOrder);
  binding.lookup(hostname, family, (code, found) => {
    const list = code === null ? sorted(pairs(found ?? []), order) : [];
    if (code !== null || list.length === 0)
      callback(lookupError("getaddrinfo", code ?? "ENOTFOUND", hostname));
    else answer(list);
  });
}

function lookupPromise(hostname: string, options: LookupOptions | number = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    lookup(hostname, options, (error, address, family) => {
      if (error) reject(error);
      else resolve(Array.isArray(address) ? address : { address, family });
    });
  });
}

type ServiceCallback = (error: Error | null, hostname?: string, service?: string) => void;

/** The name of an address, and of a port's service. */
export function lookupService(address: string, port: number, callback: ServiceCallback): void {
  if (isIP(address) === 0) throw invalidArgValue("address", address);
  validateInteger(port, "port", 0, 65535);
  if (typeof callback !== "function") throw invalidArgType("callback", "function", callback);
  binding.lookupService(address, port, (code, host, service) => {
    if (code !== null) callback(lookupError("getnameinfo", code, address));
    else callback(null, host, service);
  });
}

function lookupServicePromise(
  address: string,
  port: number,
): Promise<{ hostname?: string; service?: string }> {
  return new Promise((resolve, reject) => {
    lookupService(address, port, (error, hostname = "", service = "") => {
      if (error) reject(error);
      else resolve({ hostname, service });
    });
  });
}

export const promises = { lookup: lookupPromise, lookupService: lookupServicePromise };
// util.promisify() of these gives objects, as in Node.js.
const customPromisify = Symbol.for("nodejs.util.promisify.custom");
Object.defineProperty(lookup, customPromisify, { value: lookupPromise });
Object.defineProperty(lookupService, customPromisify, { value: lookupServicePromise });

export default {
  ADDRCONFIG,
  ALL,
  NODATA,
  NOTFOUND,
  SERVFAIL,
  V4MAPPED,
  getDefaultResultOrder,
  lookup,
  lookupService,
  promises,
  setDefaultResultOrder,
};
