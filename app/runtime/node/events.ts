/** node:events, after Node's documentation. Emitting is hot: one listener is called without making an array. */
import type { EventEmitter as NodeEventEmitter } from "node:events";
import { EventEmitter, type Listener } from "./events/emitter.ts";
import {
  addAbortListener,
  getEventListeners,
  listenerCount,
  on,
  once,
  setMaxListeners,
} from "./events/static.ts";

const captureRejectionSymbol = Symbol.for("nodejs.rejection");
const errorMonitor = EventEmitter.errorMonitor;

const events = Object.assign(EventEmitter, {
  EventEmitter,
  addAbortListener,
  captureRejectionSymbol,
  captureRejections: false,
  getEventListeners,
  listenerCount,
  on,
  once,
  setMaxListeners,
  usingDomains: false,
});

export type { Listener, NodeEventEmitter };
export {
  addAbortListener,
  captureRejectionSymbol,
  EventEmitter,
  errorMonitor,
  events as default,
  getEventListeners,
  listenerCount,
  on,
  once,
  setMaxListeners,
};
export const defaultMaxListeners = 10;
