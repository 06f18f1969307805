/**
 * Preloaded into a case on Node.js: notes which functions and accessors of Node's API the case itself uses. What
 * Node.js calls by itself does not count. Writes the names to the file that GWCARD_RECORD names.
 */
import { writeFileSync } from "node:fs";
import { Inventory, type Member } from "./inventory.ts";

const target = process.env.GWCARD_RECORD ?? "";
const script = process.argv[1] ?? "";
const seen = new Set<string>();
/** Wrappers of wrappers and calls through `Reflect` are in between. */
const FRAMES = 12;

/** The first frame of a file tells who called: the case, or Node.js (`node:internal/…`). */
function calledByCase(): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = FRAMES;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  const caller = stack.split("\n").find((line) => /:\d+:\d+\)?$/.test(line) && !line.includes(__filename));
  return caller?.includes(script) ?? false;
}

function note(name: string): void {
  if (!seen.has(name) && calledByCase()) seen.add(name);
}

function recordingFunction(name: string, original: (...args: unknown[]) => unknown): object {
  return new Proxy(original, {
    apply(callee, self, args) {
      note(name);
      return Reflect.apply(callee, self, args);
    },
    construct(callee, args, made) {
      note(name);
      return Reflect.construct(callee, args, made) as object;
    },
  });
}

function watch({ name, owner, key, kind }: Member): void {
  const descriptor = Object.getOwnPropertyDescriptor(owner, key);
  if (!descriptor?.configurable || kind === "value") return;
  if (kind === "function" || kind === "class") {
    const value = recordingFunction(name, descriptor.value as () => unknown);
    Object.defineProperty(owner, key, { ...descriptor, value });
    return;
  }
  const { get, set } = descriptor;
  Object.defineProperty(owner, key, {
    ...descriptor,
    get(this: unknown) {
      note(name);
      return get?.call(this) as unknown;
    },
    set(this: unknown, value: unknown) {
      note(name);
      set?.call(this, value);
    },
  });
}

process.on("exit", () => writeFileSync(target, JSON.stringify([...seen])));
const members = new Inventory().all();
for (const member of members) watch(member);
