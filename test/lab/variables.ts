/**
 * The demo machine's variables, one per OPC UA type the product supports (R76) and a few beyond it (L6), and the
 * values they take: pseudo-random, so that a lost, doubled or swapped change can't pass unnoticed. Every value comes
 * with the JSON it must become (OPC UA Part 6 §5.4.2, non-reversible form), written down here from the raw number or
 * text and not by any code of the gateway.
 */

export type OpcUaType =
  | "Boolean"
  | "SByte"
  | "Byte"
  | "Int16"
  | "UInt16"
  | "Int32"
  | "UInt32"
  | "Int64"
  | "UInt64"
  | "Float"
  | "Double"
  | "String"
  | "DateTime"
  | "Guid"
  | "ByteString"
  | "XmlElement"
  | "NodeId"
  | "ExpandedNodeId"
  | "StatusCode"
  | "QualifiedName"
  | "LocalizedText";

/** Namespace 2 of the demo server; namespace 1 is the server's own by OPC UA convention. */
export const DEMO_NAMESPACE_URI = "urn:demo-plant:machine";

/** What the server puts on the wire, in a form that survives a message between two processes. */
export interface WireValue {
  readonly type: OpcUaType;
  readonly array?: boolean;
  readonly value: unknown;
}

/** A value that is more than a single one or a list: `structures.ts`. */
export interface RichWire {
  readonly type: OpcUaType | "ExtensionObject" | "Variant";
  readonly array?: boolean;
  /** One: a list, more: a matrix. */
  readonly dimensions?: readonly number[];
  /** The node's data type, where it is not the built-in one. */
  readonly dataType?: string;
  readonly value: unknown;
}

export interface Sample<W extends RichWire = WireValue> {
  readonly wire: W;
  /** What `JSON.parse(payload).Value` must be; undefined = the field must be absent. */
  readonly json: unknown;
}

export interface DemoVariable<W extends RichWire = WireValue> {
  readonly name: string;
  readonly nodeId: string;
  readonly sample: (random: Random) => Sample<W>;
}

/** A small deterministic generator (mulberry32): the same seed gives the same value in every process. */
export class Random {
  #state: number;

  constructor(seed: string) {
    this.#state = 0x811c9dc5;
    for (const char of seed)
      this.#state = Math.imul(this.#state ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }

  /** 0 ≤ x < 2^32 */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  integer(min: number, max: number): number {
    return min + Math.floor((this.uint32() / 2 ** 32) * (max - min + 1));
  }

  uint64(): bigint {
    return (BigInt(this.uint32()) << 32n) | BigInt(this.uint32());
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.integer(0, choices.length - 1)] ?? choices[0];
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.integer(0, 255));
  }

  /** Any bit pattern of an IEEE 754 double, finite or not. */
  float64(): number {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, this.uint64());
    return view.getFloat64(0);
  }

  float32(): number {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, this.uint32());
    return view.getFloat32(0);
  }
}

const TEXTS = [
  "Spindle",
  "温度",
  "Größe",
  'a "quoted" \\ text',
  "tab\tline\nend",
  "🌡",
  "\u0001\u001f\u007f",
  "é\u2028",
] as const;

function text(random: Random): string {
  return `${random.pick([...TEXTS] as [string, ...string[]])} ${random.uint32().toString(36)}`;
}

/** Part 6 §5.4.2.4: NaN and the infinities are strings. */
function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function integer(type: WireValue["type"], min: number, max: number) {
  return (random: Random): Sample => {
    const value = random.pick([random.integer(min, max), min, max, random.integer(min, max)]);
    return { wire: { type, value }, json: value };
  };
}

function double(random: Random): number {
  // Mostly measured-value-like numbers, sometimes any bit pattern, sometimes what is not a number.
  const kind = random.integer(0, 9);
  if (kind === 0) return random.pick([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  if (kind <= 3) return random.float64();
  return random.integer(-1_000_000, 1_000_000) / 1000;
}

const doubleSample = (random: Random): Sample => {
  const value = double(random);
  return { wire: { type: "Double", value: jsonNumber(value) }, json: jsonNumber(value) };
};

const stringSample = (random: Random): Sample => {
  const value = text(random);
  return { wire: { type: "String", value }, json: value };
};

const int64Sample = (random: Random): Sample => {
  const value = BigInt.asIntN(64, random.uint64()).toString();
  return { wire: { type: "Int64", value }, json: value };
};

/** Part 6 §5.4.2.10: Id and IdType, the namespace as URI except for namespace 1, which stays a number. */
function nodeId(random: Random): { readonly wire: string; readonly json: Record<string, unknown> } {
  const numeric = random.integer(0, 1) === 0;
  const namespace = random.pick([0, 1, 2]);
  const id = numeric ? random.uint32() : `Axis.${random.uint32().toString(36)}`;
  return {
    wire: `ns=${namespace};${numeric ? "i" : "s"}=${id}`,
    json: {
      ...(numeric ? {} : { IdType: 1 }),
      Id: id,
      ...(namespace === 0 ? {} : { Namespace: namespace === 1 ? 1 : DEMO_NAMESPACE_URI }),
    },
  };
}

const samples: Readonly<Record<string, (random: Random) => Sample>> = {
  Boolean: (random) => {
    const value = random.integer(0, 1) === 1;
    return { wire: { type: "Boolean", value }, json: value };
  },
  SByte: integer("SByte", -128, 127),
  Byte: integer("Byte", 0, 255),
  Int16: integer("Int16", -32768, 32767),
  UInt16: integer("UInt16", 0, 65535),
  Int32: integer("Int32", -2147483648, 2147483647),
  UInt32: integer("UInt32", 0, 4294967295),
  Int64: int64Sample,
  UInt64: (random) => {
    const value = random.uint64().toString();
    return { wire: { type: "UInt64", value }, json: value };
  },
  Float: (random) => {
    const any = random.integer(0, 3) === 0 ? random.float32() : Math.fround(random.integer(-9999, 9999) / 10);
    return { wire: { type: "Float", value: jsonNumber(any) }, json: jsonNumber(shortestFloat(any)) };
  },
  Double: doubleSample,
  String: stringSample,
  DateTime: (random) => {
    const value = new Date(random.integer(0, 2 ** 32) * 1000 + random.integer(0, 999)).toISOString();
    return { wire: { type: "DateTime", value }, json: value };
  },
  XmlElement: (random) => {
    const value = `<tool id="${random.uint32()}"><name>${random.pick(["drill", "mill", "Fräser"])}</name></tool>`;
    return { wire: { type: "XmlElement", value }, json: value };
  },
  NodeId: (random) => {
    const { wire, json } = nodeId(random);
    return { wire: { type: "NodeId", value: wire }, json };
  },
  ExpandedNodeId: (random) => {
    const { wire, json } = nodeId(random);
    return { wire: { type: "ExpandedNodeId", value: wire }, json };
  },
  StatusCode: (random) => {
    const [code, symbol] = random.pick<readonly [number, string]>([
      [0x80310000, "BadNoCommunication"],
      [0x808b0000, "BadDeviceFailure"],
      [0x40900000, "UncertainLastUsableValue"],
      [0x80340000, "BadNodeIdUnknown"],
    ]);
    return { wire: { type: "StatusCode", value: code }, json: { Code: code, Symbol: symbol } };
  },
  QualifiedName: (random) => {
    const namespaceIndex = random.pick([0, 1, 2]);
    const name = text(random);
    return {
      wire: { type: "QualifiedName", value: { namespaceIndex, name } },
      json: {
        Name: name,
        ...(namespaceIndex === 0 ? {} : { Uri: namespaceIndex === 1 ? 1 : DEMO_NAMESPACE_URI }),
      },
    };
  },
  LocalizedText: (random) => {
    const value = text(random);
    return {
      wire: { type: "LocalizedText", value: { locale: random.pick(["en", "de-DE", ""]), text: value } },
      json: value,
    };
  },
  // A variable of the abstract type BaseDataType: its values change their type ("Variant" in R76). node-opcua's
  // server takes every type there but Boolean.
  Variant: (random) => random.pick([doubleSample, stringSample, int64Sample])(random),
};

const extraSamples: Readonly<Record<string, (random: Random) => Sample>> = {
  Guid: (random) => {
    const hex = Buffer.from(random.bytes(16)).toString("hex").toUpperCase();
    const value = [
      hex.slice(0, 8),
      hex.slice(8, 12),
      hex.slice(12, 16),
      hex.slice(16, 20),
      hex.slice(20),
    ].join("-");
    return { wire: { type: "Guid", value }, json: value };
  },
  ByteString: (random) => {
    const value = Buffer.from(random.bytes(random.integer(1, 40))).toString("base64");
    return { wire: { type: "ByteString", value }, json: value };
  },
  DoubleArray: (random) => {
    const value = Array.from({ length: random.integer(1, 6) }, () => jsonNumber(double(random)));
    return { wire: { type: "Double", array: true, value }, json: value };
  },
  StringArray: (random) => {
    const value = Array.from({ length: random.integer(1, 4) }, () => text(random));
    return { wire: { type: "String", array: true, value }, json: value };
  },
};

/** The decimal number with the fewest digits that is still this binary32 value ("shortest round-trip"). */
export function shortestFloat(value: number): number {
  if (!Number.isFinite(value)) return value;
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return Number(value.toPrecision(9));
}

function catalogue(
  of: Readonly<Record<string, (random: Random) => Sample>>,
  firstId: number,
): DemoVariable[] {
  return Object.entries(of).map(([name, sample], index) => ({
    name,
    // Both kinds of identifier that R62 allows, in both namespaces.
    nodeId:
      index % 2 === 0 ? `ns=2;i=${firstId + index}` : `ns=${1 + (index % 4 === 1 ? 1 : 0)};s=Variable${name}`,
    sample,
  }));
}

/** The 20 types of R76. */
export const VARIABLES: readonly DemoVariable[] = catalogue(samples, 2045);
/** Beyond R76 (L6). */
export const EXTRA_VARIABLES: readonly DemoVariable[] = catalogue(extraSamples, 3045);

export const ALL_VARIABLES: readonly DemoVariable[] = [...VARIABLES, ...EXTRA_VARIABLES];

/** A variable's values one after the other. Two consecutive ones always differ: an equal one is no change. */
export class SampleSequence<W extends RichWire = WireValue> {
  readonly #variable: DemoVariable<W>;
  #index = 0;
  #previous = "";

  constructor(variable: DemoVariable<W>) {
    this.#variable = variable;
  }

  next(): Sample<W> {
    const random = new Random(`${this.#variable.name}/${this.#index++}`);
    for (;;) {
      const sample = this.#variable.sample(random);
      const text = JSON.stringify(sample);
      if (text === this.#previous) continue;
      this.#previous = text;
      return sample;
    }
  }
}
