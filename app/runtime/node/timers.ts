/** node:timers: native all the way (`native/timers.c`). */
import { native } from "../binding.ts";

interface TimersBinding {
  readonly setTimeout: typeof setTimeout;
  readonly setInterval: typeof setInterval;
  readonly clearTimeout: typeof clearTimeout;
  readonly clearInterval: typeof clearInterval;
  setHooks(hooks: LoopHooks): void;
}

/** What the loop calls (native/report.c, native/process.c, native/signals.c). */
export interface LoopHooks {
  /** An exception reached the loop. True: somebody took it. */
  uncaught(error: unknown): boolean;
  /** A promise was rejected and nobody listens. True: somebody took it. */
  rejection(reason: unknown, promise: Promise<unknown>): boolean;
  beforeExit(): void;
  /** The process ends with this code; returns the code to use. */
  exit(code: number): number;
  exitCode(): number;
  signal(number: number): void;
}

interface ImmediatesBinding {
  readonly setImmediate: typeof setImmediate;
  readonly clearImmediate: typeof clearImmediate;
}

interface TicksBinding {
  readonly nextTick: typeof process.nextTick;
  readonly queueMicrotask: typeof queueMicrotask;
}

const binding = native("timers") as TimersBinding;
const immediates = native("immediates") as ImmediatesBinding;
const ticks = native("ticks") as TicksBinding;

export const setHooks = binding.setHooks;
export const nextTick = ticks.nextTick;
const microtask = ticks.queueMicrotask;

const { setTimeout: timeout, setInterval: interval } = binding;
const { clearTimeout: stopTimeout, clearInterval: stopInterval } = binding;
const { setImmediate: immediate, clearImmediate: stopImmediate } = immediates;

export {
  immediate as setImmediate,
  interval as setInterval,
  microtask as queueMicrotask,
  stopImmediate as clearImmediate,
  stopInterval as clearInterval,
  stopTimeout as clearTimeout,
  timeout as setTimeout,
};

export default {
  setTimeout: timeout,
  setInterval: interval,
  setImmediate: immediate,
  clearTimeout: stopTimeout,
  clearInterval: stopInterval,
  clearImmediate: stopImmediate,
};
