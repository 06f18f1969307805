/** Buffer: making, viewing, copying, comparing, filling, searching. */
import { Buffer } from "node:buffer";
import { show, showCode } from "./show.ts";

/** Arguments that types forbid. */
const wrong = (value: unknown) => value as never;

const abc = Buffer.from("abcdefgh");

show("from array", () => Buffer.from([1, 2, 300, -1, 2.7]));
show("from buffer", () => {
  const copy = Buffer.from(abc);
  copy[0] = 0;
  return [copy, abc];
});
show("from uint16", () => Buffer.from(new Uint16Array([1, 256, 513])));
show("from array buffer", () => {
  const memory = new Uint8Array([1, 2, 3, 4, 5]).buffer;
  const view = Buffer.from(memory, 1, 3);
  view[0] = 99;
  return [view, new Uint8Array(memory), view.byteOffset, view.buffer === memory];
});
show("from array buffer out", () => Buffer.from(new ArrayBuffer(3), 4));
show("from array buffer long", () => Buffer.from(new ArrayBuffer(3), 1, 9));
show("from object", () => Buffer.from(wrong({ length: 2, 0: 7, 1: 8 })));
show("from json", () => Buffer.from(wrong(JSON.parse(JSON.stringify(abc)))));
show("from String object", () => Buffer.from(new String("hé")));
show("from primitive", () => Buffer.from(wrong({ [Symbol.toPrimitive]: () => "prim" })));
for (const bad of [5, null, undefined, true, {}, () => 1, Symbol("s")]) {
  show(`from ${typeof bad} ${String(Object(bad).constructor?.name)}`, () => Buffer.from(wrong(bad)));
}
show("alloc", () => [
  Buffer.alloc(3),
  Buffer.alloc(3, 1),
  Buffer.alloc(5, "ab"),
  Buffer.alloc(4, "YQ==", "base64"),
]);
show("alloc bytes", () => [Buffer.alloc(5, Buffer.from([1, 2])), Buffer.alloc(0)]);
show("alloc text size", () => Buffer.alloc(wrong("5")));
show("allocUnsafe", () => [Buffer.allocUnsafe(7).length, Buffer.allocUnsafeSlow(3).length]);
show("allocUnsafe text", () => Buffer.allocUnsafe(wrong("5")));
show("of", () => Buffer.of(1, 2, 3));

show("slice shares", () => {
  const buffer = Buffer.from("abcdef");
  buffer.slice(1, 3)[0] = 90;
  buffer.subarray(-2)[1] = 89;
  return [
    buffer,
    buffer.slice(-3, -1),
    buffer.subarray(4, 2),
    buffer.slice(wrong("2")),
    buffer.subarray(1.7, 3.2),
  ];
});
show("slice kinds", () => [
  Buffer.isBuffer(abc.slice(1)),
  abc.subarray(2).byteOffset - abc.byteOffset,
  Buffer.isBuffer(abc.map((x) => x + 1)),
  Buffer.isBuffer(abc.filter((x) => x > 99)),
  abc.filter((x) => x > 99),
  abc instanceof Uint8Array,
  Object.prototype.toString.call(abc),
  abc.constructor === Buffer,
  abc.constructor.name,
]);
show("concat", () => [
  Buffer.concat([]),
  Buffer.concat([], 5),
  Buffer.concat([abc, Buffer.from("x"), new Uint8Array(2)]),
  Buffer.concat([abc], 3),
  Buffer.concat([abc], 10),
]);
show("concat fraction", () => Buffer.concat([abc], 1.5));
show("concat no list", () => Buffer.concat(wrong("abc")));
show("concat text", () => Buffer.concat([abc, wrong("abc")]));
show("concat uint16", () => Buffer.concat([wrong(new Uint16Array(2))]));
showCode("concat length", () => Buffer.concat([abc], -1));
show("copy", () => {
  const to = Buffer.alloc(6, "-");
  return [
    abc.copy(to),
    to,
    abc.copy(to, 4),
    to,
    abc.copy(to, 0, 6),
    to,
    abc.copy(to, 1, 2, 3),
    to,
    abc.copy(to, 9),
  ];
});
show("copy overlap", () => {
  const buffer = Buffer.from("abcdefgh");
  return [buffer.copy(buffer, 2, 0, 6), buffer];
});
show("copy text indices", () => abc.copy(Buffer.alloc(4), wrong("1"), wrong("2")));
for (const args of [[-1], [0, -1], [0, 9], [0, 0, -1], [0, 8], [0, 0, 99], [Number.NaN, 1.5, 4.5]]) {
  show(`copy ${args}`, () => abc.copy(Buffer.alloc(4), ...args));
}
show("copy to text", () => abc.copy(wrong("abc")));
show("equals", () => [
  abc.equals(Buffer.from("abcdefgh")),
  abc.equals(Buffer.from("abcdefg")),
  abc.equals(new Uint8Array(8)),
]);
show("equals text", () => abc.equals(wrong("abcdefgh")));
show("compare", () => [
  Buffer.compare(Buffer.from("a"), Buffer.from("b")),
  Buffer.compare(Buffer.from("b"), Buffer.from("a")),
  Buffer.compare(Buffer.from("ab"), Buffer.from("a")),
  Buffer.compare(abc, abc),
  abc.compare(Buffer.from("xbcx"), 1, 3, 1, 3),
  abc.compare(Buffer.from("b"), 0, 1, 5, 5),
]);
show("compare bad", () => Buffer.compare(abc, wrong("a")));
show("compare bad 2", () => abc.compare(wrong(null)));
show("compare range", () => abc.compare(abc, 0, 99));

for (const args of [
  ["x"],
  ["x", 2],
  ["x", 2, 4],
  ["ab"],
  ["é", 1],
  ["", 1],
  [7],
  [256],
  [-1],
  [true],
  [null],
  [Buffer.from("12")],
]) {
  show(`fill ${args.map(String)}`, () => Buffer.alloc(6, "-").fill(...(args as [never])));
}
show("fill hex", () => Buffer.alloc(5).fill("0aff", "hex"));
show("fill offset", () => Buffer.alloc(5).fill(1, 9));
showCode("fill negative", () => Buffer.alloc(5).fill(1, -1));
show("fill end", () => Buffer.alloc(5).fill(1, 0, 6));
showCode("fill nothing", () => Buffer.alloc(5).fill(Buffer.alloc(0)));
show("fill bad hex", () => Buffer.alloc(5).fill("zz", "hex"));
show("fill encoding", () => Buffer.alloc(5).fill("a", "nope" as BufferEncoding));

const hay = Buffer.from("this is a is test €uro");
for (const needle of [
  "is",
  "a",
  "€",
  "",
  "zzz",
  "t",
  105,
  256 + 105,
  -1,
  105.5,
  Buffer.from("test"),
  Buffer.alloc(0),
]) {
  for (const offset of [undefined, 0, 3, 8, -5, 99, -99, Number.NaN, "5", null, {}]) {
    show(`search ${String(needle)} ${String(offset)}`, () => [
      hay.indexOf(needle, wrong(offset)),
      hay.lastIndexOf(needle, wrong(offset)),
      hay.includes(needle, wrong(offset)),
    ]);
  }
}
show("search encoding", () => [
  hay.indexOf("6973", "hex"),
  hay.indexOf("aXM=", 3, "base64"),
  hay.lastIndexOf("is", "latin1"),
]);
show("search utf16", () => {
  const wide = Buffer.from("abcabc", "utf16le");
  return [
    wide.indexOf("c", 0, "utf16le"),
    wide.lastIndexOf("a", undefined, "utf16le"),
    wide.indexOf("bc", 3, "ucs2"),
  ];
});
show("search encoding unknown", () => hay.indexOf("a", 0, "nope" as BufferEncoding));
show("search wrong", () => hay.indexOf(wrong({})));

show("swap", () => [
  Buffer.from([1, 2, 3, 4]).swap16(),
  Buffer.from([1, 2, 3, 4]).swap32(),
  Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]).swap64(),
]);
show("swap odd", () => Buffer.alloc(3).swap16());
show("toJSON", () => JSON.stringify(Buffer.from("ab")));
show("isBuffer", () => [abc, new Uint8Array(1), "a", null, {}].map((x) => Buffer.isBuffer(x)));
show("iterate", () => [...Buffer.from("ab").entries(), ...Buffer.from("ab")]);
show("set", () => {
  const buffer = Buffer.alloc(3);
  buffer.set([1, 2], 1);
  buffer[0] = 511;
  return buffer;
});
show("dataview", () => new DataView(abc.buffer, abc.byteOffset, abc.length).getUint16(0));
show("sort", () => Buffer.from("hello").sort());
show("string concat", () => `${Buffer.from("é")}!`);
