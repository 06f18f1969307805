/** node:util, the part that the bundle reaches. */

import { invalidArgType, nodeError } from "./node-error.ts";
import { isDeepStrictEqual } from "./util/deep-equal.ts";
import { format, formatWithOptions } from "./util/format.ts";
import { customInspect, errorStack, inspect } from "./util/inspect.ts";
import { TextDecoder, TextEncoder } from "./util/text.ts";
import { types } from "./util/types.ts";

type Callback = (error: unknown, ...results: unknown[]) => void;
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

const customPromisify = Symbol.for("nodejs.util.promisify.custom");

/** A function that takes a callback, as one that returns a promise. */
export function promisify(original: unknown): AnyFunction {
  if (typeof original !== "function") throw invalidArgType("original", "function", original);
  const custom = (original as { [customPromisify]?: unknown })[customPromisify];
  if (custom !== undefined) {
    if (typeof custom !== "function") throw invalidArgType("util.promisify.custom", "function", custom);
    return custom as AnyFunction;
  }
  const promised = function (this: unknown, ...args: unknown[]) {
    return new Promise((resolve, reject) => {
      original.call(this, ...args, (error: unknown, result: unknown) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
  };
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = customPromisify;

/** A function that returns a promise, as one that takes a callback. */
export function callbackify(original: unknown): AnyFunction {
  if (typeof original !== "function") throw invalidArgType("original", "function", original);
  return function (this: unknown, ...args: unknown[]) {
    const callback = args.pop();
    if (typeof callback !== "function") throw invalidArgType("last argument", "function", callback);
    const done = callback.bind(this) as Callback;
    (Reflect.apply(original, this, args) as Promise<unknown>).then(
      (result) => process.nextTick(done, null, result),
      (reason: unknown) => process.nextTick(done, reason || rejectedWithNothing(reason)),
    );
  };
}

function rejectedWithNothing(reason: unknown): Error {
  return Object.assign(
    nodeError(Error, "ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value"),
    { reason },
  );
}

/** The prototype chain of old: `derived` inherits from `base`. */
export function inherits(derived: unknown, base: unknown): void {
  if (typeof derived !== "function") throw invalidArgType("ctor", "function", derived);
  if (typeof base !== "function") throw invalidArgType("superCtor", "function", base);
  if (base.prototype === undefined) throw invalidArgType("superCtor.prototype", "object", base.prototype);
  Object.defineProperty(derived, "super_", { value: base, writable: true, configurable: true });
  Object.setPrototypeOf(derived.prototype, base.prototype);
}

const deprecationsShown = new Set<string>();

/** Warns at the first call. */
export function deprecate<T extends AnyFunction>(original: T, message: string, code?: string): T {
  let warned = false;
  const deprecated = function (this: unknown, ...args: unknown[]) {
    if (!warned) {
      warned = true;
      if (code === undefined || !deprecationsShown.has(code)) {
        if (code !== undefined) deprecationsShown.add(code);
        process.emitWarning(message, "DeprecationWarning", code);
      }
    }
    return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args);
  };
  return deprecated as unknown as T;
}

/** Writes to stderr when NODE_DEBUG names the section. */
export function debuglog(section: string): AnyFunction & { enabled: boolean } {
  const sections = (process.env.NODE_DEBUG ?? "").toUpperCase().split(",");
  const enabled = sections.includes(section.toUpperCase());
  const log = (...args: unknown[]) => {
    if (enabled) process.stderr.write(`${section.toUpperCase()} ${process.pid}: ${format(...args)}\n`);
  };
  return Object.assign(log, { enabled });
}
export const debug = debuglog;

/** Takes the ANSI escape sequences out of a text. */
export function stripVTControlCharacters(text: string): string {
  return text.replace(/[\u001b\u009b][[\]()#;?]*(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~]/g, "");
}

export function toUSVString(text: string): string {
  return `${text}`.replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    "\ufffd",
  );
}

export const isArray = Array.isArray;
export const isBoolean = (value: unknown) => typeof value === "boolean";
export const isBuffer = (value: unknown) => Buffer.isBuffer(value);
export const isDate = types.isDate;
export const isError = (value: unknown) => value instanceof Error;
export const isFunction = (value: unknown) => typeof value === "function";
export const isNull = (value: unknown) => value === null;
export const isNullOrUndefined = (value: unknown) => value === null || value === undefined;
export const isNumber = (value: unknown) => typeof value === "number";
export const isObject = (value: unknown) => value !== null && typeof value === "object";
export const isPrimitive = (value: unknown) =>
  value === null || (typeof value !== "object" && typeof value !== "function");
export const isRegExp = types.isRegExp;
export const isString = (value: unknown) => typeof value === "string";
export const isSymbol = (value: unknown) => typeof value === "symbol";
export const isUndefined = (value: unknown) => value === undefined;

export {
  customInspect,
  errorStack,
  format,
  formatWithOptions,
  inspect,
  isDeepStrictEqual,
  TextDecoder,
  TextEncoder,
  types,
};

export default {
  TextDecoder,
  TextEncoder,
  callbackify,
  debug,
  debuglog,
  deprecate,
  format,
  formatWithOptions,
  inherits,
  inspect,
  isArray,
  isBoolean,
  isBuffer,
  isDate,
  isDeepStrictEqual,
  isError,
  isFunction,
  isNull,
  isNullOrUndefined,
  isNumber,
  isObject,
  isPrimitive,
  isRegExp,
  isString,
  isSymbol,
  isUndefined,
  promisify,
  stripVTControlCharacters,
  toUSVString,
  types,
};
