/** node:timers/promises. */
import { nodeError } from "../node-error.ts";
import { clearImmediate, clearTimeout, setImmediate as immediate, setTimeout as timeout } from "../timers.ts";

interface Options {
  signal?: AbortSignal;
  ref?: boolean;
}

function abortable<T>(options: Options, start: (resolve: (value: T) => void) => () => void): Promise<T> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const fail = () => {
      const error = nodeError(Error, "ABORT_ERR", "The operation was aborted");
      error.name = "AbortError";
      error.cause = signal?.reason;
      reject(error);
    };
    if (signal?.aborted) {
      fail();
      return;
    }
    const onAbort = () => {
      stop();
      fail();
    };
    const stop = start((value) => {
      signal?.removeEventListener("abort", onAbort);
      resolve(value);
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

export function setTimeout<T>(delay?: number, value?: T, options: Options = {}): Promise<T> {
  return abortable(options, (resolve) => {
    const timer = timeout(() => resolve(value as T), delay);
    if (options.ref === false) timer.unref();
    return () => clearTimeout(timer);
  });
}

export function setImmediate<T>(value?: T, options: Options = {}): Promise<T> {
  return abortable(options, (resolve) => {
    const item = immediate(() => resolve(value as T));
    if (options.ref === false) item.unref();
    return () => clearImmediate(item);
  });
}

export const scheduler = {
  wait: (delay: number, options?: Options) => setTimeout(delay, undefined, options),
  yield: () => setImmediate(),
};

export default { setTimeout, setImmediate, scheduler };
