/**
 * Reads from a server how its structures are laid out: the DataTypeDefinition attribute of data types (Part 3 §5.8.3, OPC
 * UA 1.04), and of servers that have none their type dictionaries (`type-dictionary.ts`).
 */
import {
  AttributeIds,
  BrowseDirection,
  type ClientSession,
  type NodeId,
  resolveNodeId,
} from "node-opcua-client";
import { standardType } from "./standard-types.ts";
import {
  BuiltIn,
  type EnumType,
  type Field,
  type FieldType,
  type StructureType,
  type TypeSource,
  UnknownTypeError,
} from "./structure-types.ts";
import { TypeDictionary } from "./type-dictionary.ts";

/** What is asked of a session. */
export type TypeSession = Pick<ClientSession, "read" | "browse">;

/** Reference types of namespace 0. */
const HAS_ENCODING = "ns=0;i=38";
const HAS_DESCRIPTION = "ns=0;i=39";
const HAS_SUBTYPE = "ns=0;i=45";
const HAS_PROPERTY = "ns=0;i=46";
const HAS_COMPONENT = "ns=0;i=47";

/** No server has more types in one value; one that pretends to does not get the memory. */
const MOST_TYPES = 500;
const MOST_FIELDS = 1000;
/** Super types on the way up to one of namespace 0. */
const HIGHEST = 30;

/** A server that fails so many times in a row, over a connection that stands, will not tell any more (L6). */
const MOST_FAILURES = 5;

/** StructureDefinition.StructureType (Part 3 §8.49). */
const WITH_OPTIONAL_FIELDS = 1;
const UNION = 2;
const WITH_SUBTYPES = 3;
const UNION_WITH_SUBTYPES = 4;

interface StructureField {
  readonly name: string | null;
  readonly dataType: NodeId;
  readonly valueRank: number;
  readonly isOptional: boolean;
}

/** StructureDefinition, and EnumDefinition, whose fields have values. */
interface Definition {
  readonly structureType?: number;
  readonly defaultEncodingId?: NodeId;
  readonly fields?: readonly object[] | null;
}

interface EnumField {
  readonly name: string | null;
  readonly value: number | readonly [number, number];
}

type Types = Map<string, FieldType>;

export class TypeDefinitions implements TypeSource {
  /** The session of the moment: types are asked for over cut connections too. */
  readonly #sessionNow: () => TypeSession | null;
  /** By data type. Replaced as a whole, so that no half of a structure stays when the server fails in between. */
  #types: Types = new Map();
  readonly #dictionaries = new Map<string, TypeDictionary>();
  /** By encoding, in a row. */
  readonly #failures = new Map<string, number>();
  #busy: Promise<unknown> = Promise.resolve();

  constructor(sessionNow: () => TypeSession | null) {
    this.#sessionNow = sessionNow;
  }

  get #session(): TypeSession {
    const session = this.#sessionNow();
    if (!session) throw new Error("there is no session");
    return session;
  }

  structureOf(encoding: string, variable: string): Promise<StructureType> {
    // One after the other: structures share types.
    const next = this.#busy.then(() => this.#attempt(encoding, variable));
    this.#busy = next.catch(() => undefined);
    return next;
  }

  /** What fails while there is a session, and again and again, is not the connection's fault: values must not wait for it. */
  async #attempt(encoding: string, variable: string): Promise<StructureType> {
    try {
      const type = await this.#structureOf(encoding, variable);
      this.#failures.delete(encoding);
      return type;
    } catch (error) {
      if (error instanceof UnknownTypeError) throw error;
      const failures = this.#sessionNow() ? (this.#failures.get(encoding) ?? 0) + 1 : 0;
      this.#failures.set(encoding, failures);
      if (failures < MOST_FAILURES) throw error;
      const cause = error instanceof Error ? error.message : String(error);
      throw new UnknownTypeError(`the server can't be asked for its type (${cause})`);
    }
  }

  async #structureOf(encoding: string, variable: string): Promise<StructureType> {
    const dataType = await this.#dataTypeOf(encoding, variable);
    const types = new Map(this.#types);
    const type = await this.#type(dataType, types);
    if (typeof type === "number" || type.kind === "enum")
      throw new UnknownTypeError(`its data type ${dataType} is no structure`);
    this.#types = types;
    return type;
  }

  /** The data type that has this encoding. */
  async #dataTypeOf(encoding: string, variable: string): Promise<string> {
    const [found] = await this.#references(encoding, HAS_ENCODING, BrowseDirection.Inverse);
    if (found) return found.nodeId.toString();
    // Some servers don't show encodings: then it is the variable's own type, if that has this encoding.
    const { value } = await this.#session.read({ nodeId: variable, attributeId: AttributeIds.DataType });
    const dataType: unknown = value.value;
    if (dataType !== null && typeof dataType === "object") {
      const own = String(dataType);
      const definition = await this.#definition(own);
      if (definition?.defaultEncodingId?.toString() === encoding) return own;
    }
    throw new UnknownTypeError(`the server does not tell which data type has the encoding ${encoding}`);
  }

  async #references(
    nodeId: string,
    referenceTypeId: string,
    browseDirection: BrowseDirection,
  ): Promise<readonly { readonly nodeId: NodeId; readonly browseName: { readonly name: string | null } }[]> {
    const result = await this.#session.browse({
      nodeId: resolveNodeId(nodeId),
      referenceTypeId: resolveNodeId(referenceTypeId),
      browseDirection,
      includeSubtypes: true,
      nodeClassMask: 0,
      // All of what a reference has.
      resultMask: 63,
    });
    return result.references ?? [];
  }

  async #definition(dataType: string): Promise<Definition | null> {
    const { statusCode, value } = await this.#session.read({
      nodeId: dataType,
      attributeId: AttributeIds.DataTypeDefinition,
    });
    const definition: unknown = value?.value;
    return statusCode.isGoodish() && definition !== null && typeof definition === "object"
      ? definition
      : null;
  }

  async #type(dataType: string, types: Types): Promise<FieldType> {
    const known = standard(dataType) ?? types.get(dataType);
    if (known !== undefined) return known;
    if (types.size >= MOST_TYPES) throw new UnknownTypeError(`it has more than ${MOST_TYPES} types`);
    const definition = await this.#definition(dataType);
    if (definition?.structureType !== undefined) return await this.#structure(dataType, definition, types);
    const base = await this.#standardBase(dataType);
    let type: FieldType = base;
    if (base === BuiltIn.ExtensionObject) {
      const described = await this.#described(dataType);
      types.set(dataType, described);
      return described;
    }
    if (typeof base !== "number" && base.kind === "enum") {
      const names = definition ? namesOf(definition.fields) : await this.#namesOfProperty(dataType);
      type = { kind: "enum", names } satisfies EnumType;
    }
    types.set(dataType, type);
    return type;
  }

  /** From the dictionary that describes the encoding (OPC UA 1.03 Part 3 §5.8.4). */
  async #described(dataType: string): Promise<StructureType> {
    const encodings = await this.#references(dataType, HAS_ENCODING, BrowseDirection.Forward);
    const binary = encodings.find(({ browseName }) => browseName.name === "Default Binary");
    const [description] = binary
      ? await this.#references(binary.nodeId.toString(), HAS_DESCRIPTION, BrowseDirection.Forward)
      : [];
    const [dictionary] = description
      ? await this.#references(description.nodeId.toString(), HAS_COMPONENT, BrowseDirection.Inverse)
      : [];
    if (!description || !dictionary)
      throw new UnknownTypeError(`the server has no definition of the data type ${dataType}`);
    const name = await this.#value(description.nodeId);
    const id = dictionary.nodeId.toString();
    let known = this.#dictionaries.get(id);
    if (!known) {
      const bytes = await this.#value(dictionary.nodeId);
      if (!(bytes instanceof Uint8Array)) throw new UnknownTypeError("the server's type dictionary is empty");
      known = new TypeDictionary(Buffer.from(bytes).toString());
      this.#dictionaries.set(id, known);
    }
    return known.structure(String(name));
  }

  async #value(nodeId: NodeId): Promise<unknown> {
    const { value } = await this.#session.read({ nodeId, attributeId: AttributeIds.Value });
    return value?.value;
  }

  /** What the data type is in namespace 0, where its super types end. */
  async #standardBase(dataType: string): Promise<FieldType> {
    let at = dataType;
    for (let height = 0; height < HIGHEST; height += 1) {
      const [base] = await this.#references(at, HAS_SUBTYPE, BrowseDirection.Inverse);
      if (!base) break;
      at = base.nodeId.toString();
      const type = standard(at);
      if (type !== undefined) return type;
    }
    throw new UnknownTypeError(`the server does not tell what the data type ${dataType} is`);
  }

  async #structure(dataType: string, definition: Definition, types: Types): Promise<StructureType> {
    const kind = definition.structureType;
    const fields: Field[] = [];
    const type: StructureType = {
      kind: kind === UNION || kind === UNION_WITH_SUBTYPES ? "union" : "structure",
      name: dataType,
      fields,
    };
    types.set(dataType, type);
    const described = (definition.fields ?? []) as readonly StructureField[];
    if (described.length > MOST_FIELDS)
      throw new UnknownTypeError(`${dataType} has ${described.length} fields`);
    for (const { name, dataType: fieldDataType, valueRank, isOptional } of described) {
      const id = fieldDataType.toString();
      const subtyped = isOptional && (kind === WITH_SUBTYPES || kind === UNION_WITH_SUBTYPES);
      fields.push({
        name: name ?? "",
        type: subtyped ? await this.#anySubtype(id) : await this.#type(id, types),
        dimensions: Math.max(valueRank, 0),
        optional: isOptional && kind === WITH_OPTIONAL_FIELDS,
      });
    }
    return type;
  }

  /** A field that takes sub types too says with each value what it is (Part 6 §5.1.7). */
  async #anySubtype(dataType: string): Promise<number> {
    const base = standard(dataType) ?? (await this.#standardBase(dataType));
    const isStructure =
      base === BuiltIn.ExtensionObject || (typeof base !== "number" && base.kind === "structure");
    return isStructure ? BuiltIn.ExtensionObject : BuiltIn.Variant;
  }

  /** Names of an enumeration before OPC UA 1.04: its property EnumStrings or EnumValues (Part 3 §5.8.3). */
  async #namesOfProperty(dataType: string): Promise<ReadonlyMap<number, string>> {
    const properties = await this.#references(dataType, HAS_PROPERTY, BrowseDirection.Forward);
    const property = properties.find(
      ({ browseName }) => browseName.name === "EnumStrings" || browseName.name === "EnumValues",
    );
    if (!property) return new Map();
    const list = await this.#value(property.nodeId);
    if (!Array.isArray(list)) return new Map();
    if (property.browseName.name === "EnumValues") {
      return namesOf(list.map(({ value, displayName }) => ({ value, name: displayName?.text ?? null })));
    }
    return new Map(list.map(({ text }, index) => [index, String(text)]));
  }
}

function standard(dataType: string): FieldType | undefined {
  const id = /^ns=0;i=(\d+)$/.exec(dataType)?.[1];
  return id === undefined ? undefined : standardType(Number(id));
}

/** 64-bit values come as two halves; an enumeration's fit into the lower one. */
function namesOf(fields: readonly object[] | null | undefined): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const { name, value } of (fields ?? []) as readonly EnumField[])
    if (name !== null) names.set(typeof value === "number" ? value : value[1] | 0, name);
  return names;
}
