/** Thousands of texts made of the pieces that matter: paths, URLs, query strings, formats, decoders, event names. */
import { EventEmitter } from "node:events";
import path from "node:path";
import url from "node:url";
import { format, inspect } from "node:util";
import { show as print, random } from "./show.ts";

/** The words of errors without a code are the engine's. */
function show(label: string, work: () => unknown): void {
  print(label, () => {
    try {
      return work();
    } catch (error) {
      const { name, code, message } = error as Error & { code?: string };
      return `throws ${name} ${code === undefined ? "" : `${code} ${message}`}`;
    }
  });
}

const next = random(41);
const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
const some = <T>(list: readonly T[], most: number) =>
  Array.from({ length: Math.floor(next() * (most + 1)) }, () => pick(list));

const PATH = ["/", "//", ".", "..", "a", "b.c", ".d", "e.", " ", "ü", "a/b", "..x", "...", "~"];
for (let round = 0; round < 500; round++) {
  // No slashes after slashes at the end, none in front of a suffix: there Node.js has answers of its own.
  const a = some(PATH, 6).join("").replace(/\/+$/, "/");
  const [b, c] = [some(PATH, 5).join(""), some(PATH, 3).join("").replaceAll("/", "")];
  show(`${round} paths ${JSON.stringify([a, b, c])}`, () => [
    path.normalize(a),
    path.join(a, b, c),
    path.resolve("/r", a, b),
    path.relative(`/${a}`, `/${b}`),
    path.dirname(a),
    path.basename(a),
    path.basename(a.replace(/\/+$/, ""), c),
    path.extname(a),
    path.isAbsolute(a),
    path.parse(a),
    path.format(path.parse(b)),
  ]);
}

const SCHEME = [
  "opc.tcp:",
  "mqtts:",
  "ssl:",
  "http:",
  "https:",
  "file:",
  "urn:",
  "HTTP:",
  "x:",
  "1x:",
  ":",
  "",
];
const SLASHES = ["//", "/", "", "///", "\\\\"];
const AUTHORITY = [
  "host",
  "HOST.example",
  "user@",
  "user:pw@",
  "us%40er:p:w@",
  ":80",
  ":443",
  ":4840",
  ":0",
  ":65536",
  ":",
  "1.2.3.4",
  "0x7f.1",
  "[::1]",
  "[fe80::1%25eth0]",
  "[1:2]",
  "a b",
  "a_b",
  "-",
  "%41",
  "ex%00",
  "*",
];
// Names of hosts are ASCII here, and releases of Node.js do not agree on ^.
const REST = [
  "/",
  "/a",
  "/..",
  "/.",
  "/%2e%2E",
  "/ü",
  "/a b",
  "?",
  "?q=1",
  "?a=b&c",
  "?ä='\"",
  "#",
  "#f g",
  "#`",
  "\\x",
  "\t",
  "\n",
  "%zz",
  "|",
  "{}",
];
for (let round = 0; round < 500; round++) {
  const text =
    pick(SCHEME) +
    pick(SLASHES) +
    some(AUTHORITY, 2).join("") +
    pick(["", "/", "?", "#"]) +
    some(REST, 4).join("");
  // Node.js leaves a path out when nothing but dots was in it.
  if (!/^(https?|file):/i.test(text) && /\/(\.|%2e)/i.test(text)) continue;
  if (/\/\/[^/]*[^\0-\x7f]/.test(text)) continue;
  show(`${round} url ${JSON.stringify(text)}`, () => {
    const { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash } =
      new URL(text);
    return [href, origin, protocol, username, password, host, hostname, port, pathname, search, hash];
  });
  show(`${round} on a base ${JSON.stringify(text)}`, () => new URL(text, "opc.tcp://base:4840/p/q?r#s").href);
}
for (let round = 0; round < 400; round++) {
  const host = pick(["host", "HOST.example", "1.2.3.4", "[::1]", ""]);
  const parts = [
    pick(["mqtt:", "mqtts:", "ssl:", "http:", "opc.tcp:", ""]) + pick(["//", "//", "//", ""]),
    pick(["", "", "user@", "us%40er:pa%3Ass@", "user:pa ss@"]) + host + (host && pick(["", ":1", ":8883"])),
    pick(["", "/", "/path", "/a b", "/%20/ü", "/a/../b"]),
    pick(["", "?", "?a=1", "?a=1&a=2&b", "?x=%20y+z"]) + pick(["", "", "#", "#h"]),
  ];
  const text = parts.join("");
  show(`${round} url.parse ${JSON.stringify(text)}`, () => {
    const parsed = url.parse(text, next() < 0.5);
    return {
      ...parsed,
      query: typeof parsed.query === "string" ? parsed.query : JSON.stringify(parsed.query),
    };
  });
}
// ASCII: Node.js errs on other characters beside escapes that are none.
const QUERY = ["a", "b=", "=c", "&", "+", "%20", "%zz", "%", "=", ";", "?", "%C3%BC"];
for (let round = 0; round < 400; round++) {
  const text = some(QUERY, 8).join("");
  show(`${round} query ${JSON.stringify(text)}`, () => {
    const params = new URLSearchParams(text);
    const read = [...params];
    params.append("x", text);
    params.sort();
    params.delete("a");
    return [read, params.toString(), params.size, params.getAll("x").length];
  });
}

const FORMATS = ["%s", "%d", "%i", "%f", "%j", "%o", "%O", "%c", "%%", "%", "%x", " text ", "\n"];
const VALUES: readonly unknown[] = [
  ...[
    0,
    -0,
    1.5,
    -7,
    1e21,
    1e-7,
    Number.NaN,
    12n,
    "",
    "text",
    "it's",
    'a "b"',
    "line\nline",
    "\u001b",
    "\ud800",
  ],
  ...[
    true,
    null,
    undefined,
    Symbol("s"),
    [],
    [1, [2, [3, [4]]]],
    {},
    { a: { b: { c: { d: 1 } } } },
    Object.assign(new Array(3), { 2: 3 }),
  ],
  ...[new Map([["k", { v: 1 }]]), new Set([1, "2"]), new Date(0), /r/g, Buffer.from("b")],
  ...[
    Object.create(null),
    { "a-b": 1, 2: 2 },
    Array(200).fill(7),
    "x".repeat(200),
    { long: "y".repeat(90), z: [1, 2, 3] },
  ],
  ...[
    Object.assign(function named() {}, { prop: 2 }),
    class Empty {},
    new (class Point {
      x = 1;
    })(),
    Object("boxed"),
    [
      ["a", 1],
      ["b", 2],
    ],
  ],
];
for (let round = 0; round < 500; round++) {
  const template = some(FORMATS, 4).join("");
  // A function's text is not in the bytecode.
  const values = some(VALUES, 4).filter((value) => typeof value !== "function");
  show(`${round} format ${JSON.stringify(template)}`, () => [format(template, ...values), format(...values)]);
  const options = {
    depth: pick([0, 1, 2, null]),
    compact: pick([true, false, 1, 3]),
    breakLength: pick([20, 80, 128]),
  };
  show(`${round} inspect ${JSON.stringify(options)}`, () => inspect({ values, one: pick(VALUES) }, options));
}

for (let round = 0; round < 300; round++) {
  const emitter = new EventEmitter();
  const log: string[] = [];
  const listeners = [0, 1, 2, 3].map((id) => (...args: unknown[]) => {
    log.push(`${id}(${args.join()})`);
    if (id === 2) emitter.off("a", listeners[1] as () => void);
    if (id === 3) emitter.once("a", listeners[0] as () => void);
  });
  emitter.on("removeListener", (name) => log.push(`-${String(name)}`));
  const calls = Array.from({ length: 14 }, () =>
    pick([
      "on",
      "once",
      "off",
      "prependListener",
      "prependOnceListener",
      "emit",
      "emit",
      "removeAllListeners",
    ] as const),
  );
  for (const call of calls) {
    const name = pick(["a", "b"]);
    const listener = pick(listeners) as () => void;
    if (call === "emit") log.push(`emit ${name} ${emitter.emit(name, round, call)}`);
    else if (call === "removeAllListeners") emitter.removeAllListeners(next() < 0.3 ? name : "none");
    else emitter[call](name, listener);
    if (emitter.listenerCount("a") > 8) emitter.removeAllListeners("a");
  }
  show(`${round} events ${calls.join()}`, () => [
    log,
    emitter.eventNames(),
    emitter.listeners("a").length,
    emitter.listenerCount("b", listeners[0] as () => void),
  ]);
}
