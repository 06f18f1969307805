/**
 * The one way from TypeScript to the native modules. The runtime hands them over in the global `__gateway`, which is
 * taken and removed here, before anything else of the bundle runs.
 */
const scope = globalThis as { __gateway?: Readonly<Record<string, unknown>> };
const modules = scope.__gateway ?? {};
Reflect.deleteProperty(scope, "__gateway");

/** A native module that this build of the runtime hasn't. */
export class MissingBindingError extends Error {
  readonly code = "ERR_MISSING_BINDING";
  readonly module: string;
  constructor(module: string) {
    super(
      `the native module "${module}" is not in this runtime: build gateway-runtime from the same sources as the bundle`,
    );
    this.name = "MissingBindingError";
    this.module = module;
  }
}

/** The functions of `native/<name>.c`; the caller says what they look like. */
export function native(name: string): unknown {
  const found = modules[name];
  if (found === undefined) throw new MissingBindingError(name);
  return found;
}
