/** Buffer: numbers of every width and order, limits, NaN, fractions, offsets, and the errors for them. */
import { Buffer } from "node:buffer";
import { random, show } from "./show.ts";

const KINDS = [
  "UInt8",
  "Int8",
  "UInt16LE",
  "UInt16BE",
  "Int16LE",
  "Int16BE",
  "UInt32LE",
  "UInt32BE",
  "Int32LE",
  "Int32BE",
  "FloatLE",
  "FloatBE",
  "DoubleLE",
  "DoubleBE",
  "Uint8",
  "Uint16LE",
  "Uint32BE",
] as const;
const BIG = ["BigInt64LE", "BigInt64BE", "BigUInt64LE", "BigUInt64BE", "BigUint64LE"] as const;

type Read = (offset?: unknown, size?: unknown) => unknown;
type Write = (value: unknown, offset?: unknown, size?: unknown) => unknown;

function read(buffer: Buffer, kind: string, ...args: unknown[]): unknown {
  return ((buffer as unknown as Record<string, Read>)[`read${kind}`] as Read).call(buffer, ...args);
}
function write(buffer: Buffer, kind: string, ...args: [unknown, ...unknown[]]): unknown {
  return ((buffer as unknown as Record<string, Write>)[`write${kind}`] as Write).call(buffer, ...args);
}

const VALUES: unknown[] = [
  0,
  -0,
  1,
  -1,
  1.9,
  -1.9,
  -0.5,
  127,
  128,
  -128,
  -129,
  255,
  256,
  32767,
  32768,
  -32768,
  -32769,
  65535,
  65536,
  2147483647,
  2147483648,
  -2147483648,
  -2147483649,
  4294967295,
  4294967296,
  1e20,
  -1e20,
  1e300,
  3.4028234663852886e38,
  1e-46,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  "12",
  "x",
  null,
  undefined,
  true,
];
const OFFSETS: unknown[] = [
  0,
  1,
  4,
  8,
  9,
  15,
  16,
  -1,
  1.5,
  Number.NaN,
  "1",
  null,
  undefined,
  Number.POSITIVE_INFINITY,
  {},
];

for (const kind of KINDS) {
  for (const value of VALUES) {
    /* Node.js puts digit separators into exponents: "1e+_300". */
    if (typeof value === "number" && value > 1e21 && !/Float|Double/.test(kind)) continue;
    show(`write${kind} ${String(value)}`, () => {
      const buffer = Buffer.alloc(9, 0xaa);
      return [write(buffer, kind, value, 1), buffer];
    });
  }
  const source = Buffer.from("0102038485868788f9fafbfcfdfeff7f", "hex");
  for (const offset of OFFSETS) {
    show(`read${kind} at ${String(offset)}`, () => read(source, kind, offset));
    show(`write${kind} at ${String(offset)}`, () => write(Buffer.alloc(16), kind, 1, offset));
  }
  show(`read${kind} of nothing`, () => read(Buffer.alloc(0), kind, 0));
  show(`read${kind} default`, () => read(source, kind));
}

const BIG_VALUES: unknown[] = [
  0n,
  1n,
  -1n,
  2n ** 63n - 1n,
  2n ** 63n,
  -(2n ** 63n),
  -(2n ** 63n) - 1n,
  2n ** 64n - 1n,
  2n ** 64n,
  5,
];
for (const kind of BIG) {
  for (const value of BIG_VALUES) {
    show(`write${kind} ${String(value)}`, () => {
      const buffer = Buffer.alloc(8);
      return [write(buffer, kind, value), buffer, read(buffer, kind)];
    });
  }
  show(`read${kind} out`, () => read(Buffer.alloc(8), kind, 1));
}

for (const kind of ["IntLE", "IntBE", "UIntLE", "UIntBE", "UintLE"]) {
  for (let size = 0; size <= 7; size++) {
    for (const value of [0, 1, -1, 100, 255, 2 ** 24, 2 ** 40 + 3, -(2 ** 39), 2 ** 48 - 1, -(2 ** 47)]) {
      show(`write${kind} ${size} ${value}`, () => {
        const buffer = Buffer.alloc(8);
        return [write(buffer, kind, value, 1, size), buffer];
      });
    }
    show(`read${kind} ${size}`, () => read(Buffer.from("ff80018203fe7f8055", "hex"), kind, 1, size));
    show(`read${kind} ${size} out`, () => read(Buffer.alloc(3), kind, 1, size));
  }
  show(`read${kind} bare`, () => read(Buffer.alloc(3), kind));
  show(`read${kind} no size`, () => read(Buffer.alloc(3), kind, 0));
  show(`write${kind} no size`, () => write(Buffer.alloc(3), kind, 0, 0));
}

const next = random(11);
for (let i = 0; i < 200; i++) {
  const bytes = Buffer.from(Array.from({ length: 8 }, () => Math.floor(next() * 256)));
  show(`random ${i}`, () => [...KINDS, ...BIG].map((kind) => read(bytes, kind, 0)));
}
