/** util. */
import util, {
  format,
  inspect,
  isDeepStrictEqual,
  promisify,
  TextDecoder,
  TextEncoder,
  types,
} from "node:util";
import { show, showCode } from "./show.ts";

const wrong = (value: unknown) => value as never;
show("format", () => [
  format(
    "%s is %d years and %i, %f, %j, %o, %O, %%, %x",
    "Bob",
    42.5,
    42.9,
    "1.5",
    { a: 1 },
    [1],
    { b: { c: {} } },
    "left",
  ),
  format("no placeholders", 1, "two", { three: 3 }),
  format(1, 2),
  format("%s", null, undefined),
  format("%s %s", "one"),
  format("%d", "0x10"),
  format("%s", Symbol("s"), 5n, -0),
  format("%s", { toString: () => "own" }, class A {}),
  format("%j", JSON.parse('{"a":1}')),
  format(),
]);
const circular: Record<string, unknown> = { name: "c" };
circular.self = circular;
circular.list = [circular, { circular }];
class Point {
  x = 1;
  y = 2;
}
class Named extends Map<unknown, unknown> {}
const values: Record<string, unknown> = {
  nothing: [null, undefined, true],
  numbers: [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 12345678901234567890n],
  strings: ["plain", "it's", `both ' and "`, "line\nbreak", "tab\t", "\u0001", "ü€😀", "\ud800"],
  symbols: [Symbol("s"), Symbol.iterator],
  empty: [[], {}, new Map(), new Set(), ""],
  nested: { a: { b: { c: { d: 1 } } }, list: [[[[1]]]] },
  array: [1, "two", { three: 3 }, [4]],
  sparse: Object.assign(new Array(6), { 0: 1, 2: 3, 5: 6 }),
  withProps: Object.assign([1, 2], { extra: "x" }),
  long: Array.from({ length: 120 }, (_, index) => index),
  words: Array.from({ length: 10 }, (_, index) => `word number ${index}`),
  wide: {
    alpha: "aaaaaaaaaaaaaaaaaaaa",
    beta: "bbbbbbbbbbbbbbbbbbbbbbb",
    gamma: "cccccccccccccccccccccc",
    d: 1,
  },
  map: new Map<unknown, unknown>([
    ["k", 1],
    [{ o: 1 }, new Map([[1, 2]])],
  ]),
  set: new Set([1, "a", [2]]),
  date: new Date(86_400_000),
  badDate: new Date(Number.NaN),
  regexp: /a+b/gi,
  classInstance: new Point(),
  noPrototype: Object.assign(Object.create(null), { a: 1 }),
  functions: [
    () => 1,
    function named() {},
    class K {},
    class L extends Point {},
    async () => 1,
    function* gen() {},
  ],
  boxed: [new Number(3), new String("abc"), new Boolean(false), Object(5n)],
  typed: [new Uint8Array([1, 2, 3]), new Float64Array(2), new ArrayBuffer(3), new Named([["a", 1]])],
  buffer: Buffer.from("abc"),
  accessors: {
    get a() {
      return 1;
    },
    set b(_value: unknown) {},
    get c() {
      return 1;
    },
    set c(_value: unknown) {},
  },
  "key with blank": { "odd-key": 1, 5: 2, [Symbol("k")]: 3 },
  circular,
  custom: { [inspect.custom]: (depth: number) => `custom at ${depth}` },
  longString: { text: "x".repeat(120) },
  error: Object.assign(new TypeError("bad"), { stack: undefined }),
};
for (const [name, value] of Object.entries(values)) {
  show(`inspect ${name}`, () => inspect(value));
}
show("inspect options", () => [
  inspect({ a: { b: { c: 1 } } }, { depth: 0 }),
  inspect({ a: { b: { c: { d: 1 } } } }, { depth: null }),
  inspect({ a: { b: { c: { d: 1 } } } }, { depth: Number.POSITIVE_INFINITY, compact: true }),
  inspect([1, 2, 3, 4], { maxArrayLength: 2 }),
  inspect("abcdef", { maxStringLength: 3 }),
  inspect({ b: 1, a: 2 }, { sorted: true }),
  inspect({ a: 1, b: [1, 2] }, { compact: false }),
  inspect({ a: 1, b: 2 }, { breakLength: 3 }),
  inspect({ a: 1 }, false, null),
]);
show("inspect error", () => inspect(new RangeError("message")).split("\n")[0]);
show("inspect error in object", () =>
  inspect({ e: new Error("inner") })
    .split("\n")
    .slice(0, 2)
    .join("~")
    .replace(/\s+at .*/, ""),
);

show("types", () => [
  types.isDate(new Date()),
  types.isDate({}),
  types.isRegExp(/x/),
  types.isMap(new Map()),
  types.isSet(new Map()),
  types.isPromise(Promise.resolve()),
  types.isUint8Array(Buffer.alloc(1)),
  types.isTypedArray(new DataView(new ArrayBuffer(1))),
  types.isArrayBuffer(new ArrayBuffer(1)),
  types.isAnyArrayBuffer(new SharedArrayBuffer(1)),
  types.isAsyncFunction(async () => 1),
  types.isGeneratorFunction(function* () {}),
  types.isNativeError(new Error("x")),
  types.isNativeError({ message: "x" }),
  types.isBoxedPrimitive(Object(1)),
  types.isFloat64Array(new Float64Array(1)),
]);
show("deep equal", () => [
  isDeepStrictEqual({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }),
  isDeepStrictEqual([1], ["1"]),
  isDeepStrictEqual(new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 1]])),
  isDeepStrictEqual(new Set([[1]]), new Set([[2]])),
  isDeepStrictEqual(Number.NaN, Number.NaN),
  isDeepStrictEqual(0, -0),
  isDeepStrictEqual(new Date(1), new Date(2)),
  isDeepStrictEqual(/a/g, /a/i),
  isDeepStrictEqual(Buffer.from("a"), Buffer.from("a")),
  isDeepStrictEqual([1, 2], { 0: 1, 1: 2 }),
  isDeepStrictEqual(new Point(), { x: 1, y: 2 }),
  isDeepStrictEqual(circular, circular),
  isDeepStrictEqual({ a: undefined }, {}),
  isDeepStrictEqual(new Error("a"), new Error("b")),
]);

const succeeding = (value: unknown, callback: (error: unknown, result?: unknown) => void) =>
  callback(null, value);
const failing = (callback: (error: Error) => void) => callback(new Error("failed"));
async function main(): Promise<void> {
  console.log("promisify", await promisify(succeeding)("value"));
  await promisify(failing)().catch((error: Error) => console.log("promisify", error.message));
  showCode("promisify no function", () => promisify(wrong(5)));
  const custom = Object.assign(() => undefined, { [promisify.custom]: () => Promise.resolve("custom") });
  console.log(await (promisify(custom as never) as () => Promise<unknown>)());
  util.callbackify(async (value: number) => value + 1)(4, (error, result) =>
    console.log("callbackify", error, result),
  );
  util.callbackify(async () => {
    throw new Error("inside");
  })((error: Error) => console.log("callbackify", error.message));
  util.callbackify(() => Promise.reject(null))((error: unknown) =>
    console.log("callbackify", (error as { code: string }).code),
  );

  function Base(this: { base: boolean }) {
    this.base = true;
  }
  Base.prototype.hello = () => "hello";
  function Child() {}
  util.inherits(Child as never, Base as never);
  show("inherits", () => [
    new (Child as never as new () => { hello(): string })().hello(),
    (Child as never as { super_: unknown }).super_ === Base,
  ]);
  showCode("inherits wrong", () => util.inherits(wrong(null), Base as never));
  process.on("warning", (warning) => console.log("warning", warning.name, warning.message));
  const old = util.deprecate(() => "result", "old() is deprecated", "DEP_X");
  show("deprecate", () => [old(), old()]);
  show("strip", () => util.stripVTControlCharacters("\u001b[31mred\u001b[0m"));
  show("usv", () => util.toUSVString("a\ud800b"));
  show("is", () => [util.isArray([]), util.isDeepStrictEqual === isDeepStrictEqual]);

  show("encoder", () => [
    new TextEncoder().encode("ü€😀\ud800"),
    new TextEncoder().encoding,
    globalThis.TextEncoder === TextEncoder,
  ]);
  show("encodeInto", () => {
    const target = new Uint8Array(5);
    return [new TextEncoder().encodeInto("aü€😀", target), target];
  });
  show("decoder", () => [
    new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff, 0xe2, 0x82])),
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])),
    new TextDecoder("utf-16le").decode(new Uint8Array([0x61, 0, 0xac, 0x20])),
    new TextDecoder("latin1").decode(new Uint8Array([0x61, 0xe9])),
    new TextDecoder().decode(),
    new TextDecoder().decode(new Uint8Array([1, 0x62, 0x63]).buffer.slice(1)),
  ]);
  show("decoder's properties", () => {
    const decoder = new TextDecoder("UTF8", { fatal: true });
    return [decoder.encoding, decoder.fatal, decoder.ignoreBOM, new TextDecoder("latin1").encoding];
  });
  show("decoder stream", () => {
    const decoder = new TextDecoder();
    const bytes = new TextEncoder().encode("x€y");
    return [
      decoder.decode(bytes.subarray(0, 2), { stream: true }),
      decoder.decode(bytes.subarray(2, 3), { stream: true }),
      decoder.decode(bytes.subarray(3)),
    ];
  });
  showCode("decoder fatal", () => new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([0xff])));
  showCode("decoder unknown", () => new TextDecoder("klingon"));
}

main();
