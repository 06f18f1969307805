/** Event, EventTarget, AbortController and AbortSignal (DOM Standard), as far as Node's API hands them around. */
import { nodeError } from "../node/node-error.ts";
import { DOMException } from "./dom-exception.ts";

type Handler = ((event: Event) => void) | { handleEvent(event: Event): void };

interface Entry {
  readonly handler: Handler;
  readonly once: boolean;
}

export class Event {
  readonly type: string;
  readonly cancelable: boolean;
  readonly bubbles = false;
  readonly timeStamp = performance.now();
  target: EventTarget | null = null;
  currentTarget: EventTarget | null = null;
  defaultPrevented = false;
  stopped = false;

  constructor(type: string, options: { cancelable?: boolean } = {}) {
    this.type = String(type);
    this.cancelable = options.cancelable === true;
  }
  preventDefault(): void {
    if (this.cancelable) this.defaultPrevented = true;
  }
  stopImmediatePropagation(): void {
    this.stopped = true;
  }
  stopPropagation(): void {
    // There is no tree to propagate through.
  }
}

export class EventTarget {
  readonly #entries = new Map<string, Entry[]>();

  addEventListener(
    type: string,
    handler: Handler | null,
    options: boolean | { once?: boolean; signal?: AbortSignal } = {},
  ): void {
    if (handler === null || handler === undefined) return;
    const { once = false, signal = undefined } = typeof options === "object" ? options : {};
    if (signal?.aborted) return;
    const list = this.#entries.get(type) ?? [];
    if (list.some((entry) => entry.handler === handler)) return;
    this.#entries.set(type, [...list, { handler, once }]);
    signal?.addEventListener("abort", () => this.removeEventListener(type, handler), { once: true });
  }

  removeEventListener(type: string, handler: Handler | null): void {
    const list = this.#entries.get(type)?.filter((entry) => entry.handler !== handler);
    if (list === undefined) return;
    if (list.length > 0) this.#entries.set(type, list);
    else this.#entries.delete(type);
  }

  dispatchEvent(event: Event): boolean {
    event.target = this;
    event.currentTarget = this;
    for (const { handler, once } of this.#entries.get(event.type) ?? []) {
      if (once) this.removeEventListener(event.type, handler);
      try {
        if (typeof handler === "function") handler.call(this, event);
        else handler.handleEvent(event);
      } catch (error) {
        process.nextTick(() => {
          throw error;
        });
      }
      if (event.stopped) break;
    }
    event.currentTarget = null;
    return !event.defaultPrevented;
  }
}

const allowConstruction = Symbol("AbortSignal");

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown = undefined;
  #onabort: ((event: Event) => void) | null = null;

  constructor(key?: symbol) {
    if (key !== allowConstruction)
      throw nodeError(TypeError, "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor");
    super();
  }
  static create(): AbortSignal {
    return new AbortSignal(allowConstruction);
  }
  static abort(reason?: unknown): AbortSignal {
    const signal = AbortSignal.create();
    signal.trigger(reason);
    return signal;
  }
  static timeout(delay: number): AbortSignal {
    const signal = AbortSignal.create();
    const reason = new DOMException("The operation was aborted due to timeout", "TimeoutError");
    setTimeout(() => signal.trigger(reason), delay).unref();
    return signal;
  }
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const combined = AbortSignal.create();
    for (const signal of signals) {
      if (signal.aborted) {
        combined.trigger(signal.reason);
        break;
      }
      signal.addEventListener("abort", () => combined.trigger(signal.reason), { once: true });
    }
    return combined;
  }
  get aborted(): boolean {
    return this.#aborted;
  }
  get reason(): unknown {
    return this.#reason;
  }
  get onabort(): ((event: Event) => void) | null {
    return this.#onabort;
  }
  set onabort(handler: ((event: Event) => void) | null) {
    if (this.#onabort) this.removeEventListener("abort", this.#onabort);
    this.#onabort = handler;
    if (handler) this.addEventListener("abort", handler);
  }
  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }
  trigger(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason ?? new DOMException("This operation was aborted", "AbortError");
    this.dispatchEvent(new Event("abort"));
  }
}

export class AbortController {
  readonly signal = AbortSignal.create();
  abort(reason?: unknown): void {
    this.signal.trigger(reason);
  }
}
