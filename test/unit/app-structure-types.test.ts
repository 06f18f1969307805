/** Types of structures, asked of a server: by their definitions, by its type dictionary (OPC UA Part 6 §5.4.6–5.4.8). */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  AddressSpace,
  AttributeIds,
  coerceNodeId,
  DataType,
  DataValue,
  generateAddressSpace,
  nodesets,
  PseudoSession,
  type ReadValueIdOptions,
  StatusCodes,
} from "node-opcua";
import { silenceLibrary } from "../../app/cells/opcua/connection/client-options.ts";
import { KnownTypes } from "../../app/cells/opcua/values/known-types.ts";
import { BuiltIn, type FieldType, UnknownTypeError } from "../../app/cells/opcua/values/structure-types.ts";
import { TypeDefinitions, type TypeSession } from "../../app/cells/opcua/values/type-definitions.ts";
import { TypeDictionary } from "../../app/cells/opcua/values/type-dictionary.ts";
import { field, makeReader, valueText } from "./app-value-text.ts";

silenceLibrary();

let space: AddressSpace;
before(async () => {
  space = AddressSpace.create();
  space.registerNamespace("urn:server");
  await generateAddressSpace(space, [nodesets.standard, join(import.meta.dirname, "../lab/demo-types.xml")]);
});
after(() => space.dispose());

/** What is published for a structure that node-opcua's server has written. */
async function published(dataType: string, fields: Record<string, unknown>): Promise<string> {
  const index = space.getNamespaceIndex("urn:demo-plant:machine");
  const value = space.constructExtensionObject(coerceNodeId(dataType.replace("NS", String(index))), fields);
  const types = new KnownTypes(new TypeDefinitions(() => new PseudoSession(space) as TypeSession));
  const reader = makeReader({ types });
  const variant = { dataType: DataType.ExtensionObject, value };
  valueText(variant, reader);
  for (const encoding of reader.missing) await types.learn(encoding, "");
  const text = valueText(variant, reader);
  assert.equal(reader.opaque, null);
  return text;
}

test("types are read from a server: fields, enumerations, unions, types in types (L6)", async () => {
  assert.equal(
    await published("ns=NS;i=5005", {
      number: 5,
      mode: 1,
      home: { x: 0.1, y: 0.5 },
      tools: [{ name: "a", mode: 7 }],
      last: { text: "q" },
      cycle: 2.5,
      started: new Date("2026-01-02T03:04:05.678Z"),
      counts: [[0xffffffff, 0xffffffff]],
    }),
    '{"Number":5,"Mode":"Running_1","Home":{"X":0.1,"Y":0.5},"Path":[],"Tools":[{"Name":"a","Mode":"Fault_7"}],' +
      '"Last":"q","Cycle":2.5,"Started":"2026-01-02T03:04:05.678Z","Counts":["-1"]}',
  );
});

test("structures of OPC UA itself, those that are known here and those that the server knows (L6)", async () => {
  assert.equal(await published("ns=0;i=884", { low: -1, high: 1 }), '{"Low":-1,"High":1}');
  // AddNodesItem is not known here.
  const text = await published("ns=0;i=376", { browseName: { name: "n" }, nodeClass: 2 });
  assert.deepEqual(JSON.parse(text), {
    ...JSON.parse(text),
    BrowseName: { Name: "n" },
    NodeClass: "Variable_2",
  });
});

test("every structure known here is the one of OPC UA's own nodeset (L6)", async () => {
  const { standardType } = await import("../../app/cells/opcua/values/standard-types.ts");
  for (const id of [884, 887, 296, 338, 862, 7594, 8912, 12079, 12080, 12171, 12172]) {
    const known = standardType(id);
    assert.ok(known && typeof known !== "number" && known.kind === "structure");
    const node = space.findDataType(coerceNodeId(id));
    assert.ok(node);
    const definition = node.getStructureDefinition();
    assert.deepEqual(
      known.fields.map(({ name, dimensions }) => [name, dimensions]),
      (definition.fields ?? []).map(({ name, valueRank }) => [name, Math.max(valueRank ?? -1, 0)]),
      known.name,
    );
  }
});

/** The same server without DataTypeDefinition, as before OPC UA 1.04. */
function olderSession(): TypeSession {
  const session = new PseudoSession(space);
  const refused = new DataValue({ statusCode: StatusCodes.BadAttributeIdInvalid });
  const read = async (node: ReadValueIdOptions): Promise<DataValue> =>
    node.attributeId === AttributeIds.DataTypeDefinition ? refused : await session.read(node);
  // PseudoSession and ClientSession have more forms of these calls than this one.
  return { read, browse: session.browse.bind(session) } as TypeSession;
}

test("an older server's type dictionary says the same as definitions do: all structures of OPC UA (L6)", async () => {
  const newer = new TypeDefinitions(() => new PseudoSession(space) as TypeSession);
  const older = new TypeDefinitions(olderSession);
  const told = async (types: TypeDefinitions, encoding: string): Promise<unknown> => {
    try {
      return shape(await types.structureOf(encoding, ""));
    } catch (error) {
      assert.ok(error instanceof UnknownTypeError);
      return error.message;
    }
  };
  const structures = space.findDataType("Structure")?.findReferencesExAsObject("HasSubtype") ?? [];
  let compared = 0;
  for (const dataType of structures) {
    for (const encoding of dataType.findReferencesAsObject("HasEncoding")) {
      if (encoding.browseName.name !== "Default Binary") continue;
      const id = encoding.nodeId.toString();
      const described = await told(older, id);
      if (typeof described === "string") continue;
      const defined = await told(newer, id);
      // OPC UA's own dictionary does not tell which fields are optional.
      if (JSON.stringify(defined).includes('"optional":true')) continue;
      assert.deepEqual(described, defined, dataType.browseName.toString());
      compared += 1;
    }
  }
  assert.ok(compared > 100, `only ${compared} structures are in the dictionary`);
});

const DICTIONARY = `<?xml version="1.0"?>
<opc:TypeDictionary xmlns:opc="http://opcfoundation.org/BinarySchema/" xmlns:ua="http://opcfoundation.org/UA/"
  xmlns:tns="urn:plant" DefaultByteOrder="LittleEndian" TargetNamespace="urn:plant">
  <opc:EnumeratedType Name="Mode" LengthInBits="32">
    <opc:EnumeratedValue Name="Idle" Value="0"/><opc:EnumeratedValue Name="A &amp; B" Value="7"/>
  </opc:EnumeratedType>
  <opc:StructuredType Name="Tool" BaseType="ua:ExtensionObject">
    <opc:Field Name="WearSpecified" TypeName="opc:Bit"/>
    <opc:Field Name="Reserved1" TypeName="opc:Bit" Length="31"/>
    <opc:Field Name="Name" TypeName="opc:CharArray"/>
    <opc:Field Name="Wear" TypeName="opc:Float" SwitchField="WearSpecified"/>
    <opc:Field Name="NoOfModes" TypeName="opc:Int32"/>
    <opc:Field Name="Modes" TypeName="tns:Mode" LengthField="NoOfModes"/>
  </opc:StructuredType>
  <opc:StructuredType Name="Reading" BaseType="ua:Union">
    <opc:Field Name="SwitchField" TypeName="opc:UInt32"/>
    <opc:Field Name="Number" TypeName="opc:Double" SwitchField="SwitchField" SwitchValue="1"/>
    <opc:Field Name="Limits" TypeName="ua:Range" SwitchField="SwitchField" SwitchValue="2"/>
  </opc:StructuredType>
  <opc:StructuredType Name="Odd"><opc:Field Name="Half" TypeName="opc:Bit" Length="4"/></opc:StructuredType>
  <opc:StructuredType Name="Foreign"><opc:Field Name="Far" TypeName="far:Thing"/></opc:StructuredType>
</opc:TypeDictionary>`;

test("a type dictionary with optional fields, a union and enumerations (L6)", () => {
  const dictionary = new TypeDictionary(DICTIONARY);
  const mode = {
    kind: "enum" as const,
    names: new Map([
      [0, "Idle"],
      [7, "A & B"],
    ]),
  };
  assert.deepEqual(dictionary.structure("Tool").fields, [
    field("Name", BuiltIn.String),
    field("Wear", BuiltIn.Float, { optional: true }),
    field("Modes", mode, { dimensions: 1 }),
  ]);
  const reading = dictionary.structure("Reading");
  assert.equal(reading.kind, "union");
  assert.deepEqual(
    reading.fields.map(({ name }) => name),
    ["Number", "Limits"],
  );
  const refused = (name: string, reason: RegExp): void =>
    assert.throws(() => dictionary.structure(name), reason);
  refused("Odd", /the structure Odd has fields of single bits/);
  refused("Foreign", /the type far:Thing is not in the server's type dictionary/);
  refused("Nothing", /the server's type dictionary has no type Nothing/);
  refused("Mode", /the server's type dictionary has no structure Mode/);
  assert.throws(() => new TypeDictionary("<html/>"), /is none of OPC Binary/);
});

test("an older server's enumerations have their names from properties (L6)", async () => {
  const types = new TypeDefinitions(olderSession);
  // EUInformation is known here; AddNodesItem has a NodeClass.
  const item = await types.structureOf("ns=0;i=378", "");
  const nodeClass = item.fields.find(({ name }) => name === "NodeClass")?.type;
  assert.ok(nodeClass && typeof nodeClass !== "number" && nodeClass.kind === "enum");
  assert.equal(nodeClass.names.get(2), "Variable");
});

/** A type without its name, three levels deep: types hold themselves. */
function shape(type: FieldType, depth = 0): unknown {
  if (typeof type === "number") return type;
  if (type.kind === "enum") return [...type.names];
  if (depth === 3) return type.kind;
  return {
    kind: type.kind,
    fields: type.fields.map((each) => ({ ...each, type: shape(each.type, depth + 1) })),
  };
}
