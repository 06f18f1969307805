/**
 * Node's API as objects: who owns which member, under one name each. Runs on Node.js only, in the test and inside a
 * recorded case, and names the same things the same way in both.
 */
import { createRequire } from "node:module";

/** The builtins that the gateway may import; the coverage test fails when the bundle requires another one. */
export const MODULES = [
  "assert",
  "buffer",
  "constants",
  "crypto",
  "dns",
  "dns/promises",
  "events",
  "fs",
  "fs/promises",
  "net",
  "os",
  "path",
  "process",
  "stream",
  "stream/promises",
  "string_decoder",
  "timers",
  "timers/promises",
  "tls",
  "tty",
  "url",
  "util",
] as const;

/** Something with members: a module, a global, a class, a class's prototype. */
export type Owner = Readonly<Record<string, unknown>>;

/** A member, and what it is: functions and most accessors of prototypes can be watched while they are used. */
export interface Member {
  readonly name: string;
  readonly owner: object;
  readonly key: string;
  readonly kind: "function" | "class" | "accessor" | "value";
}

const load = createRequire(`${process.cwd()}/`);
const NEVER_LOOKED_AT = new Set(["constructor", "prototype", "length", "name", "arguments", "caller"]);

/** What the global object has in every JavaScript. */
function standardGlobals(): ReadonlySet<string> {
  const { runInNewContext } = load("node:vm") as typeof import("node:vm");
  return new Set(runInNewContext("Object.getOwnPropertyNames(globalThis)") as string[]);
}

const standard = standardGlobals();

/** The globals that are Node's. */
export function nodeGlobals(): readonly string[] {
  const host = Object.getOwnPropertyNames(globalThis).filter((name) => !standard.has(name));
  return [...new Set([...host, "console"])].filter((name) => name !== "global" && !name.startsWith("__"));
}

function isNamespace(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const parent = Object.getPrototypeOf(value);
  return parent === Object.prototype || parent === null;
}

/** `Object.prototype`, `Error.prototype`, …: JavaScript's own. */
function isStandard(prototype: object): boolean {
  const { name } = prototype.constructor;
  return standard.has(name) && Reflect.get(globalThis, name) === prototype.constructor;
}

/** A function that is meant for `new`: it has more on its prototype than `constructor`. */
function isClass(value: unknown): value is { readonly prototype: object; readonly name: string } {
  if (typeof value !== "function" || typeof value.prototype !== "object" || value.prototype === null)
    return false;
  return Object.getOwnPropertyNames(value.prototype).length > 1;
}

export interface Sample {
  /** The member whose use brings such objects into the program. */
  readonly from: string;
  readonly object: object;
}

/** Objects of classes that no module exports by name, or whose data the constructor makes. */
export function samples(): Readonly<Record<string, Sample>> {
  const crypto = load("node:crypto") as typeof import("node:crypto");
  const fs = load("node:fs") as typeof import("node:fs");
  const net = load("node:net") as typeof import("node:net");
  const tls = load("node:tls") as typeof import("node:tls");
  const timeout = setTimeout(() => undefined, 0);
  clearTimeout(timeout);
  const immediate = setImmediate(() => undefined);
  clearImmediate(immediate);
  const key = Buffer.alloc(16);
  const { publicKey } = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    Cipher: { from: "crypto.createCipheriv", object: crypto.createCipheriv("aes-128-cbc", key, key) },
    Decipher: { from: "crypto.createDecipheriv", object: crypto.createDecipheriv("aes-128-cbc", key, key) },
    Hash: { from: "crypto.createHash", object: crypto.createHash("sha1") },
    Hmac: { from: "crypto.createHmac", object: crypto.createHmac("sha1", key) },
    Sign: { from: "crypto.createSign", object: crypto.createSign("sha256") },
    Verify: { from: "crypto.createVerify", object: crypto.createVerify("sha256") },
    AsymmetricKeyObject: { from: "crypto.createPublicKey", object: publicKey },
    SubtleCrypto: { from: "crypto.subtle", object: crypto.webcrypto.subtle },
    Crypto: { from: "crypto", object: crypto.webcrypto },
    Socket: { from: "net.createConnection", object: new net.Socket() },
    Server: { from: "net.createServer", object: new net.Server() },
    TLSSocket: { from: "tls.connect", object: new tls.TLSSocket(new net.Socket()) },
    Stats: { from: "fs.statSync", object: fs.statSync("/") },
    Immediate: { from: "setImmediate", object: immediate },
    Performance: { from: "performance", object: performance },
    Timeout: { from: "setTimeout", object: timeout },
  };
}

/** Every owner by name, in one order: the first name that a thing is found under is its name. */
function owners(): Map<object, string> {
  const found = new Map<object, string>();
  const add = (object: unknown, name: string) => {
    if (((typeof object === "object" && object) || typeof object === "function") && !found.has(object)) {
      found.set(object, name);
    }
  };
  const addClass = (value: unknown, name: string) => {
    if (!isClass(value)) return;
    add(value, name);
    let prototype: object | null = value.prototype;
    for (; prototype && !isStandard(prototype); prototype = Object.getPrototypeOf(prototype)) {
      const own = prototype === value.prototype ? name : prototype.constructor.name;
      add(prototype, `${own}.prototype`);
      add(prototype.constructor, own);
    }
  };
  for (const name of nodeGlobals()) {
    const value: unknown = Reflect.get(globalThis, name);
    if (isNamespace(value) || name === "process" || name === "console") add(value, name);
  }
  for (const module of MODULES) add(load(`node:${module}`), module);
  for (const name of nodeGlobals()) addClass(Reflect.get(globalThis, name), name);
  for (const module of MODULES) {
    const exports = load(`node:${module}`) as object;
    for (const key of Object.getOwnPropertyNames(exports)) {
      const descriptor = Object.getOwnPropertyDescriptor(exports, key) as PropertyDescriptor;
      // Deprecated members warn when they are read.
      if (descriptor.get && !["promises", "webcrypto"].includes(key)) continue;
      const value: unknown = Reflect.get(exports, key);
      addClass(value, key);
      if (isNamespace(value)) add(value, `${module}.${key}`);
    }
  }
  for (const [name, sample] of Object.entries(samples())) addClass(sample.object.constructor, name);
  return found;
}

function kindOf(prefix: string, { value, get, configurable }: PropertyDescriptor): Member["kind"] {
  if (isClass(value)) return "class";
  if (typeof value === "function") return "function";
  return prefix.endsWith(".prototype.") && get && configurable ? "accessor" : "value";
}

export class Inventory {
  readonly #owners = owners();
  /** Functions are one thing wherever they hang, as long as they have the same name there. */
  readonly #functions = new Map<unknown, Map<string, string>>();
  readonly #members = new Map<object, Map<string, Member>>();

  constructor() {
    this.#addOwner(globalThis, "", nodeGlobals());
    for (const [object, name] of this.#owners) {
      this.#addOwner(object, `${name}.`, Object.getOwnPropertyNames(object));
    }
  }

  #addOwner(owner: object, prefix: string, keys: readonly string[]): void {
    const members = new Map<string, Member>();
    this.#members.set(owner, members);
    for (const key of keys) {
      // What begins with _ is Node's own business, or for those who make a stream to write.
      if (NEVER_LOOKED_AT.has(key) || key.startsWith("_")) continue;
      const descriptor = Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor;
      const value: unknown = descriptor.value;
      let name = prefix + key;
      if (typeof value === "function") {
        const names = this.#functions.get(value) ?? new Map<string, string>();
        this.#functions.set(value, names);
        name = names.get(key) ?? name;
        names.set(key, name);
      }
      members.set(key, { name, owner, key, kind: kindOf(prefix, descriptor) });
    }
  }

  /** All members of all owners. */
  all(): readonly Member[] {
    return [...this.#members.values()].flatMap((members) => [...members.values()]);
  }

  /** The members of objects of the classes that `used` (names of members) brings into a program, parents included. */
  instanceMembers(used: ReadonlySet<string>): readonly Member[] {
    const found = new Set<Member>();
    const addClass = (prototype: object | null) => {
      for (let at = prototype; at; at = Object.getPrototypeOf(at)) {
        for (const member of this.#members.get(at)?.values() ?? []) found.add(member);
      }
    };
    for (const member of this.all()) {
      if (member.kind !== "class" || !used.has(member.name)) continue;
      addClass((Reflect.get(member.owner, member.key) as { readonly prototype: object }).prototype);
    }
    for (const [name, { from, object }] of Object.entries(samples())) {
      if (!used.has(from)) continue;
      addClass(Object.getPrototypeOf(object));
      for (const key of Object.getOwnPropertyNames(object)) {
        if (key.startsWith("_") || NEVER_LOOKED_AT.has(key)) continue;
        found.add({ name: `${name}.prototype.${key}`, owner: object, key, kind: "value" });
      }
    }
    return [...found];
  }

  /** The member that `fs.readFileSync` or `Buffer.from` means; a longer path means its longest known beginning. */
  find(path: readonly string[]): Member | undefined {
    const [first = "", ...rest] = path;
    const modules: readonly string[] = MODULES;
    let owner: object = globalThis;
    let keys: readonly string[] = path;
    if (first.startsWith("module ")) {
      const name = first.slice("module ".length);
      if (!modules.includes(name)) return undefined;
      owner = load(`node:${name}`) as object;
      keys = rest;
      if (keys.length === 0 && typeof owner === "function") return this.#named(owner);
    }
    let found: Member | undefined;
    for (const key of keys) {
      const member = this.#members.get(owner)?.get(key);
      if (!member) break;
      found = member;
      const next: unknown = member.kind === "accessor" ? undefined : Reflect.get(owner, key);
      if ((typeof next !== "object" && typeof next !== "function") || next === null) break;
      owner = next;
    }
    return found;
  }

  #named(value: object): Member | undefined {
    const names = [...(this.#functions.get(value)?.values() ?? [])];
    return this.all().find((member) => names.includes(member.name));
  }
}
