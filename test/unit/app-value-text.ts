/** What the OPC UA cell publishes for a value, for tests: the value's bytes as a server sends them, through the reader. */
import { BinaryStream } from "node-opcua-binary-stream";
import {
  DataValue,
  type DataValueOptions,
  Variant,
  VariantArrayType,
  type VariantOptions,
} from "node-opcua-client";
import { KnownTypes } from "../../app/cells/opcua/values/known-types.ts";
import {
  type Field,
  type FieldType,
  type TypeSource,
  UnknownTypeError,
} from "../../app/cells/opcua/values/structure-types.ts";
import { ValueReader } from "../../app/cells/opcua/values/value-reader.ts";

/** A server that knows no structure. */
export const NO_SOURCE: TypeSource = {
  structureOf: (encoding) => Promise.reject(new UnknownTypeError(`${encoding} is not known`)),
};

export interface ReaderOptions {
  readonly namespaces?: readonly string[];
  readonly significantDigits?: number | null;
  readonly types?: KnownTypes;
}

export function makeReader(options: ReaderOptions = {}): ValueReader {
  const { namespaces = [], significantDigits = null, types = new KnownTypes(NO_SOURCE) } = options;
  return new ValueReader({ namespaces, significantDigits, types });
}

/** Something that node-opcua can write. */
interface Encodable {
  binaryStoreSize(): number;
  encode(stream: BinaryStream): void;
}

export function bytesOf(object: Encodable): Buffer {
  const stream = new BinaryStream(object.binaryStoreSize());
  object.encode(stream);
  return Buffer.from(stream.buffer.subarray(0, stream.length));
}

/** Opens bytes that are all of a value. */
export function open(reader: ValueReader, bytes: Buffer): void {
  reader.open(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
}

export function messageText(options: DataValueOptions | DataValue, reader = makeReader()): string {
  open(reader, bytesOf(options instanceof DataValue ? options : new DataValue(options)));
  return reader.dataValue();
}

export function valueText(options: VariantOptions, reader = makeReader()): string {
  open(reader, bytesOf(new Variant({ arrayType: VariantArrayType.Scalar, ...options })));
  return reader.value();
}

/** A field of a structure, a single one that is always there unless `more` says otherwise. */
export function field(name: string, type: FieldType, more: Partial<Field> = {}): Field {
  return { name, type, dimensions: 0, optional: false, ...more };
}
