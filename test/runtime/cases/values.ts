/** What the reader of values makes of all types, ranks and depths, of structures, and of bytes that mean nothing. */
import { Buffer } from "node:buffer";
import { KnownTypes } from "../../../app/cells/opcua/values/known-types.ts";
import { significantText } from "../../../app/cells/opcua/values/rounding.ts";
import { BuiltIn, type StructureType } from "../../../app/cells/opcua/values/structure-types.ts";
import { ValueReader } from "../../../app/cells/opcua/values/value-reader.ts";
import { show } from "./show.ts";

/** The same numbers on every engine (Numerical Recipes' generator). */
let state = 1;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state;
}
const below = (limit: number): number => Math.floor((random() / 0x1_0000_0000) * limit);
const bytes = (count: number): number[] => Array.from({ length: count }, () => below(256));
const uint32 = (value: number): number[] => [
  value & 255,
  (value >> 8) & 255,
  (value >> 16) & 255,
  value >>> 24,
];
const TEXTS = ["", "plain", 'quote " and \\', "tab\t and \u0001", "Öl 20 °C", "😀", "\u2028"];
const sized = (content: Buffer): number[] => [...uint32(content.length), ...content];
const text = (): number[] =>
  below(8) === 0 ? uint32(0xffffffff) : sized(Buffer.from(TEXTS[below(TEXTS.length)] ?? ""));
const nodeId = (): number[] =>
  [
    () => [0, below(256)],
    () => [1, below(4), ...bytes(2)],
    () => [2, below(4), 0, ...bytes(4)],
    () => [3, below(4), 0, ...text()],
    () => [4, below(4), 0, ...bytes(16)],
    () => [5, below(4), 0, ...sized(Buffer.from(bytes(below(9))))],
  ][below(6)]?.() ?? [];

/** The bytes of a value of a built-in type. */
function element(type: number, depth: number): number[] {
  switch (type) {
    case BuiltIn.Boolean:
      return [below(2)];
    case BuiltIn.SByte:
    case BuiltIn.Byte:
      return bytes(1);
    case BuiltIn.Int16:
    case BuiltIn.UInt16:
      return bytes(2);
    case BuiltIn.Int32:
    case BuiltIn.UInt32:
    case BuiltIn.Float:
      return bytes(4);
    case BuiltIn.StatusCode:
      return uint32([0, 0x800a0000, 0x800a0480, 0x12340000][below(4)] ?? 0);
    case BuiltIn.DateTime:
      return (
        [[...bytes(4), ...uint32(0x01d0_0000 + below(0xf_ffff))], bytes(8), [...uint32(0), ...uint32(0)]][
          below(3)
        ] ?? []
      );
    case BuiltIn.Int64:
    case BuiltIn.UInt64:
    case BuiltIn.Double:
      return bytes(8);
    case BuiltIn.Guid:
      return bytes(16);
    case BuiltIn.String:
    case BuiltIn.XmlElement:
      return text();
    case BuiltIn.ByteString:
      return sized(Buffer.from(bytes(below(20))));
    case BuiltIn.NodeId:
    case BuiltIn.ExpandedNodeId:
      return nodeId();
    case BuiltIn.QualifiedName:
      return [below(4), 0, ...text()];
    case BuiltIn.LocalizedText:
      return [[0], [1, ...text()], [2, ...text()], [3, ...text(), ...text()]][below(4)] ?? [];
    case BuiltIn.ExtensionObject: {
      const body = Buffer.from([...uint32(below(2)), ...bytes(8), ...uint32(below(4)), 1, 7]);
      return (
        [
          [0, 0, 0],
          [1, 2, 100, 0, 1, ...sized(body)],
          [1, 2, 101, 0, 1, ...sized(body)],
          [0, 9, 2, ...text()],
        ][below(4)] ?? []
      );
    }
    case BuiltIn.DataValue:
      return [3, ...variant(depth + 1), ...uint32(0x80310000)];
    case BuiltIn.Variant:
      return variant(depth + 1);
    default:
      return [0x31, ...uint32(below(9)), ...text(), ...uint32(0x80310000)];
  }
}

function variant(depth = 0): number[] {
  const type = 1 + below(depth > 3 ? 21 : 25);
  const elements = (count: number): number[] =>
    Array.from({ length: count }, () => element(type, depth)).flat();
  switch (below(4)) {
    case 0: {
      const count = below(4);
      return [0x80 | type, ...uint32(count), ...elements(count)];
    }
    case 1: {
      const [rows, columns] = [1 + below(3), 1 + below(3)];
      return [
        0xc0 | type,
        ...uint32(rows * columns),
        ...elements(rows * columns),
        ...uint32(2),
        ...uint32(rows),
        ...uint32(columns),
      ];
    }
    default:
      // DataValue, Variant and DiagnosticInfo come in lists only (Part 6 §5.2.2.16).
      return [type, ...element(type, depth)];
  }
}

const test: StructureType = {
  kind: "structure",
  name: "Test",
  fields: [
    { name: "Value", type: BuiltIn.Double, dimensions: 0, optional: true },
    {
      name: "Mode",
      type: { kind: "enum", names: new Map([[1, "Running"]]) },
      dimensions: 0,
      optional: false,
    },
    { name: "Flag", type: BuiltIn.Boolean, dimensions: 0, optional: false },
    { name: "Rest", type: BuiltIn.Byte, dimensions: 0, optional: false },
  ],
};
const types = new KnownTypes({ structureOf: () => Promise.resolve(test) });
const namespaces = ["http://opcfoundation.org/UA/", "urn:server", "http://machine/"];

function readAll(reader: ValueReader, content: Buffer): unknown {
  reader.open(content, new DataView(content.buffer, content.byteOffset, content.length), 0, content.length);
  try {
    return [reader.value(), reader.at, [...reader.missing], reader.opaque];
  } catch (error) {
    // Engines word a RangeError in their own way.
    return error instanceof RangeError ? error.name : String(error);
  }
}

async function main(): Promise<void> {
  await types.learn("ns=2;i=100", "");
  const exact = new ValueReader({ namespaces, significantDigits: null, types });
  const rounded = new ValueReader({ namespaces, significantDigits: 6, types });
  for (let number = 0; number < 400; number += 1) {
    const content = Buffer.from(variant());
    show(`value ${number}`, () => [readAll(exact, content), readAll(rounded, content)]);
    for (let changes = 0; changes < 3 && content.length > 0; changes += 1)
      content[below(content.length)] = below(256);
    show(`value ${number} changed`, () => readAll(exact, content));
  }
  show("deep", () =>
    readAll(
      exact,
      Buffer.from(
        Array.from({ length: 99 }, () => [0x98, 1, 0, 0, 0])
          .flat()
          .concat([3, 7]),
      ),
    ),
  );
  show("too deep", () =>
    readAll(exact, Buffer.from(Array.from({ length: 300 }, () => [0x98, 1, 0, 0, 0]).flat())),
  );
  const view = new DataView(new ArrayBuffer(8));
  for (let number = 0; number < 300; number += 1) {
    view.setUint32(0, random());
    view.setUint32(4, random());
    const value = below(2) === 0 ? view.getFloat64(0) : below(4_000_000) / 2;
    if (!Number.isFinite(value)) continue;
    const digits = 1 + below(17);
    show(`${value} to ${digits} digits`, () => significantText(value, digits));
  }
}

void main();
