/** Globals that everything else needs, npm's streams included. */
import { atob, Buffer, btoa } from "../node/buffer.ts";
import { process } from "../node/process.ts";
import {
  clearImmediate,
  clearInterval,
  clearTimeout,
  queueMicrotask,
  setImmediate,
  setInterval,
  setTimeout,
} from "../node/timers.ts";
import { DOMException } from "./dom-exception.ts";
import { installErrorExtras } from "./error.ts";
import { AbortController, AbortSignal, Event, EventTarget } from "./event-target.ts";
import { performance } from "./performance.ts";
import { structuredClone } from "./structured-clone.ts";

/** As the standard globals: writable, configurable, not enumerable. */
export function defineGlobals(globals: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

installErrorExtras();
defineGlobals({
  AbortController,
  AbortSignal,
  Buffer,
  DOMException,
  Event,
  EventTarget,
  atob,
  btoa,
  clearImmediate,
  clearInterval,
  clearTimeout,
  global: globalThis,
  performance,
  process,
  queueMicrotask,
  setImmediate,
  setInterval,
  setTimeout,
  structuredClone,
});
