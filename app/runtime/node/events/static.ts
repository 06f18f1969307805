/** The functions beside the class: events.once(), events.on() and friends; they take EventTargets too. */
import { invalidArgType, nodeError } from "../node-error.ts";
import { EventEmitter, type Listener } from "./emitter.ts";

type EventName = string | symbol;

function isEmitter(value: unknown): value is EventEmitter {
  return typeof (value as EventEmitter | null)?.on === "function";
}

function isTarget(value: unknown): value is EventTarget {
  return typeof (value as EventTarget | null)?.addEventListener === "function";
}

function attach(emitter: unknown, name: EventName, listener: Listener): () => void {
  if (isEmitter(emitter)) {
    emitter.on(name, listener);
    return () => emitter.removeListener(name, listener);
  }
  if (isTarget(emitter)) {
    emitter.addEventListener(String(name), listener);
    return () => emitter.removeEventListener(String(name), listener);
  }
  throw invalidArgType("emitter", "EventEmitter", emitter);
}

function abortError(signal: AbortSignal): Error {
  const error = nodeError(Error, "ABORT_ERR", "The operation was aborted");
  error.name = "AbortError";
  if (signal.reason !== undefined) error.cause = signal.reason;
  return error;
}

/** A promise of the arguments of the next such event; 'error' rejects it. */
export function once(
  emitter: unknown,
  name: EventName,
  options: { signal?: AbortSignal } = {},
): Promise<unknown[]> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortError(signal));
      return;
    }
    const detach: (() => void)[] = [];
    const settle = (action: () => void) => {
      for (const off of detach) off();
      action();
    };
    detach.push(attach(emitter, name, (...args) => settle(() => resolve(args))));
    if (name !== "error" && isEmitter(emitter)) {
      detach.push(attach(emitter, "error", (error) => settle(() => reject(error))));
    }
    if (signal) detach.push(attach(signal, "abort", () => settle(() => reject(abortError(signal)))));
  });
}

/** An async iterator over the arguments of every such event. */
export function on(
  emitter: unknown,
  name: EventName,
  options: { signal?: AbortSignal } = {},
): AsyncIterableIterator<unknown[]> {
  const { signal } = options;
  if (signal?.aborted) throw abortError(signal);
  const values: unknown[][] = [];
  const waiting: {
    resolve: (result: IteratorResult<unknown[]>) => void;
    reject: (error: unknown) => void;
  }[] = [];
  let failure: { error: unknown } | null = null;
  let finished = false;
  const detach: (() => void)[] = [];
  const close = (): Promise<IteratorResult<unknown[]>> => {
    for (const off of detach.splice(0)) off();
    finished = true;
    for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  };
  const fail = (error: unknown) => {
    const next = waiting.shift();
    if (next) next.reject(error);
    else failure = { error };
    void close();
  };
  detach.push(
    attach(emitter, name, (...args) => {
      const next = waiting.shift();
      if (next) next.resolve({ value: args, done: false });
      else values.push(args);
    }),
  );
  if (name !== "error" && isEmitter(emitter)) detach.push(attach(emitter, "error", fail));
  if (signal) detach.push(attach(signal, "abort", () => fail(abortError(signal))));
  return {
    next() {
      const value = values.shift();
      if (value) return Promise.resolve({ value, done: false });
      if (failure) {
        const { error } = failure;
        failure = null;
        return Promise.reject(error);
      }
      if (finished) return close();
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return: close,
    throw(error: unknown) {
      fail(error);
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

export function listenerCount(emitter: EventEmitter, name: EventName): number {
  return emitter.listenerCount(name);
}

export function getEventListeners(emitter: EventEmitter, name: EventName): Listener[] {
  return emitter.listeners(name);
}

export function setMaxListeners(count: number, ...emitters: unknown[]): void {
  if (emitters.length === 0) EventEmitter.defaultMaxListeners = count;
  for (const emitter of emitters) if (isEmitter(emitter)) emitter.setMaxListeners(count);
}

/** Calls once when the signal is aborted; the result's `[Symbol.dispose]` takes the listener off. */
export function addAbortListener(signal: AbortSignal, listener: (event: Event) => void): object {
  let off: (() => void) | undefined;
  if (signal.aborted) queueMicrotask(() => listener(new Event("abort")));
  else off = attach(signal, "abort", listener as Listener);
  return { [Symbol.dispose]: () => off?.() };
}
