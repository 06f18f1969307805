/**
 * Reads DataValues and Variants of every type and rank from their bytes (OPC UA Part 6 §5.2) straight to JSON text (§5.4,
 * non-reversible form). What a server sends is not trusted: lengths and depths are checked, an unusual value is refused.
 */
import { ByteReader, UnreadableValueError } from "./byte-reader.ts";
import { EARLIEST } from "./file-time.ts";
import type { KnownTypes } from "./known-types.ts";
import { LONGEST_TEXT, nested } from "./matrix.ts";
import {
  encodeInt64,
  encodeStatus,
  type Namespaces,
  type NumberTexts,
  numberTexts,
  picosecondsText,
} from "./payload.ts";
import {
  BuiltIn,
  type Field,
  type FieldType,
  type StructureType,
  UnknownTypeError,
} from "./structure-types.ts";

/** Part 6 §5.1.8: decoders support at least this many levels. */
const DEEPEST = 100;
const IS_ARRAY = 0x80;
const HAS_DIMENSIONS = 0x40;
const TYPE_BITS = 0x3f;
/** Part 6 §5.4.3: a number of any size; its id is that of the data type itself. */
const DECIMAL = "ns=0;i=50";
const GOOD = '{"Code":0,"Symbol":"Good"}';

export class ValueReader extends ByteReader {
  /** Encodings of structures that the last value holds and nobody has asked for yet: its text is of no use. */
  readonly missing = new Set<string>();
  /** Why a structure of the last value is published as the bytes that it came as. */
  opaque: string | null = null;

  readonly #namespaces: Namespaces;
  readonly #types: KnownTypes;
  readonly #numbers: NumberTexts;
  #depth = 0;

  constructor(options: { namespaces: Namespaces; significantDigits: number | null; types: KnownTypes }) {
    super();
    this.#namespaces = options.namespaces;
    this.#types = options.types;
    this.#numbers = numberTexts(options.significantDigits);
  }

  /** Forgets what was noted of the last value. */
  override open(bytes: Buffer, view: DataView, at: number, end: number): void {
    super.open(bytes, view, at, end);
    this.#depth = 0;
    this.missing.clear();
    this.opaque = null;
  }

  /** The message of one change: value, time stamps, and the status unless it is Good (Part 6 §5.4.2.18). */
  dataValue(): string {
    const mask = this.byte();
    if (mask > 0x3f) throw new UnreadableValueError(`a DataValue with the encoding ${mask}`);
    let text = `{"Value":${(mask & 1) === 0 ? "null" : this.value()}`;
    const status = (mask & 2) === 0 ? 0 : this.uint32();
    // On the wire the status comes before the time stamps.
    if ((mask & 4) !== 0) text += `,"SourceTimestamp":${this.dateTime()}`;
    if ((mask & 16) !== 0) text += this.#picoseconds("Source");
    if ((mask & 8) !== 0) text += `,"ServerTimestamp":${this.dateTime()}`;
    if ((mask & 32) !== 0) text += this.#picoseconds("Server");
    return status === 0 ? `${text}}` : `${text},"StatusCode":${encodeStatus(status)}}`;
  }

  /** A Variant that is the value of a node: the earliest time and Good are values here, not null. */
  value(): string {
    const type = this.view.getUint8(this.at);
    if (type === BuiltIn.DateTime || type === BuiltIn.StatusCode) {
      this.at += 1;
      if (type === BuiltIn.DateTime) return this.dateTime();
      const code = this.uint32();
      return code === 0 ? GOOD : encodeStatus(code);
    }
    return this.#variant();
  }

  #picoseconds(which: string): string {
    const text = picosecondsText(this.uint16());
    return text === "" ? text : `,"${which}Picoseconds":${text}`;
  }

  /** One level deeper. */
  #within(read: () => string): string {
    if (this.#depth >= DEEPEST) throw new UnreadableValueError(`more than ${DEEPEST} levels`);
    this.#depth += 1;
    const text = read();
    this.#depth -= 1;
    return text;
  }

  #variant(): string {
    const encoding = this.byte();
    const type = encoding & TYPE_BITS;
    if (type > 31) throw new UnreadableValueError(`the type ${type}`);
    if ((encoding & IS_ARRAY) === 0) {
      if ((encoding & HAS_DIMENSIONS) !== 0) throw new UnreadableValueError("dimensions of a single value");
      return type === 0 ? "null" : this.#builtIn(type);
    }
    if (type === 0) throw new UnreadableValueError("an array of nothing");
    const texts = this.#list(type);
    if ((encoding & HAS_DIMENSIONS) === 0) return texts === null ? "null" : `[${texts.join(",")}]`;
    const dimensions = this.#dimensions();
    return texts === null ? "null" : nested(texts, dimensions);
  }

  /** The elements behind their count; null: there is no array. */
  #list(type: FieldType): string[] | null {
    const length = this.length();
    return length < 0 ? null : this.#elements(type, length);
  }

  #elements(type: FieldType, length: number): string[] {
    const texts: string[] = [];
    let size = 0;
    for (let index = 0; index < length; index += 1) {
      const text = this.#typed(type);
      size += text.length;
      if (size > LONGEST_TEXT) throw new UnreadableValueError("it is too long to be forwarded");
      texts.push(text);
    }
    return texts;
  }

  #dimensions(): number[] {
    const dimensions: number[] = [];
    for (let left = this.length(); left > 0; left -= 1) dimensions.push(this.int32());
    if (dimensions.some((length) => length < 0)) throw new UnreadableValueError("a dimension below zero");
    return dimensions;
  }

  /** A value of a built-in type; "null" for what Part 6 takes for one (§5.4.2.1). */
  #builtIn(type: number): string {
    const view = this.view;
    const at = this.at;
    switch (type) {
      case BuiltIn.Boolean:
        return this.byte() === 0 ? "false" : "true";
      case BuiltIn.SByte:
        this.at = at + 1;
        return `${view.getInt8(at)}`;
      case BuiltIn.Byte:
        return `${this.byte()}`;
      case BuiltIn.Int16:
        this.at = at + 2;
        return `${view.getInt16(at, true)}`;
      case BuiltIn.UInt16:
        this.at = at + 2;
        return `${view.getUint16(at, true)}`;
      case BuiltIn.Int32:
        return `${this.int32()}`;
      case BuiltIn.UInt32:
        return `${this.uint32()}`;
      case BuiltIn.Int64:
      case BuiltIn.UInt64: {
        const low = this.uint32();
        return encodeInt64(this.uint32(), low, type === BuiltIn.Int64);
      }
      case BuiltIn.Float:
        this.at = at + 4;
        return this.#numbers.float(view.getFloat32(at, true));
      case BuiltIn.Double:
        this.at = at + 8;
        return this.#numbers.double(view.getFloat64(at, true));
      case BuiltIn.String:
      case BuiltIn.XmlElement:
        return this.string();
      case BuiltIn.DateTime: {
        const text = this.dateTime();
        return text === EARLIEST ? "null" : text;
      }
      case BuiltIn.Guid:
        return this.guid();
      case BuiltIn.NodeId:
      case BuiltIn.ExpandedNodeId:
        return this.#nodeId();
      case BuiltIn.StatusCode: {
        const code = this.uint32();
        return code === 0 ? "null" : encodeStatus(code);
      }
      case BuiltIn.QualifiedName:
        return this.#qualifiedName();
      case BuiltIn.LocalizedText:
        return this.#localizedText();
      case BuiltIn.ExtensionObject:
        return this.#within(() => this.#extensionObject());
      case BuiltIn.DataValue:
        return this.#within(() => this.dataValue());
      case BuiltIn.Variant:
        return this.#within(() => this.#variant());
      case BuiltIn.DiagnosticInfo:
        return this.#within(() => this.#diagnosticInfo());
      // Numbers that OPC UA keeps for the future are read like ByteString (Part 6 §5.2.2.16).
      default:
        return this.byteString();
    }
  }

  #namespace(index: number): string {
    // Part 6 §5.4.2.10: index 1 stays a number, others become the URI where it is known.
    const uri = index > 1 ? this.#namespaces[index] : undefined;
    return uri === undefined ? String(index) : JSON.stringify(uri);
  }

  /** Part 6 §5.4.2.10 and §5.4.2.11. IdType: 0 number (left out), 1 text, 2 GUID, 3 bytes. */
  #nodeId(): string {
    const { type, namespace, id, uri, server } = this.rawNodeId();
    let text = type === 0 ? `{"Id":${id}` : `{"IdType":${type},"Id":${id}`;
    if (uri !== "null") text += `,"Namespace":${uri}`;
    else if (namespace !== 0) text += `,"Namespace":${this.#namespace(namespace)}`;
    return server === 0 ? `${text}}` : `${text},"ServerUri":${server}}`;
  }

  #qualifiedName(): string {
    const index = this.view.getUint16(this.at, true);
    this.at += 2;
    const name = this.string();
    if (index === 0) return name === "null" ? name : `{"Name":${name}}`;
    return `{"Name":${name},"Uri":${this.#namespace(index)}}`;
  }

  /** Part 6 §5.4.2.14: the text alone. */
  #localizedText(): string {
    const mask = this.byte();
    if ((mask & 1) !== 0) this.string();
    return (mask & 2) === 0 ? "null" : this.string();
  }

  /** Part 6 §5.2.2.12 and §5.4.2.13. */
  #diagnosticInfo(): string {
    const mask = this.byte();
    const parts: string[] = [];
    const number = (bit: number, name: string): void => {
      if ((mask & bit) !== 0) parts.push(`"${name}":${this.int32()}`);
    };
    number(0x01, "SymbolicId");
    number(0x02, "NamespaceUri");
    number(0x08, "Locale");
    number(0x04, "LocalizedText");
    if ((mask & 0x10) !== 0) parts.push(`"AdditionalInfo":${this.string()}`);
    if ((mask & 0x20) !== 0) parts.push(`"InnerStatusCode":${encodeStatus(this.uint32())}`);
    if ((mask & 0x40) !== 0)
      parts.push(`"InnerDiagnosticInfo":${this.#within(() => this.#diagnosticInfo())}`);
    return parts.length === 0 ? "null" : `{${parts.join(",")}}`;
  }

  /** Part 6 §5.2.2.15 and §5.4.2.16: the body alone; one that can't be decoded stays what it is, bytes or XML. */
  #extensionObject(): string {
    const { type, namespace, id } = this.rawNodeId();
    const encoding = this.byte();
    if (encoding === 0) return "null";
    if (encoding === 2) return this.string();
    if (encoding !== 1) throw new UnreadableValueError(`a structure with the encoding ${encoding}`);
    const length = this.length();
    if (length < 0) return "null";
    const key = `ns=${namespace};${"isgb"[type]}=${type === 0 ? id : JSON.parse(id)}`;
    const start = this.at;
    const known = key === DECIMAL ? null : this.#types.find(key);
    let text: string | null = null;
    if (known === undefined) {
      this.missing.add(key);
      text = "null";
    } else if (known instanceof UnknownTypeError) this.opaque ??= known.message;
    else text = this.#body(known, length);
    this.at = start;
    const bytes = this.span(length);
    return text ?? `"${bytes.toString("base64")}"`;
  }

  /** null: the bytes are not what the definition says. */
  #body(type: StructureType | null, length: number): string | null {
    const end = this.end;
    const depth = this.#depth;
    this.end = this.at + length;
    try {
      const text = type === null ? this.#decimal() : this.#structure(type);
      if (this.at === this.end) return text;
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof UnreadableValueError)) throw error;
      this.#depth = depth;
    } finally {
      this.end = end;
    }
    const name = type === null ? "Decimal" : type.name;
    this.opaque ??= `its bytes are not what the server's definition of the data type ${name} says`;
    return null;
  }

  /** Part 6 §5.2.3 and §5.4.3: scale, and an integer of any size, lowest byte first. */
  #decimal(): string {
    const scale = this.#builtIn(BuiltIn.Int16);
    const bytes = Buffer.from(this.span(this.end - this.at)).reverse();
    if (bytes.length === 0) throw new UnreadableValueError("a Decimal without a value");
    const value = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString("hex")}`));
    return `{"Scale":${scale},"Value":"${value}"}`;
  }

  /** Fields that are null are left out (Part 6 §5.4.2.1, §5.4.6–5.4.8). */
  #structure({ kind, fields }: StructureType): string {
    if (kind === "union") {
      const chosen = this.uint32();
      if (chosen === 0) return "null";
      const field = fields[chosen - 1];
      if (!field) throw new UnreadableValueError(`a union without field ${chosen}`);
      return this.#field(field);
    }
    const mask = fields.some(({ optional }) => optional) ? this.uint32() : 0;
    let bit = 1;
    let text = "";
    for (const field of fields) {
      if (field.optional) {
        const present = (mask & bit) !== 0;
        bit *= 2;
        if (!present) continue;
      }
      const value = this.#field(field);
      if (value !== "null") text += `${text === "" ? "" : ","}${JSON.stringify(field.name)}:${value}`;
      if (text.length > LONGEST_TEXT) throw new UnreadableValueError("it is too long to be forwarded");
    }
    return `{${text}}`;
  }

  #field({ type, dimensions }: Field): string {
    if (dimensions === 0) return this.#typed(type);
    if (dimensions === 1) {
      const texts = this.#list(type);
      return texts === null ? "null" : `[${texts.join(",")}]`;
    }
    // Part 6 §5.2.5: the dimensions come first, and no count behind them.
    const lengths = this.#dimensions();
    if (lengths.length === 0) return "null";
    const count = lengths.reduce((product, length) => product * length, 1);
    if (count > this.end - this.at) throw new UnreadableValueError("a matrix beyond its end");
    return nested(this.#elements(type, count), lengths);
  }

  #typed(type: FieldType): string {
    if (typeof type === "number") return this.#builtIn(type);
    if (type.kind !== "enum") return this.#within(() => this.#structure(type));
    // Part 6 §5.4.4: name and number; the number alone, as a text too, when the name is not known.
    const value = this.int32();
    const name = type.names.get(value);
    return JSON.stringify(name === undefined ? `${value}` : `${name}_${value}`);
  }
}
