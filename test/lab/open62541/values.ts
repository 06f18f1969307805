/** The lab's values as open62541 reads them: OPC UA JSON in its reversible form (Part 6 §5.4.2). */
import type { OpcUaType, WireValue } from "../variables.ts";

/** Identifiers of the built-in types (Part 6 §5.1.2). */
export const BUILT_IN: Readonly<Record<OpcUaType, number>> = {
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
export const ANY_TYPE = 24;

function element(type: OpcUaType, value: unknown): string {
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
    default:
      return JSON.stringify(value);
  }
}

/** A value with the time of its change, in one line. */
export function dataValueLine(wire: WireValue, sourceTimestamp: string): string {
  const { type, value } = wire;
  const body =
    wire.array === true
      ? `[${(value as unknown[]).map((each) => element(type, each)).join(",")}]`
      : element(type, value);
  // The library takes no DEL that is not escaped.
  const escaped = body.replaceAll("\u007f", "\\u007f");
  return `{"Value":{"Type":${BUILT_IN[type]},"Body":${escaped}},"SourceTimestamp":"${sourceTimestamp}"}`;
}
