/** What V8 adds to Error and libraries rely on. */
import { errorStack } from "../node/util/inspect.ts";

interface V8Error {
  captureStackTrace?: (target: object, hide?: unknown) => void;
  stackTraceLimit?: number;
}

/** Gives `target` a `stack`; QuickJS can't leave out the frames above `hide`. */
function captureStackTrace(target: object): void {
  const here = new Error("");
  const frames = (here.stack ?? "").split("\n").slice(1).join("\n");
  const named = Object.assign(Object.create(target) as Error, { stack: frames });
  Object.defineProperty(target, "stack", {
    value: errorStack(named),
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

export function installErrorExtras(): void {
  const extended = Error as V8Error;
  extended.captureStackTrace ??= captureStackTrace;
  extended.stackTraceLimit ??= 10;
}
