/** Buffer: what is old, what is odd, and thousands of calls with arguments that nobody would write. */
import { atob, Buffer, btoa, constants, isAscii, isUtf8, kMaxLength } from "node:buffer";
import { inspect } from "node:util";
import { random, show, showCode } from "./show.ts";

const wrong = (value: unknown) => value as never;
type Call = (...args: unknown[]) => unknown;

/** Like `show`; the words of errors without a code are the engine's, and so is how much memory there can be. */
function call(label: string, work: () => unknown): void {
  show(label, () => {
    try {
      return work();
    } catch (error) {
      const { name, code, message } = error as Error & { code?: string };
      if (code === undefined || code === "ERR_UNKNOWN_ENCODING") return `throws ${name} ${code}`;
      return `throws ${name} ${code}: ${message.replace(/ && <= (4294967296|2147483647|9007199254740991)\b/, "")}`;
    }
  });
}

const whole = Buffer.from("0123456789");
interface Deprecated {
  readonly parent: ArrayBuffer;
  readonly offset: number;
  inspect(): string;
}
const old = whole as Buffer & Deprecated;
show("deprecated", () => [old.parent === whole.buffer, old.offset === whole.byteOffset, old.inspect()]);
show("global", () => [globalThis.Buffer === Buffer, whole instanceof Buffer, typeof Buffer.poolSize]);
show("no offset, nothing else", () => {
  const buffer = Buffer.alloc(4, "-");
  return [(buffer.write as Call).call(buffer, "6162", undefined, 1, "hex"), buffer];
});
for (const text of [
  "a'b",
  "tab\t",
  "del\x7f",
  "nul\0",
  "x".repeat(40),
  `${"y".repeat(24)}'zzzzzz`,
  "\udc00 low",
]) {
  call(`message with ${JSON.stringify(text)}`, () => Buffer.alloc(wrong(text)));
  call(`value with ${JSON.stringify(text)}`, () => Buffer.alloc(3).fill(text, "hex"));
}
show("limits", () => [kMaxLength >= 2 ** 30, constants.MAX_LENGTH === kMaxLength]);
show("inspect", () => [inspect(Buffer.alloc(60, 7)), inspect(Object.assign(Buffer.from("x"), { extra: 1 }))]);
show("btoa", () => [btoa("Hello \u00ff"), globalThis.btoa === btoa, btoa(""), btoa(wrong(null))]);
showCode("btoa beyond latin1", () => btoa("€"));
show("atob", () => [atob("SGVsbG8g/w=="), atob(" S G V s "), atob(""), globalThis.atob === atob]);
for (const bad of ["a", "ab=", "a=b=", "*", "abcde", "ab==="]) showCode(`atob ${bad}`, () => atob(bad));
showCode("btoa nothing", () => (btoa as Call)());
show("isUtf8, isAscii", () => [
  isUtf8(Buffer.from("ü")),
  isUtf8(Buffer.from([0xff])),
  isAscii(Buffer.from("a")),
  isAscii(Buffer.from("ü")),
]);
call("alloc too much", () => Buffer.alloc(-1));
call("alloc NaN", () => Buffer.alloc(Number.NaN));
call("alloc infinite", () => Buffer.alloc(Number.POSITIVE_INFINITY));
show("allocUnsafeSlow fraction", () => Buffer.allocUnsafeSlow(1.5).length);
show("old constructor", () => [
  new Buffer(3),
  new Buffer("ab"),
  new Buffer([1, 2]),
  (Buffer as unknown as Call)("61", "hex"),
]);

const ENCODINGS = "utf8 hex base64 base64url latin1 binary ascii ucs2 utf16le UTF-16LE".split(" ");
const ODD: readonly unknown[] = [
  undefined,
  null,
  0,
  1,
  2,
  5,
  7,
  8,
  9,
  -1,
  -3,
  1.5,
  -0,
  255,
  256,
  65536,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 31),
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "",
  "3",
  "x",
  "é",
  "\ud800",
  true,
  {},
  ...ENCODINGS,
];
const BIG: readonly bigint[] = [
  0n,
  1n,
  -1n,
  5n,
  2n ** 63n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  -(2n ** 63n) - 1n,
  2n ** 64n - 1n,
  2n ** 64n,
];
const METHODS = `
  toString write fill indexOf lastIndexOf includes slice subarray copy compare equals readUInt8 readInt8
  readUInt16LE readUInt16BE readInt16LE readInt16BE readUInt32LE readUInt32BE readInt32LE readInt32BE
  readFloatLE readFloatBE readDoubleLE readDoubleBE readBigUInt64LE readBigInt64LE readBigUInt64BE
  readBigInt64BE readUIntLE readUIntBE readIntLE readIntBE writeUInt8 writeInt8 writeUInt16LE
  writeUInt16BE writeInt16LE writeInt16BE writeUInt32LE writeUInt32BE writeInt32LE writeInt32BE
  writeFloatLE writeFloatBE writeDoubleLE writeDoubleBE writeBigUInt64LE writeBigInt64LE writeBigUInt64BE
  writeBigInt64BE writeUIntLE writeUIntBE writeIntLE writeIntBE swap16 swap32 swap64 toJSON hexSlice
  utf8Slice latin1Slice asciiSlice base64Slice base64urlSlice ucs2Slice utf8Write latin1Write hexWrite
  ucs2Write asciiWrite base64Write toLocaleString
`
  .trim()
  .split(/\s+/);
const next = random(2026);
const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
const named = (values: readonly unknown[]) =>
  values
    .map((value) => {
      if (typeof value === "string") return JSON.stringify(value);
      return typeof value === "object" && value !== null ? "object" : String(value);
    })
    .join(", ");

/** `hexSlice`, `utf8Write`, …: libraries call them with whole numbers only. */
function oneEncoding(round: number, method: string, buffer: Buffer, operation: Call): void {
  const [at, size] = [Math.min(Math.floor(next() * 5), buffer.length), Math.floor(next() * 5)];
  const text = method.endsWith("Write") ? [pick(["ab", "6162", "é€", ""])] : [];
  call(`${round} ${method}(${named([...text, at, size])}) of ${buffer.length}`, () => [
    operation.call(buffer, ...text, at, size),
    buffer,
  ]);
}

function oneCall(round: number): void {
  const buffer = Buffer.from("01234567".slice(0, Math.floor(next() * 9)));
  const other = Buffer.from("3456".slice(0, Math.floor(next() * 5)));
  const method = pick(METHODS);
  const operation = (buffer as unknown as Record<string, Call>)[method] as Call;
  if (/^(?!to).*(Slice|(?<!^w)Write)$/.test(method)) {
    oneEncoding(round, method, buffer, operation);
    return;
  }
  const odd = () => (method.startsWith("writeBig") && next() < 0.3 ? pick(BIG) : pick(ODD));
  const args = Array.from({ length: Math.floor(next() * 5) }, () => (next() < 0.15 ? other : odd()));
  call(`${round} ${method}(${named(args)})`, () => [operation.call(buffer, ...args), buffer, other]);
}

for (let round = 0; round < 6000; round++) oneCall(round);
for (let round = 0; round < 600; round++) {
  const args = Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(ODD));
  call(`${round} Buffer.from(${named(args)})`, () => (Buffer.from as Call)(...args));
  call(`${round} Buffer.byteLength(${named(args)})`, () => (Buffer.byteLength as Call)(...args));
  const small = args.map((value) => (typeof value === "number" && value > 256 ? 3 : value));
  call(`${round} Buffer.alloc(${named(small)})`, () => (Buffer.alloc as Call)(...small));
}
