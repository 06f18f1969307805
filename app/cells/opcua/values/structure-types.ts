/** What is known of structures: how the body of an ExtensionObject is laid out (Part 3 §8.48–8.51, Part 6 §5.2.6–5.2.8). */

/** Built-in types by their number (Part 6 §5.1.2). */
export const BuiltIn = {
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
  ExtensionObject: 22,
  DataValue: 23,
  Variant: 24,
  DiagnosticInfo: 25,
} as const;

/** An enumeration: Int32 on the wire, a text with its name in JSON (Part 6 §5.4.4). */
export interface EnumType {
  readonly kind: "enum";
  readonly names: ReadonlyMap<number, string>;
}

/** A field's type; a number is a built-in type. */
export type FieldType = number | EnumType | StructureType;

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** 0: a single value, 1: an array, more: a matrix with its dimensions in front. */
  readonly dimensions: number;
  /** Of a structure with optional fields: may be absent. */
  readonly optional: boolean;
}

export interface StructureType {
  readonly kind: "structure" | "union";
  readonly name: string;
  /** May hold the structure itself, so it is filled after the structure exists. */
  readonly fields: readonly Field[];
}

/** Where the types of structures come from: the server that sends them. */
export interface TypeSource {
  /** The structure whose binary encoding has this id; `variable` is a node with such a value. */
  structureOf(encoding: string, variable: string): Promise<StructureType>;
}

/** Why a structure's type is not known, in words for the log. */
export class UnknownTypeError extends Error {
  readonly code = "OPCUA_UNKNOWN_TYPE";
}
