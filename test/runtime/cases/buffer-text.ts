/** Buffer: strings into bytes and back, every encoding, surrogates, ill-formed UTF-8, ranges. */
import { Buffer } from "node:buffer";
import { random, show } from "./show.ts";

const ENCODINGS = [
  "utf8",
  "UTF-8",
  "latin1",
  "binary",
  "ascii",
  "hex",
  "base64",
  "base64url",
  "ucs2",
  "utf16le",
] as BufferEncoding[];
const STRINGS = [
  "",
  "plain",
  "Grüße €",
  "😀 done",
  "\ud800 lone",
  "lone \udc00",
  "\ud83d\ud83d\ude00",
  "\u0000\u007f\u0080\u07ff\u0800\uffff",
  "00ff7Fzz11",
  "abc",
  "YWJjZA==",
  "YWJjZA",
  "YW Jj\nZA==",
  "_-8/+A",
  "=",
  "ÿ",
];

for (const encoding of ENCODINGS) {
  for (const string of STRINGS) {
    const label = `${encoding} ${JSON.stringify(string)}`;
    show(`from ${label}`, () => Buffer.from(string, encoding));
    show(`byteLength ${label}`, () => Buffer.byteLength(string, encoding));
    show(`write ${label}`, () => {
      const buffer = Buffer.alloc(9, 0xee);
      return [buffer.write(string, 1, 7, encoding), buffer];
    });
    show(`toString ${label}`, () => Buffer.from(string, "utf8").toString(encoding));
  }
}

const ILL_FORMED = [
  "ff",
  "c0af",
  "c3",
  "e282",
  "e28228",
  "eda080",
  "f09f98",
  "f09f9841",
  "f8888080",
  "80",
  "41c3e282acf0",
  "f4908080",
  "efbbbf41",
  "e0809f",
];
for (const hex of ILL_FORMED) show(`utf8 of ${hex}`, () => Buffer.from(hex, "hex").toString("utf8"));

const next = random(7);
for (let round = 0; round < 300; round++) {
  const bytes = Buffer.from(Array.from({ length: Math.floor(next() * 24) }, () => Math.floor(next() * 256)));
  const encoding = ENCODINGS[round % ENCODINGS.length] as BufferEncoding;
  const [from, to] = [Math.floor(next() * 30) - 3, Math.floor(next() * 30) - 3];
  show(`random ${round}`, () => [bytes.toString(encoding), bytes.toString(encoding, from, to)]);
  const units = String.fromCharCode(...Array.from({ length: 6 }, () => Math.floor(next() * 65536)));
  show(`random text ${round}`, () => [Buffer.from(units, encoding).length >= 0, Buffer.from(units, "utf8")]);
}

const hello = Buffer.from("hello world");
show("toString()", () => hello.toString());
show("toString range", () => [
  hello.toString("utf8", 6),
  hello.toString("utf8", 0, 5),
  hello.toString("utf8", 4, 2),
]);
show("toString odd range", () => [
  hello.toString("utf8", -3, 400),
  hello.toString("utf8", Number.NaN, 3),
  hello.toString("utf8", 1.9, 3.9),
]);
show("toString unknown", () => hello.toString("nope" as BufferEncoding));
show("from unknown", () => Buffer.from("a", "nope" as BufferEncoding));
show("byteLength unknown", () => Buffer.byteLength("é", "nope" as BufferEncoding));
show("byteLength bytes", () => [Buffer.byteLength(new Uint8Array(3)), Buffer.byteLength(new ArrayBuffer(5))]);
show("byteLength number", () => Buffer.byteLength(5 as never));
show("write shapes", () => {
  const b = Buffer.alloc(8, "-");
  const counts = [
    b.write("ab"),
    b.write("cd", 2),
    b.write("efgh", 4, 2),
    b.write("zz", 6, "latin1"),
    b.write("0a", "hex"),
  ];
  return [counts, b.toString("latin1")];
});
show("write split character", () => {
  const b = Buffer.alloc(4, "-");
  return [b.write("a€€"), b];
});
show("write offset", () => Buffer.alloc(4).write("a", 5));
show("write negative", () => Buffer.alloc(4).write("a", -1));
show("write fraction", () => Buffer.alloc(4).write("a", 1.5));
show("write length", () => Buffer.alloc(4).write("a", 0, 9));
show("write text offset", () => Buffer.alloc(4).write("a", {} as never));
show("write number", () => Buffer.alloc(4).write(5 as never));
show("write encoding", () => Buffer.alloc(4).write("a", 0, 1, "nope" as BufferEncoding));
show("isEncoding", () =>
  ["utf8", "UTF8", "hex", "nope", "", undefined, 5].map((e) => Buffer.isEncoding(e as string)),
);
for (const text of ["=YWJj", "YW=Jj", "YWJj==YWJj", "YQ==YQ==", "é=YWJj", "\u013dYWJj", "YWJj😀", "YW€Jj"]) {
  show(`base64 of ${JSON.stringify(text)}`, () => [
    Buffer.from(text, "base64"),
    Buffer.byteLength(text, "base64"),
  ]);
}
