/**
 * Stands where a left-out package was. While modules load it takes whatever their top level does to it (decorators,
 * `extends`, registering); once `sealAbsent()` was called, touching it throws and says what is missing and why.
 */
import { absentState } from "./absent-state.ts";

/** Code that asked for something that is not on the card. */
export class AbsentError extends Error {
  readonly code = "ERR_NOT_ON_DEVICE";
  readonly packageName: string;
  constructor(packageName: string, reason: string) {
    super(`${packageName} is not on the device: ${reason}`);
    this.name = "AbsentError";
    this.packageName = packageName;
  }
}

/** The module object for `name`; `reason` is shown when something uses it after loading. */
export function absent(name: string, reason: string): object {
  const guard = () => {
    if (absentState.sealed) throw new AbsentError(name, reason);
  };
  const anything: object = new Proxy(function Absent() {}, {
    get(target, key) {
      if (key === "prototype") return target.prototype;
      if (key === Symbol.toPrimitive) return () => `[absent ${name}]`;
      // Interop helpers copy the own keys of what says no here, and this has none.
      if (key === "__esModule") return true;
      // A promise-like would be awaited for ever.
      if (key === "then") return undefined;
      guard();
      return anything;
    },
    set() {
      guard();
      return true;
    },
    apply() {
      guard();
      return anything;
    },
    construct() {
      guard();
      return anything;
    },
  });
  // Bundler interop makes a new object with this one's prototype: the proxy has to be the prototype.
  return Object.create(anything) as object;
}
