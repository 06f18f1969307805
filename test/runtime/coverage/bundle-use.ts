/**
 * What a script uses of Node's API, read from its syntax tree: members of builtins and globals by path, and every
 * property name, because whose method `x.write()` is can't be told. The compiler's parser and its scopes do the work.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Expression, Identifier, Node } from "typescript/unstable/ast";
import { SyntaxKind } from "typescript/unstable/ast";
import {
  isBinaryExpression,
  isBindingElement,
  isCallExpression,
  isElementAccessExpression,
  isExpressionStatement,
  isIdentifier,
  isObjectBindingPattern,
  isParenthesizedExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isShorthandPropertyAssignment,
  isStringLiteral,
  isTypeOfExpression,
  isVariableDeclaration,
} from "typescript/unstable/ast/is";
import { API } from "typescript/unstable/sync";

export interface BundleUse {
  /** `module fs.readFileSync`, `Buffer.from`: paths from a builtin or a global, each with the places. */
  readonly paths: ReadonlyMap<string, ReadonlySet<string>>;
  /** Every property name that is used on whatever it may be, with the places. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>;
}

const INTEROP = /^__(toESM|toCommonJS|importDefault|importStar)$/;
const GLOBAL_OBJECTS = new Set(["globalThis", "global"]);

/** Calls `work` with the tree of `script` and what names mean in it. */
function withTree<T>(
  script: string,
  work: (tree: Node, symbols: (nodes: Identifier[]) => (number | undefined)[]) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), "gwcard-coverage-"));
  // No types: a global of Node.js is a name that nothing declares.
  const compilerOptions = {
    allowJs: true,
    noCheck: true,
    noEmit: true,
    types: [],
    target: "es2022",
    lib: ["es2022"],
  };
  const project = join(folder, "tsconfig.json");
  const path = join(folder, "script.js");
  writeFileSync(project, JSON.stringify({ compilerOptions, files: ["script.js"] }));
  writeFileSync(path, script);
  const api = new API({ cwd: folder });
  try {
    const [opened] = api.updateSnapshot({ openProjects: [project] }).getProjects();
    const tree = opened?.program.getSourceFile(path);
    if (!opened || !tree) throw new Error(`${path} did not parse`);
    const { checker } = opened;
    return work(tree, (nodes) =>
      checker.getSymbolAtLocation(nodes).map((symbol, at) => {
        const node = nodes[at] as Identifier;
        const value = isShorthandPropertyAssignment(node.parent)
          ? checker.getShorthandAssignmentValueSymbol(node.parent)
          : symbol;
        return value && !checker.isUnknownSymbol(value) ? value.id : undefined;
      }),
    );
  } finally {
    api.close();
    rmSync(folder, { recursive: true });
  }
}

function unwrapped(node: Expression): Expression {
  if (isParenthesizedExpression(node)) return unwrapped(node.expression);
  if (isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.CommaToken)
    return unwrapped(node.right);
  if (isCallExpression(node) && isIdentifier(node.expression) && INTEROP.test(node.expression.text)) {
    const [inner] = node.arguments;
    return inner ? unwrapped(inner) : node;
  }
  return node;
}

function keyOf(node: Node | undefined): string | undefined {
  return node && (isIdentifier(node) || isStringLiteral(node)) ? node.text : undefined;
}

/** An access `object.key` or `object["key"]`. */
function access(node: Node): { object: Expression; key: string } | undefined {
  if (isPropertyAccessExpression(node)) {
    return { object: node.expression, key: node.name.text };
  }
  if (isElementAccessExpression(node) && isStringLiteral(node.argumentExpression)) {
    return { object: node.expression, key: node.argumentExpression.text };
  }
  return undefined;
}

function requiredModule(node: Expression): string | undefined {
  if (!isCallExpression(node) || !isIdentifier(node.expression)) return undefined;
  if (node.expression.text !== "__require" && node.expression.text !== "require") return undefined;
  const [argument] = node.arguments;
  return argument && isStringLiteral(argument) ? `module ${argument.text.replace(/^node:/, "")}` : undefined;
}

/** A name that gets a value: `const a = …`, `a = …`, `const { key: a } = …`. */
interface Binding {
  readonly name: Identifier;
  readonly value: Expression;
  /** What of the value. */
  readonly keys: readonly string[];
}

class Scan {
  readonly paths = new Map<string, Set<string>>();
  readonly names = new Map<string, Set<string>>();
  readonly #bindings: Binding[] = [];
  readonly #identifiers: Identifier[] = [];
  readonly #accesses: Node[] = [];
  readonly #requires: Node[] = [];
  readonly #symbolOf = new Map<Node, number | undefined>();
  readonly #pathsOf = new Map<number, Set<string>>();
  readonly #globals: ReadonlySet<string>;
  readonly #place: (node: Node) => string;

  constructor(tree: Node, options: { globals: ReadonlySet<string>; place: (node: Node) => string }) {
    this.#globals = options.globals;
    this.#place = options.place;
    this.#collect(tree);
  }

  #note(map: Map<string, Set<string>>, key: string, node: Node): void {
    const places = map.get(key) ?? new Set();
    map.set(key, places.add(this.#place(node)));
  }

  #collect(node: Node): void {
    if (isIdentifier(node)) this.#identifiers.push(node);
    if (isCallExpression(node) && requiredModule(node)) this.#requires.push(node);
    const accessed = access(node);
    if (accessed) {
      this.#accesses.push(node);
      this.#note(this.names, accessed.key, node);
    }
    if (isVariableDeclaration(node) && node.initializer) this.#bind(node.name, node.initializer, []);
    if (isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.EqualsToken) {
      if (isIdentifier(node.left)) this.#bind(node.left, node.right, []);
    }
    if (isBindingElement(node)) {
      const key = keyOf(node.propertyName ?? node.name);
      if (key !== undefined) this.#note(this.names, key, node);
    }
    node.forEachChild((child) => this.#collect(child));
  }

  #bind(target: Node, value: Expression, keys: readonly string[]): void {
    if (isIdentifier(target)) this.#bindings.push({ name: target, value, keys });
    if (!isObjectBindingPattern(target)) return;
    for (const element of target.elements) {
      const key = keyOf(element.propertyName ?? element.name);
      if (key !== undefined && element.name) this.#bind(element.name, value, [...keys, key]);
    }
  }

  /** Names that may stand for something of Node's, wherever they are declared: what scopes are asked about. */
  #suspects(): ReadonlySet<string> {
    const suspects = new Set<string>([...this.#globals, ...GLOBAL_OBJECTS]);
    const isSuspect = (value: Expression): boolean => {
      const node = unwrapped(value);
      if (requiredModule(node)) return true;
      const accessed = access(node);
      if (accessed) return isSuspect(accessed.object);
      return isIdentifier(node) && suspects.has(node.text);
    };
    for (let before = -1; before !== suspects.size; ) {
      before = suspects.size;
      for (const { name, value } of this.#bindings) if (isSuspect(value)) suspects.add(name.text);
    }
    return suspects;
  }

  #pathsOfExpression(expression: Expression): readonly string[] {
    const node = unwrapped(expression);
    const required = requiredModule(node);
    if (required) return [required];
    if (isIdentifier(node)) {
      if (GLOBAL_OBJECTS.has(node.text)) return [""];
      const symbol = this.#symbolOf.get(node);
      if (symbol !== undefined) return [...(this.#pathsOf.get(symbol) ?? [])];
      return this.#symbolOf.has(node) ? [node.text] : [];
    }
    const accessed = access(node);
    return accessed ? this.#pathsOfExpression(accessed.object).map((path) => extend(path, accessed.key)) : [];
  }

  resolve(symbols: (nodes: Identifier[]) => (number | undefined)[]): void {
    const suspects = this.#suspects();
    const asked = this.#identifiers.filter((node) => suspects.has(node.text) && !isPropertyKey(node));
    for (const [at, symbol] of symbols(asked).entries()) this.#symbolOf.set(asked[at] as Node, symbol);
    for (let changed = true; changed; ) {
      changed = false;
      for (const { name, value, keys } of this.#bindings) {
        const symbol = this.#symbolOf.get(name);
        if (symbol === undefined) continue;
        const known = this.#pathsOf.get(symbol) ?? new Set<string>();
        this.#pathsOf.set(symbol, known);
        for (const path of this.#pathsOfExpression(value)) {
          const whole = keys.reduce(extend, path);
          if (known.has(whole)) continue;
          known.add(whole);
          changed = true;
        }
      }
    }
    this.#noteUses(asked);
  }

  #noteUses(asked: readonly Identifier[]): void {
    for (const { name, value, keys } of this.#bindings) {
      if (keys.length === 0) continue;
      for (const path of this.#pathsOfExpression(value))
        this.#note(this.paths, keys.reduce(extend, path), name);
    }
    for (const node of [...this.#accesses, ...this.#requires, ...asked]) {
      if (isContinued(node) || isProbe(node)) continue;
      for (const path of this.#pathsOfExpression(node as Expression)) this.#note(this.paths, path, node);
    }
  }
}

function extend(path: string, key: string): string {
  if (path === "") return key;
  // What interop makes of a module whose exports are one thing.
  return path.startsWith("module ") && key === "default" && !path.includes(".") ? path : `${path}.${key}`;
}

/** `key` in `object.key`, `{ key: value }`, `{ key: name } = …`: no name that a scope knows. */
function isPropertyKey(node: Identifier): boolean {
  const { parent } = node;
  if (isPropertyAccessExpression(parent)) return parent.name === node;
  if (isPropertyAssignment(parent)) return parent.name === node;
  return isBindingElement(parent) && parent.propertyName === node;
}

/** `typeof fetch` only asks whether there is one. */
function isProbe(node: Node): boolean {
  return isIdentifier(node) && isTypeOfExpression(node.parent);
}

function isInterop(node: Node): boolean {
  return isCallExpression(node) && isIdentifier(node.expression) && INTEROP.test(node.expression.text);
}

/** The beginning of a longer path, what a name is made for, or the name itself where it is declared. */
function isContinued(node: Node): boolean {
  let { parent } = node;
  let inner = node;
  while (isParenthesizedExpression(parent) || isInterop(parent)) [inner, parent] = [parent, parent.parent];
  if (isPropertyAccessExpression(parent) || isElementAccessExpression(parent))
    return parent.expression === inner;
  if (isVariableDeclaration(parent) || isExpressionStatement(parent)) return true;
  if (isBinaryExpression(parent) && parent.operatorToken.kind === SyntaxKind.EqualsToken) {
    return isIdentifier(parent.left);
  }
  return isBindingElement(parent) && parent.initializer !== node;
}

/** esbuild writes the path of each file above what came from it. */
function placesIn(script: string): (node: Node) => string {
  const marks = [...script.matchAll(/^\s*\/\/ ((?:node_modules|app|test)\/\S+)$/gm)];
  const positions = marks.map((mark) => mark.index);
  return (node) => {
    let [low, high] = [0, positions.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((positions[middle] as number) <= node.pos) low = middle + 1;
      else high = middle;
    }
    return marks[low - 1]?.[1] ?? "?";
  };
}

/** What `script`, a bundle of esbuild's, uses of the globals named and of the modules that it requires. */
export function bundleUse(script: string, globals: readonly string[]): BundleUse {
  return withTree(script, (tree, symbols) => {
    const scan = new Scan(tree, { globals: new Set(globals), place: placesIn(script) });
    scan.resolve(symbols);
    return { paths: scan.paths, names: scan.names };
  });
}
