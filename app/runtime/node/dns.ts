/** node:dns: lookup() through the system's resolver on a thread of its own. */
import { native } from "../binding.ts";
import { portOf } from "./net/connect-options.ts";
import { invalidArgType, invalidArgValue, validateNumber } from "./node-error.ts";

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

function familyOf(value: unknown, name: string): 0 | 4 | 6 {
  if (value === 0 || value === 4 || value === 6) return value;
  throw invalidArgValue(name, value, "must be one of: 0, 4, 6");
}

function validateBoolean(value: unknown, name: string): void {
  if (typeof value !== "boolean") throw invalidArgType(name, "boolean", value);
}

const ORDERS = ["verbatim", "ipv4first", "ipv6first"];

interface Question {
  readonly family: 0 | 4 | 6;
  readonly all: boolean;
  readonly order: LookupOptions["order"];
}

/** The options, checked in Node's order. */
function questionOf(given: unknown): Question {
  if (typeof given === "number")
    return { family: familyOf(given, "family"), all: false, order: defaultOrder };
  if (given !== undefined && typeof given !== "object") {
    throw invalidArgType("options", ["integer", "object"], given);
  }
  const { family, all, hints, order, verbatim } = (given ?? {}) as LookupOptions;
  if (hints != null) {
    validateNumber(hints, "options.hints");
    if (((hints >>> 0) & ~(ADDRCONFIG | V4MAPPED | ALL)) !== 0) throw invalidArgValue("hints", hints >>> 0);
  }
  const named = family === "IPv4" ? 4 : family === "IPv6" ? 6 : (family ?? 0);
  const wanted = familyOf(named, "options.family");
  if (all != null) validateBoolean(all, "options.all");
  if (verbatim != null) validateBoolean(verbatim, "options.verbatim");
  if (order != null && !ORDERS.includes(order)) {
    const allowed = ORDERS.map((name) => `'${name}'`).join(", ");
    throw invalidArgValue("options.order", order, `must be one of: ${allowed}`);
  }
  const usual = verbatim == null ? defaultOrder : verbatim ? "verbatim" : "ipv4first";
  return { family: wanted, all: all === true, order: order ?? usual };
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
  if (hostname && typeof hostname !== "string") throw invalidArgType("hostname", "string", hostname);
  if (typeof callback !== "function") throw invalidArgType("callback", "function", callback);
  const given = typeof optionsOrCallback === "function" ? undefined : optionsOrCallback;
  const { family, all, order } = questionOf(given);
  const answer = (list: readonly Family[]) => {
    if (all) callback(null, [...list]);
    else callback(null, list[0]?.address, list[0]?.family);
  };
  if (!hostname) {
    process.nextTick(
      all ? () => callback(null, []) : () => callback(null, null as never, family === 6 ? 6 : 4),
    );
    return;
  }
  const literal = isIP(hostname);
  if (literal !== 0) {
    process.nextTick(answer, [{ address: hostname, family: literal }]);
    return;
  }
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
  portOf(port);
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
