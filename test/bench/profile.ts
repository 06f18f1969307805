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

export interface Profile {
  readonly total: number;
  readonly functions: readonly FunctionCost[];
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

const SPECIFICATION = /^(fl|fi|fe|fn|cfn|cfi|cfl|ob|cob|calls)=(.*)$/;

export function parseProfile(text: string): Profile {
  const files = new Names();
  const functions = new Names();
  const sums = new Map<string, Sum>();
  let file = "";
  let current: Sum | undefined;
  let total = 0;
  let isCall = false;
  for (const line of text.split("\n")) {
    const [, key, value = ""] = SPECIFICATION.exec(line) ?? [];
    if (key === "fl") file = files.resolve(value);
    else if (key === "fi" || key === "fe" || key === "cfi" || key === "cfl") files.resolve(value);
    else if (key === "cfn") functions.resolve(value);
    else if (key === "calls") isCall = true;
    else if (key === "fn") {
      const name = functions.resolve(value).replace(/'\d+$/, "");
      current = sums.get(name);
      if (current === undefined) {
        current = { name, file, self: 0, called: 0 };
        sums.set(name, current);
      }
    } else if (/^[+\-*\d]/.test(line) && current !== undefined) {
      // Position and instructions; behind a `calls=` line those of the callee.
      const cost = Number(line.slice(line.lastIndexOf(" ") + 1));
      if (isCall) current.called += cost;
      else {
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
  };
}
