/** The lab's values as open62541 reads them: OPC UA JSON in its reversible form (Part 6 §5.4.2). */
import { LabError } from "../errors.ts";
import type { OpcUaType, RichWire } from "../variables.ts";

/** Identifiers of the built-in types (Part 6 §5.1.2). */
const BUILT_IN: Readonly<Record<OpcUaType, number>> = {
  Boolean: 1,
  SByte: 2,
  Byte: 3,
  Int16: 4,
  UInt16: 5,
  Int32: 6,
  UInt32: 7,
  Int64: 8,
  UInt64: 9,
  Float: 10,
  Double: 11,
  String: 12,
  DateTime: 13,
  Guid: 14,
  ByteString: 15,
  XmlElement: 16,
  NodeId: 17,
  ExpandedNodeId: 18,
  StatusCode: 19,
  QualifiedName: 20,
  LocalizedText: 21,
};
/** BaseDataType: values of any type. */
const ANY_TYPE = 24;
const EXTENSION_OBJECT = 22;
/** Abstract: any structure. */
const STRUCTURE = 22;
/** From a data type to its twin on stdin (types.c). */
const TWIN = 1000;

type Fields = Readonly<Record<string, unknown>>;

/** node-opcua's pair of halves, or decimal digits. */
function integer64(value: unknown, signed: boolean): string {
  const bits = Array.isArray(value)
    ? (BigInt(value[0] as number) << 32n) | BigInt(value[1] as number)
    : BigInt(value as string);
  return String(signed ? BigInt.asIntN(64, bits) : BigInt.asUintN(64, bits));
}

const position = ({ x, y }: Fields) => ({ X: x, Y: y });

const tool = ({ name, wear, mode, serial }: Fields) => ({
  Name: name,
  Wear: wear === undefined ? [] : [wear],
  Mode: mode,
  Serial: serial === undefined ? [] : [integer64(serial, false)],
});

function reading({ number, text, place }: Fields): object {
  if (number !== undefined) return { Which: 1, Number: number };
  if (text !== undefined) return { Which: 2, Text: text };
  return { Which: 3, Place: position(place as Fields) };
}

const station = (fields: Fields) => ({
  Number: fields.number,
  Mode: fields.mode,
  Home: position(fields.home as Fields),
  Path: (fields.path as Fields[]).map(position),
  Tools: (fields.tools as Fields[]).map(tool),
  Last: reading(fields.last as Fields),
  Cycle: fields.cycle,
  Started: fields.started,
  Counts: (fields.counts as unknown[]).map((count) => integer64(count, true)),
  Note: (fields.note as Fields).text === null ? {} : { Text: (fields.note as Fields).text },
});

const range = ({ low, high }: Fields) => ({ Low: low, High: high });

/** By data type: what its values are called on stdin, and how they look there. */
const STRUCTURES: Readonly<Record<string, readonly [type: string, fields: (value: Fields) => object]>> = {
  "ns=0;i=884": ["i=884", range],
  "ns=2;i=5002": ["ns=2;i=5002", position],
  "ns=2;i=5003": [`ns=2;i=${5003 + TWIN}`, tool],
  "ns=2;i=5004": [`ns=2;i=${5004 + TWIN}`, reading],
  "ns=2;i=5005": [`ns=2;i=${5005 + TWIN}`, station],
};

function structure(dataType: string | undefined, value: unknown): string {
  const [type, fields] = STRUCTURES[dataType ?? ""] ?? [];
  if (type === undefined || fields === undefined)
    throw new LabError("LAB_VALUES_DIFFER", `the open62541 server has no structure ${dataType}`);
  return JSON.stringify({ TypeId: type, Body: fields(value as Fields) });
}

function element({ type, dataType }: RichWire, value: unknown): string {
  switch (type) {
    case "Float":
    case "Double":
      return Object.is(value, -0) ? "-0.0" : JSON.stringify(value);
    case "QualifiedName": {
      const { namespaceIndex, name } = value as { namespaceIndex: number; name: string };
      return JSON.stringify({ Name: name, Uri: namespaceIndex });
    }
    case "LocalizedText": {
      const { locale, text } = value as { locale: string; text: string };
      return JSON.stringify({ Locale: locale, Text: text });
    }
    case "ExtensionObject":
      return structure(dataType, value);
    case "Variant":
      return variant(value as RichWire);
    default:
      return JSON.stringify(value);
  }
}

/** 0: a single value, 1: a list, more: a matrix. */
function rankOf({ array, dimensions }: RichWire): number {
  return array === true ? 1 : (dimensions?.length ?? 0);
}

function variant(wire: RichWire): string {
  const { type, value, dimensions } = wire;
  const id = type === "Variant" ? ANY_TYPE : type === "ExtensionObject" ? EXTENSION_OBJECT : BUILT_IN[type];
  const rank = rankOf(wire);
  const body =
    rank > 0
      ? `[${(value as unknown[]).map((each) => element(wire, each)).join(",")}]`
      : element(wire, value);
  return `{"Type":${id},"Body":${body}${rank > 1 ? `,"Dimension":${JSON.stringify(dimensions)}` : ""}}`;
}

/** A value with the time of its change, in one line. */
export function dataValueLine(wire: RichWire, sourceTimestamp: string): string {
  const line = `{"Value":${variant(wire)},"SourceTimestamp":"${sourceTimestamp}"}`;
  // The library takes no DEL that is not escaped.
  return line.replaceAll("\u007f", "\\u007f");
}

/** Data type and value rank of the variable that has such values. */
export function variableType(name: string, wire: RichWire): { dataType: string; rank: number } {
  const { type, dataType } = wire;
  const rank = rankOf(wire);
  // A list without elements does not tell of which structure it is.
  if (type === "ExtensionObject" && rank > 0) return { dataType: `i=${STRUCTURE}`, rank };
  const any = name === "Variant" || type === "Variant";
  const builtIn = any || type === "ExtensionObject" ? ANY_TYPE : BUILT_IN[type];
  return { dataType: dataType ?? `i=${builtIn}`, rank: rank === 0 ? -1 : rank };
}
