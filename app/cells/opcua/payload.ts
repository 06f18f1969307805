import { DataType, type DataValue, type StatusCode, type Variant, VariantArrayType } from "node-opcua-client";

/**
 * A DataValue as JSON text: OPC UA Part 6 §5.4.2, non-reversible form (design §7). Built by concatenation, straight
 * through, because this runs once per value on a slow CPU.
 */

/** Part 6 §5.4.2.6: what lies outside of what a DateTime can express. */
const EARLIEST_MS = Date.UTC(1601, 0, 1);
const EARLIEST = '"0001-01-01T00:00:00Z"';
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);
const LATEST = '"9999-12-31T23:59:59Z"';
/** A float has at most this many significant decimal digits (IEEE 754 binary32). */
const MAX_FLOAT_DIGITS = 9;
/** Fewer digits than this never need trying: trailing zeros disappear by themselves. */
const MIN_FLOAT_DIGITS = 6;

/** Below this, floats are denormalised. */
const SMALLEST_NORMAL_FLOAT = 2 ** -126;

/** Where namespace indices of node ids are looked up; Part 6 §5.4.2.10 wants the URI in the non-reversible form. */
export type Namespaces = readonly string[];

/** Double as the shortest text that reads back to the same value. */
export function encodeDouble(value: number): string {
  if (Number.isNaN(value)) return '"NaN"';
  if (value === Number.POSITIVE_INFINITY) return '"Infinity"';
  if (value === Number.NEGATIVE_INFINITY) return '"-Infinity"';
  return value === 0 && 1 / value < 0 ? "-0" : String(value);
}

/** Float as the shortest text that reads back to the same 32-bit value: 0.1, not 0.10000000149011612. */
export function encodeFloat(value: number): string {
  // Whole numbers that a float holds exactly are their own shortest text.
  if ((value | 0) === value && value > -16777216 && value < 16777216) return encodeDouble(value);
  if (!Number.isFinite(value)) return encodeDouble(value);
  // Close to zero a float holds fewer digits the smaller it is.
  const fewest = Math.abs(value) < SMALLEST_NORMAL_FLOAT ? 1 : MIN_FLOAT_DIGITS;
  for (let digits = fewest; digits < MAX_FLOAT_DIGITS; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(MAX_FLOAT_DIGITS)));
}

/** [high, low] halves as node-opcua decodes them; a text, because JSON numbers lose digits beyond 2^53. */
export function encodeInt64(value: readonly [number, number], signed: boolean): string {
  const [high, low] = value;
  // The common case without BigInt: what fits into 53 bits.
  if (high >= 0 && high < 0x20_0000) return `"${high * 0x1_0000_0000 + (low >>> 0)}"`;
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return `"${signed ? BigInt.asIntN(64, bits) : bits}"`;
}

/** ISO 8601, UTC. */
export function encodeDateTime(value: Date | null | undefined): string {
  if (!value) return EARLIEST;
  const time = value.getTime();
  if (!(time > EARLIEST_MS)) return EARLIEST;
  return time >= LATEST_MS ? LATEST : `"${value.toISOString()}"`;
}

/** Time stamp of a DataValue: milliseconds and, where the server gave them, the digits down to 100 ns. */
function encodeTimestamp(value: Date, picoseconds: number): string {
  const text = encodeDateTime(value);
  // node-opcua keeps what is below a millisecond in the picoseconds field: n × 100 ns = n × 100 000 ps.
  const ticks = Math.floor(picoseconds / 100_000) % 10_000;
  if (ticks === 0 || text === EARLIEST || text === LATEST) return text;
  const digits = String(ticks).padStart(4, "0").replace(/0+$/, "");
  return `${text.slice(0, -2)}${digits}Z"`;
}

function encodeText(value: string | null | undefined): string {
  return value === null || value === undefined ? "null" : JSON.stringify(value);
}

function encodeNamespace(index: number, namespaces: Namespaces): string {
  // Part 6 §5.4.2.10: index 1 stays a number, others become the URI where it is known.
  const uri = index > 1 ? namespaces[index] : undefined;
  return uri === undefined ? String(index) : JSON.stringify(uri);
}

interface NodeIdLike {
  readonly identifierType: number;
  readonly value: unknown;
  readonly namespace: number;
  readonly namespaceUri?: string | null;
  readonly serverIndex?: number;
}

/** Part 6 §5.4.2.10 and §5.4.2.11. IdType: 0 number (left out), 1 text, 2 GUID, 3 bytes; node-opcua counts from 1. */
function encodeNodeId(value: NodeIdLike | null | undefined, namespaces: Namespaces): string {
  if (!value) return "null";
  const idType = value.identifierType - 1;
  const id =
    value.value instanceof Uint8Array
      ? `"${Buffer.from(value.value).toString("base64")}"`
      : JSON.stringify(value.value);
  let text = idType === 0 ? `{"Id":${id}` : `{"IdType":${idType},"Id":${id}`;
  if (value.namespaceUri) text += `,"Namespace":${JSON.stringify(value.namespaceUri)}`;
  else if (value.namespace !== 0) text += `,"Namespace":${encodeNamespace(value.namespace, namespaces)}`;
  if (value.serverIndex) text += `,"ServerUri":${value.serverIndex}`;
  return `${text}}`;
}

/** Part 6 §5.4.2.12. */
export function encodeStatus(status: StatusCode): string {
  return `{"Code":${status.value >>> 0},"Symbol":${JSON.stringify(status.name)}}`;
}

function encodeQualifiedName(
  value: { name?: string | null; namespaceIndex?: number } | null,
  namespaces: Namespaces,
): string {
  if (!value) return "null";
  const index = value.namespaceIndex ?? 0;
  const uri = index === 0 ? "" : `,"Uri":${encodeNamespace(index, namespaces)}`;
  return `{"Name":${encodeText(value.name)}${uri}}`;
}

/** Encodes one value of a type. */
type Encoder = (value: never, namespaces: Namespaces) => string;

const encodeNumber = (value: number): string => String(value);

/** One encoder per type of R76, and Guid and ByteString besides. */
const ENCODERS: Partial<Record<DataType, Encoder>> = {
  [DataType.Boolean]: (value: boolean) => (value ? "true" : "false"),
  [DataType.SByte]: encodeNumber,
  [DataType.Byte]: encodeNumber,
  [DataType.Int16]: encodeNumber,
  [DataType.UInt16]: encodeNumber,
  [DataType.Int32]: encodeNumber,
  [DataType.UInt32]: encodeNumber,
  [DataType.Int64]: (value: [number, number]) => encodeInt64(value, true),
  [DataType.UInt64]: (value: [number, number]) => encodeInt64(value, false),
  [DataType.Float]: encodeFloat,
  [DataType.Double]: encodeDouble,
  [DataType.String]: encodeText,
  [DataType.XmlElement]: encodeText,
  [DataType.Guid]: encodeText,
  [DataType.DateTime]: (value: Date | null) => encodeDateTime(value),
  [DataType.ByteString]: (value: Uint8Array | null) =>
    value ? `"${Buffer.from(value).toString("base64")}"` : "null",
  [DataType.NodeId]: encodeNodeId as Encoder,
  [DataType.ExpandedNodeId]: encodeNodeId as Encoder,
  [DataType.StatusCode]: encodeStatus as Encoder,
  [DataType.QualifiedName]: encodeQualifiedName as Encoder,
  // Part 6 §5.4.2.14: the text alone.
  [DataType.LocalizedText]: (value: { text?: string | null } | null) => encodeText(value?.text),
  [DataType.Variant]: ((value: Variant | null, namespaces: Namespaces) =>
    value ? encodeVariant(value, namespaces) : "null") as Encoder,
};

function encodeList(
  values: ArrayLike<unknown>,
  from: number,
  to: number,
  encoder: Encoder,
  namespaces: Namespaces,
): string {
  let text = "[";
  for (let index = from; index < to; index += 1) {
    if (index > from) text += ",";
    text += encoder(values[index] as never, namespaces);
  }
  return `${text}]`;
}

/** A matrix is stored row by row; JSON nests its rows (Part 6 §5.4.5). */
function encodeMatrix(
  values: ArrayLike<unknown>,
  dimensions: readonly number[],
  encoder: Encoder,
  namespaces: Namespaces,
): string {
  const nest = (depth: number, from: number, size: number): string => {
    const length = dimensions[depth] ?? 0;
    if (depth === dimensions.length - 1) return encodeList(values, from, from + length, encoder, namespaces);
    const step = length === 0 ? 0 : size / length;
    const rows: string[] = [];
    for (let index = 0; index < length; index += 1) rows.push(nest(depth + 1, from + index * step, step));
    return `[${rows.join(",")}]`;
  };
  return nest(0, 0, values.length);
}

/** A type that can't be published. */
export class UnsupportedTypeError extends Error {
  readonly code = "OPCUA_UNSUPPORTED_TYPE";
  readonly dataType: string;
  constructor(dataType: string) {
    super(`values of the type ${dataType} can't be published`);
    this.dataType = dataType;
  }
}

/** The value alone, without its type (non-reversible form, Part 6 §5.4.2.17). Throws `UnsupportedTypeError`. */
export function encodeVariant(variant: Variant, namespaces: Namespaces): string {
  const { dataType, arrayType, value } = variant;
  if (dataType === DataType.Null || value === null || value === undefined) return "null";
  const encoder = ENCODERS[dataType];
  if (!encoder) throw new UnsupportedTypeError(DataType[dataType] ?? String(dataType));
  if (arrayType === VariantArrayType.Scalar) return encoder(value as never, namespaces);
  const values = value as ArrayLike<unknown>;
  if (arrayType === VariantArrayType.Array || !variant.dimensions) {
    return encodeList(values, 0, values.length, encoder, namespaces);
  }
  return encodeMatrix(values, variant.dimensions, encoder, namespaces);
}

/** The message of one change: value, time stamps, and the status unless it is Good (Part 6 §5.4.2.18). */
export function encodeDataValue(dataValue: DataValue, namespaces: Namespaces): string {
  let text = `{"Value":${dataValue.value ? encodeVariant(dataValue.value, namespaces) : "null"}`;
  if (dataValue.sourceTimestamp) {
    text += `,"SourceTimestamp":${encodeTimestamp(dataValue.sourceTimestamp, dataValue.sourcePicoseconds)}`;
  }
  if (dataValue.serverTimestamp) {
    text += `,"ServerTimestamp":${encodeTimestamp(dataValue.serverTimestamp, dataValue.serverPicoseconds)}`;
  }
  const status = dataValue.statusCode;
  if (status.value !== 0) text += `,"StatusCode":${encodeStatus(status)}`;
  return `${text}}`;
}

/** The message of a heartbeat: a counter, and the state of the connection as status (design §7). */
export function encodeHeartbeat(options: { count: number; time: Date; status: StatusCode }): string {
  const time = encodeDateTime(options.time);
  const status = options.status.value === 0 ? "" : `,"StatusCode":${encodeStatus(options.status)}`;
  return `{"Value":${options.count},"SourceTimestamp":${time},"ServerTimestamp":${time}${status}}`;
}
