/** The EventEmitter itself. A function, not a class: old code calls it on its own `this`. */

import { native } from "../../binding.ts";
import { invalidArgType, nodeError, outOfRange } from "../node-error.ts";
import { inspect } from "../util/inspect.ts";

export type Listener = (...args: unknown[]) => unknown;
type EventName = string | symbol;
type Wrapped = Listener & { listener?: Listener };
type Table = Record<EventName, Wrapped | Wrapped[] | undefined>;

export interface EventEmitter {
  _events: Table | undefined;
  _eventsCount: number;
  _maxListeners: number | undefined;
  on(name: EventName, listener: Listener): this;
  addListener(name: EventName, listener: Listener): this;
  once(name: EventName, listener: Listener): this;
  prependListener(name: EventName, listener: Listener): this;
  prependOnceListener(name: EventName, listener: Listener): this;
  off(name: EventName, listener: Listener): this;
  removeListener(name: EventName, listener: Listener): this;
  removeAllListeners(name?: EventName): this;
  emit(name: EventName, ...args: unknown[]): boolean;
  listeners(name: EventName): Listener[];
  rawListeners(name: EventName): Listener[];
  listenerCount(name: EventName, listener?: Listener): number;
  eventNames(): EventName[];
  setMaxListeners(count: number): this;
  getMaxListeners(): number;
}

interface EventEmitterConstructor {
  new (options?: object): EventEmitter;
  (this: unknown, options?: object): void;
  readonly prototype: EventEmitter;
  defaultMaxListeners: number;
  readonly errorMonitor: symbol;
}

const errorMonitor = Symbol("events.errorMonitor");
let defaultMaxListeners = 10;

function Emitter(this: EventEmitter, _options?: object): void {
  // An inherited table would be shared between instances.
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = Object.create(null) as Table;
    this._eventsCount = 0;
  }
  this._maxListeners = this._maxListeners || undefined;
}

export const EventEmitter = Emitter as unknown as EventEmitterConstructor;

function validateListener(listener: unknown): asserts listener is Listener {
  if (typeof listener !== "function") throw invalidArgType("listener", "function", listener);
}

function validateCount(count: unknown, name: string): asserts count is number {
  if (typeof count !== "number") throw invalidArgType(name, "number", count);
  if (count < 0 || Number.isNaN(count)) throw outOfRange(name, ">= 0", count);
}

function warnOfLeak(emitter: EventEmitter, name: EventName, list: Wrapped[] & { warned?: boolean }): void {
  const limit = emitter.getMaxListeners();
  if (limit <= 0 || list.length <= limit || list.warned) return;
  list.warned = true;
  const kind = emitter.constructor.name;
  const warning = Object.assign(
    new Error(
      `Possible EventEmitter memory leak detected. ${list.length} ${String(name)} listeners added to [${kind}]. ` +
        `MaxListeners is ${limit}. Use emitter.setMaxListeners() to increase limit`,
    ),
    { name: "MaxListenersExceededWarning", emitter, type: name, count: list.length },
  );
  process.emitWarning(warning);
}

function add(emitter: EventEmitter, name: EventName, listener: Listener, first: boolean): EventEmitter {
  validateListener(listener);
  let table = emitter._events;
  if (table === undefined) {
    table = emitter._events = Object.create(null) as Table;
    emitter._eventsCount = 0;
  } else if (table.newListener !== undefined) {
    emitter.emit("newListener", name, (listener as Wrapped).listener ?? listener);
    table = emitter._events as Table;
  }
  const present = table[name];
  if (present === undefined) {
    table[name] = listener;
    emitter._eventsCount++;
  } else {
    const list = typeof present === "function" ? [present] : present;
    if (first) list.unshift(listener);
    else list.push(listener);
    table[name] = list;
    warnOfLeak(emitter, name, list);
  }
  return emitter;
}

/** The wrapper that takes itself off before it calls; it carries the original for removeListener. */
function onceWrapper(emitter: EventEmitter, name: EventName, listener: Listener): Wrapped {
  validateListener(listener);
  let fired = false;
  const wrapper: Wrapped = function (this: unknown, ...args) {
    if (fired) return undefined;
    emitter.removeListener(name, wrapper);
    fired = true;
    return listener.apply(this, args);
  };
  wrapper.listener = listener;
  return wrapper;
}

function throwUnhandled(args: readonly unknown[]): never {
  const error = args[0];
  if (error instanceof Error) throw error;
  let shown: string;
  try {
    shown = inspect(error);
  } catch {
    shown = String(error);
  }
  throw Object.assign(nodeError(Error, "ERR_UNHANDLED_ERROR", `Unhandled error. (${shown})`), {
    context: error,
  });
}

function removeName(emitter: EventEmitter, name: EventName): void {
  if (--emitter._eventsCount === 0) emitter._events = Object.create(null) as Table;
  else delete (emitter._events as Table)[name];
}

/** emit("error", …): an error that nobody listens for is thrown. */
function emitError(this: EventEmitter, name: EventName, ...args: unknown[]): boolean {
  if (this._events?.[errorMonitor] !== undefined) this.emit(errorMonitor, ...args);
  const present = this._events?.[name];
  if (present === undefined) return throwUnhandled(args);
  // A copy: listeners may come and go while it runs.
  for (const listener of typeof present === "function" ? [present] : present.slice())
    listener.apply(this, args);
  return true;
}

const { emitter: emitMethod } = native("events") as {
  emitter(onError: typeof emitError): EventEmitter["emit"];
};

const methods = {
  emit: emitMethod(emitError),

  on(this: EventEmitter, name: EventName, listener: Listener) {
    return add(this, name, listener, false);
  },

  once(this: EventEmitter, name: EventName, listener: Listener) {
    return this.on(name, onceWrapper(this, name, listener));
  },

  prependListener(this: EventEmitter, name: EventName, listener: Listener) {
    return add(this, name, listener, true);
  },

  prependOnceListener(this: EventEmitter, name: EventName, listener: Listener) {
    return this.prependListener(name, onceWrapper(this, name, listener));
  },

  removeListener(this: EventEmitter, name: EventName, listener: Listener) {
    validateListener(listener);
    const table = this._events;
    const present = table?.[name];
    if (table === undefined || present === undefined) return this;
    if (typeof present === "function") {
      if (present !== listener && present.listener !== listener) return this;
      removeName(this, name);
    } else {
      let at = present.length - 1;
      while (at >= 0 && present[at] !== listener && present[at]?.listener !== listener) at--;
      if (at < 0) return this;
      // A running emit() iterates over its own copy.
      present.splice(at, 1);
      if (present.length === 1) table[name] = present[0];
    }
    if (table.removeListener !== undefined) this.emit("removeListener", name, listener);
    return this;
  },

  removeAllListeners(this: EventEmitter, name?: EventName) {
    const table = this._events;
    if (table === undefined) return this;
    if (table.removeListener === undefined) {
      if (name === undefined) {
        this._events = Object.create(null) as Table;
        this._eventsCount = 0;
      } else if (table[name] !== undefined) {
        removeName(this, name);
      }
      return this;
    }
    if (name === undefined) {
      for (const key of Reflect.ownKeys(table)) if (key !== "removeListener") this.removeAllListeners(key);
      this.removeAllListeners("removeListener");
      this._events = Object.create(null) as Table;
      this._eventsCount = 0;
      return this;
    }
    const present = table[name];
    const list = typeof present === "function" ? [present] : (present ?? []).slice();
    for (const listener of list.reverse()) this.removeListener(name, listener);
    return this;
  },

  listeners(this: EventEmitter, name: EventName): Listener[] {
    return this.rawListeners(name).map((listener) => (listener as Wrapped).listener ?? listener);
  },

  rawListeners(this: EventEmitter, name: EventName): Listener[] {
    const present = this._events?.[name];
    if (present === undefined) return [];
    return typeof present === "function" ? [present] : present.slice();
  },

  listenerCount(this: EventEmitter, name: EventName, listener?: Listener): number {
    const present = this._events?.[name];
    if (present === undefined) return 0;
    const list = typeof present === "function" ? [present] : present;
    if (listener === undefined) return list.length;
    return list.filter((entry) => entry === listener || entry.listener === listener).length;
  },

  eventNames(this: EventEmitter): EventName[] {
    return this._eventsCount > 0 ? Reflect.ownKeys(this._events as Table) : [];
  },

  setMaxListeners(this: EventEmitter, count: number) {
    validateCount(count, "setMaxListeners");
    this._maxListeners = count;
    return this;
  },

  getMaxListeners(this: EventEmitter): number {
    return this._maxListeners ?? defaultMaxListeners;
  },
};

for (const [name, value] of Object.entries({
  ...methods,
  addListener: methods.on,
  off: methods.removeListener,
  _events: undefined,
  _eventsCount: 0,
  _maxListeners: undefined,
})) {
  Object.defineProperty(EventEmitter.prototype, name, {
    value,
    writable: true,
    configurable: true,
    enumerable: true,
  });
}
Object.defineProperty(EventEmitter, "name", { value: "EventEmitter", configurable: true });
Object.defineProperty(EventEmitter, "errorMonitor", { value: errorMonitor, enumerable: true });
Object.defineProperty(EventEmitter, "defaultMaxListeners", {
  enumerable: true,
  get: () => defaultMaxListeners,
  set(count: unknown) {
    validateCount(count, "defaultMaxListeners");
    defaultMaxListeners = count;
  },
});
