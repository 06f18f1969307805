/** Reads callgrind's profile format (valgrind manual, "Callgrind Format Specification"). */

export interface FunctionCost {
  readonly name: string;
  /** Source file; empty where the binary has no line information. */
  readonly file: string;
  /** Instructions in the function itself. */
  readonly self: number;
  /** With everything that it called; a recursive function counts its inner calls again. */
  readonly inclusive: number;
}

/** What a function spent in another one that it called, and in all that was called from there. */
export interface CallCost {
  readonly caller: string;
  readonly callee: string;
  readonly cost: number;
}

export interface Profile {
  readonly total: number;
  readonly functions: readonly FunctionCost[];
  readonly calls: readonly CallCost[];
}

/**
 * Instructions in all functions of these source files and in what they called: what the calls from outside cost.
 * Right for code that does not call back into the code around it.
 */
export function costOf(profile: Profile, sources: RegExp): number {
  const inside = new Set(profile.functions.filter(({ file }) => sources.test(file)).map(({ name }) => name));
  return profile.calls
    .filter(({ caller, callee }) => inside.has(callee) && !inside.has(caller))
    .reduce((sum, { cost }) => sum + cost, 0);
}

/** Names are written once, as `(12) name`, and from then on as `(12)`. */
class Names {
  readonly #known = new Map<string, string>();

  resolve(text: string): string {
    const [, id, name] = /^\((\d+)\)(?: (.*))?$/.exec(text) ?? [];
    if (id === undefined) return text;
    if (name !== undefined) this.#known.set(id, name);
    return this.#known.get(id) ?? "";
  }
}

interface Sum {
  readonly name: string;
  readonly file: string;
  self: number;
  called: number;
}

/** Callgrind numbers the levels of a recursion it was told to keep apart. */
function functionName(text: string): string {
  return text.replace(/'\d+$/, "");
}

const SPECIFICATION = /^(fl|fi|fe|fn|cfn|cfi|cfl|ob|cob|calls)=(.*)$/;

export function parseProfile(text: string): Profile {
  const files = new Names();
  const functions = new Names();
  const sums = new Map<string, Sum>();
  let file = "";
  let current: Sum | undefined;
  let total = 0;
  const calls = new Map<string, { caller: string; callee: string; cost: number }>();
  let callee = "";
  let isCall = false;
  for (const line of text.split("\n")) {
    const [, key, value = ""] = SPECIFICATION.exec(line) ?? [];
    if (key === "fl") file = files.resolve(value);
    else if (key === "fi" || key === "fe" || key === "cfi" || key === "cfl") files.resolve(value);
    else if (key === "cfn") callee = functionName(functions.resolve(value));
    else if (key === "calls") isCall = true;
    else if (key === "fn") {
      const name = functionName(functions.resolve(value));
      current = sums.get(name);
      if (current === undefined) {
        current = { name, file, self: 0, called: 0 };
        sums.set(name, current);
      }
    } else if (/^[+\-*\d]/.test(line) && current !== undefined) {
      // Position and instructions; behind a `calls=` line those of the callee.
      const cost = Number(line.slice(line.lastIndexOf(" ") + 1));
      if (isCall) {
        current.called += cost;
        const edge = `${current.name} ${callee}`;
        const known = calls.get(edge);
        if (known === undefined) calls.set(edge, { caller: current.name, callee, cost });
        else known.cost += cost;
      } else {
        current.self += cost;
        total += cost;
      }
      isCall = false;
    }
  }
  return {
    total,
    functions: [...sums.values()]
      .map(({ name, file: source, self, called }) => ({ name, file: source, self, inclusive: self + called }))
      .sort((one, other) => other.self - one.self),
    calls: [...calls.values()],
  };
}
