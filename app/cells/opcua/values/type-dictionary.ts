/**
 * Structures as type dictionaries describe them (OPC UA 1.03 Part 3 Annex C: OPC Binary, an XML language), for servers
 * whose data types have no DataTypeDefinition. Dictionaries are long: only the types that are asked for are looked at.
 */
import { standardTypeByName } from "./standard-types.ts";
import {
  BuiltIn,
  type Field,
  type FieldType,
  type StructureType,
  UnknownTypeError,
} from "./structure-types.ts";

const BINARY_SCHEMA = "http://opcfoundation.org/BinarySchema/";
const OPC_UA = "http://opcfoundation.org/UA/";
/** Longer ones are refused. */
const LONGEST = 8 * 1024 * 1024;
const BITS_OF_MASK = 32;
const MOST_TYPES = 500;

/** OPC Binary's own names of built-in types, where OPC UA has others. */
const BASIC: Readonly<Record<string, number>> = { CharArray: BuiltIn.String, WideString: BuiltIn.String };

/** Sets of bits are numbers, by their size. */
const OPTION_SETS: Readonly<Record<number, number>> = {
  8: BuiltIn.Byte,
  16: BuiltIn.UInt16,
  32: BuiltIn.UInt32,
  64: BuiltIn.UInt64,
};

type Attributes = ReadonlyMap<string, string>;

function attributesOf(tag: string): Attributes {
  const found = new Map<string, string>();
  for (const [, name = "", quoted = ""] of tag.matchAll(/([\w.:-]+)\s*=\s*("[^"]*"|'[^']*')/g)) {
    const text = quoted
      .slice(1, -1)
      .replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? "");
    found.set(name, text);
  }
  return found;
}
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

export class TypeDictionary {
  readonly #text: string;
  /** Namespace by prefix. */
  readonly #prefixes = new Map<string, string>();
  readonly #target: string;
  readonly #types = new Map<string, FieldType>();

  constructor(text: string) {
    if (text.length > LONGEST) throw new UnknownTypeError("the server's type dictionary is too long");
    const start = text.search(/<[\w.-]*:?TypeDictionary\s/);
    if (start < 0) throw new UnknownTypeError("the server's type dictionary is none of OPC Binary");
    const root = attributesOf(text.slice(start, text.indexOf(">", start)));
    for (const [name, value] of root) if (name.startsWith("xmlns:")) this.#prefixes.set(name.slice(6), value);
    this.#target = root.get("TargetNamespace") ?? "";
    this.#text = text;
  }

  /** Throws `UnknownTypeError`. */
  structure(name: string): StructureType {
    const before = [...this.#types];
    try {
      const type = this.#type(name);
      if (typeof type !== "number" && type.kind !== "enum") return type;
      throw new UnknownTypeError(`the server's type dictionary has no structure ${name}`);
    } catch (error) {
      // No half of a structure stays.
      this.#types.clear();
      for (const [known, type] of before) this.#types.set(known, type);
      throw error;
    }
  }

  /** The attributes and what is inside of a StructuredType or EnumeratedType. */
  #element(name: string): { kind: string; attributes: Attributes; inside: string } {
    const text = this.#text;
    for (const quoted of [`"${name}"`, `'${name}'`]) {
      for (let at = text.indexOf(quoted); at >= 0; at = text.indexOf(quoted, at + 1)) {
        const start = text.lastIndexOf("<", at);
        const end = text.indexOf(">", at);
        const [, element, kind] =
          /^<([\w.-]*:?(Structured|Enumerated)Type)\s/.exec(text.slice(start, end)) ?? [];
        if (element === undefined || kind === undefined) continue;
        const attributes = attributesOf(text.slice(start, end));
        if (attributes.get("Name") !== name) continue;
        if (text[end - 1] === "/") return { kind, attributes, inside: "" };
        const close = text.indexOf(`</${element}`, end);
        return { kind, attributes, inside: text.slice(end + 1, close < 0 ? text.length : close) };
      }
    }
    throw new UnknownTypeError(`the server's type dictionary has no type ${name}`);
  }

  #type(name: string): FieldType {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    if (this.#types.size >= MOST_TYPES) throw new UnknownTypeError(`it has more than ${MOST_TYPES} types`);
    const { kind, attributes, inside } = this.#element(name);
    if (kind === "Structured") return this.#structured(name, inside);
    const bits = Number(attributes.get("LengthInBits"));
    if (attributes.get("IsOptionSet") === "true" && OPTION_SETS[bits] !== undefined) return OPTION_SETS[bits];
    if (bits !== 32) throw new UnknownTypeError(`the enumeration ${name} has not 32 bits`);
    const names = new Map<number, string>();
    for (const [tag] of inside.matchAll(/<[\w.-]*:?EnumeratedValue\s[^>]*>/g)) {
      const value = attributesOf(tag);
      names.set(Number(value.get("Value")), value.get("Name") ?? "");
    }
    const type: FieldType = { kind: "enum", names };
    this.#types.set(name, type);
    return type;
  }

  #named(typeName: string): FieldType {
    const [prefix = "", name = ""] = typeName.split(":");
    const namespace = this.#prefixes.get(prefix);
    const basic = namespace === BINARY_SCHEMA ? BASIC[name] : undefined;
    const isStandard = namespace === BINARY_SCHEMA || namespace === OPC_UA;
    // Before its own types: OPC UA's dictionary describes the built-in types too, bit by bit.
    const type = basic ?? (isStandard ? standardTypeByName(name) : undefined);
    if (type !== undefined) return type;
    if (namespace === this.#target) return this.#type(name);
    throw new UnknownTypeError(`the type ${typeName} is not in the server's type dictionary`);
  }

  #structured(name: string, inside: string): StructureType {
    const tags = [...inside.matchAll(/<[\w.-]*:?Field\s[^>]*>/g)].map(([tag]) => attributesOf(tag));
    const isUnion = tags.some((tag) => tag.has("SwitchValue"));
    const fields: Field[] = [];
    const type: StructureType = { kind: isUnion ? "union" : "structure", name, fields };
    this.#types.set(name, type);
    const counts = new Set(tags.map((tag) => tag.get("LengthField")));
    const bits: string[] = [];
    let bitCount = 0;
    let used = 0;
    for (const tag of tags) {
      const own = tag.get("Name") ?? "";
      const typeName = tag.get("TypeName") ?? "";
      if (this.#isBit(typeName)) {
        bits.push(own);
        bitCount += Number(tag.get("Length") ?? 1);
      } else if (isUnion && !tag.has("SwitchField")) {
        if (fields.length > 0) throw new UnknownTypeError(`the union ${name} is described in an unusual way`);
      } else if (!counts.has(own)) {
        const chosen = tag.get("SwitchField");
        // Reader and dictionary agree only where masks and unions count on from their first field.
        const expected = isUnion ? String(fields.length + 1) : bits[used];
        if (chosen !== undefined && (isUnion ? tag.get("SwitchValue") : chosen) !== expected)
          throw new UnknownTypeError(`the structure ${name} is described in an unusual way`);
        const optional = !isUnion && chosen !== undefined;
        if (optional) used += 1;
        const dimensions = tag.has("LengthField") ? 1 : 0;
        fields.push({ name: own, type: this.#named(typeName), dimensions, optional });
      }
    }
    if (bitCount !== (used > 0 ? BITS_OF_MASK : 0))
      throw new UnknownTypeError(`the structure ${name} has fields of single bits`);
    return type;
  }

  #isBit(typeName: string): boolean {
    const [prefix = "", name] = typeName.split(":");
    return name === "Bit" && this.#prefixes.get(prefix) === BINARY_SCHEMA;
  }
}
