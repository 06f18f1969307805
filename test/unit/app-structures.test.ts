/** Structures: their bytes to JSON (OPC UA Part 6 §5.2.6–5.2.8), and values that wait for their types. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DataType, Variant } from "node-opcua";
import { BinaryStream } from "node-opcua-binary-stream";
import { silenceLibrary } from "../../app/cells/opcua/connection/client-options.ts";
import { UnreadableValueError } from "../../app/cells/opcua/values/byte-reader.ts";
import { KnownTypes } from "../../app/cells/opcua/values/known-types.ts";
import {
  BuiltIn,
  type Field,
  type StructureType,
  type TypeSource,
  UnknownTypeError,
} from "../../app/cells/opcua/values/structure-types.ts";
import { TypeDefinitions, type TypeSession } from "../../app/cells/opcua/values/type-definitions.ts";
import { Values } from "../../app/cells/opcua/values/values.ts";
import { until } from "./app-until.ts";
import { bytesOf, field, makeReader, open } from "./app-value-text.ts";

silenceLibrary();

const ENCODING = "ns=2;i=100";
const structure = (fields: readonly Field[], kind: StructureType["kind"] = "structure"): StructureType => ({
  kind,
  name: "Test",
  fields,
});

function write(fill: (stream: BinaryStream) => void): Buffer {
  const stream = new BinaryStream(Buffer.alloc(100_000));
  fill(stream);
  return Buffer.from(stream.buffer.subarray(0, stream.length));
}

/** A Variant with an ExtensionObject of `ENCODING`. */
function extensionObject(body: Buffer, told = body.length): Buffer {
  const head = write((stream) => {
    for (const byte of [22, 1, 2, 100, 0, 1]) stream.writeUInt8(byte);
    stream.writeUInt32(told);
  });
  return Buffer.concat([head, body]);
}

async function read(type: StructureType, fill: (stream: BinaryStream) => void) {
  const types = new KnownTypes({ structureOf: async () => type });
  await types.learn(ENCODING, "");
  const reader = makeReader({ types });
  open(reader, extensionObject(write(fill)));
  return { text: reader.value(), opaque: reader.opaque };
}

const point = structure([field("X", BuiltIn.Int16), field("Y", BuiltIn.Int16)]);
const writePoint = (stream: BinaryStream, x: number, y: number): void => {
  stream.writeInt16(x);
  stream.writeInt16(y);
};

test("fields in order, structures in structures, null fields left out (L6)", async () => {
  const type = structure([
    field("Name", BuiltIn.String),
    field("At", point),
    field("Path", point, { dimensions: 1 }),
    field("None", BuiltIn.Double, { dimensions: 1 }),
    field("Since", BuiltIn.DateTime),
    field("State", BuiltIn.StatusCode),
    field('odd "name"', BuiltIn.Byte),
  ]);
  const { text, opaque } = await read(type, (stream) => {
    stream.writeUInt32(0xffffffff);
    writePoint(stream, 1, 2);
    stream.writeUInt32(2);
    writePoint(stream, 3, 4);
    writePoint(stream, 5, 6);
    stream.writeUInt32(0xffffffff);
    stream.writeUInt32(0);
    stream.writeUInt32(0);
    stream.writeUInt32(0);
    stream.writeUInt8(9);
  });
  assert.equal(opaque, null);
  assert.equal(text, '{"At":{"X":1,"Y":2},"Path":[{"X":3,"Y":4},{"X":5,"Y":6}],"odd \\"name\\"":9}');
});

test("optional fields are there as the mask says (L6)", async () => {
  const optional = { optional: true };
  const type = structure([
    field("A", BuiltIn.Byte, optional),
    field("B", BuiltIn.Byte),
    field("C", BuiltIn.Byte, optional),
  ]);
  const masks: readonly (readonly [number, readonly number[], string])[] = [
    [0, [5], '{"B":5}'],
    [1, [4, 5], '{"A":4,"B":5}'],
    [2, [5, 6], '{"B":5,"C":6}'],
    [3, [4, 5, 6], '{"A":4,"B":5,"C":6}'],
  ];
  for (const [mask, bytes, json] of masks) {
    const { text } = await read(type, (stream) => {
      stream.writeUInt32(mask);
      for (const byte of bytes) stream.writeUInt8(byte);
    });
    assert.equal(text, json);
  }
});

test("a union is the value that it holds, or null (L6)", async () => {
  const union = structure([field("Number", BuiltIn.Byte), field("Place", point)], "union");
  const of = async (chosen: number, rest: (stream: BinaryStream) => void) =>
    read(union, (stream) => {
      stream.writeUInt32(chosen);
      rest(stream);
    });
  assert.equal((await of(0, () => undefined)).text, "null");
  assert.equal((await of(1, (stream) => stream.writeUInt8(7))).text, "7");
  assert.equal((await of(2, (stream) => writePoint(stream, 1, -1))).text, '{"X":1,"Y":-1}');
  const { text, opaque } = await of(3, () => undefined);
  assert.equal(text, '"AwAAAA=="');
  assert.match(opaque ?? "", /its bytes are not what the server's definition of the data type Test says/);
});

test("enumerations with and without a name, matrices, a structure that holds itself (L6)", async () => {
  const names = new Map([[1, "Running"]]);
  const fields: Field[] = [
    field("Mode", { kind: "enum", names }, { dimensions: 1 }),
    field("Grid", BuiltIn.Byte, { dimensions: 2 }),
  ];
  const type = structure(fields);
  fields.push(field("Inner", type, { dimensions: 1 }));
  const { text } = await read(type, (stream) => {
    stream.writeUInt32(2);
    stream.writeInteger(1);
    stream.writeInteger(-2);
    for (const length of [2, 2, 2]) stream.writeUInt32(length);
    for (const byte of [1, 2, 3, 4]) stream.writeUInt8(byte);
    stream.writeUInt32(1);
    for (const none of [0, 0, 0]) stream.writeUInt32(none);
  });
  assert.equal(text, '{"Mode":["Running_1","-2"],"Grid":[[1,2],[3,4]],"Inner":[{"Mode":[],"Inner":[]}]}');
});

test("rounding reaches into structures (R78, L7)", async () => {
  const types = new KnownTypes({ structureOf: async () => structure([field("Value", BuiltIn.Double)]) });
  await types.learn(ENCODING, "");
  const reader = makeReader({ types, significantDigits: 6 });
  open(reader, extensionObject(write((stream) => stream.writeDouble(2 / 3))));
  assert.equal(reader.value(), '{"Value":0.666667}');
});

test("what a server may not send is refused, however it is made (K49)", async () => {
  const refused = (bytes: Buffer, reason: RegExp): void => {
    const reader = makeReader();
    open(reader, bytes);
    assert.throws(
      () => reader.value(),
      (error) =>
        (error instanceof UnreadableValueError || error instanceof RangeError) && reason.test(error.message),
    );
  };
  refused(Buffer.from([0x80 | 11, 0xff, 0xff, 0xff, 0x7f]), /a length beyond its end/);
  refused(Buffer.from([0x40 | 11, 0, 0]), /dimensions of a single value/);
  refused(Buffer.from([33, 0]), /the type 33/);
  refused(Buffer.from([17, 9, 0, 0]), /a NodeId with the encoding 9/);
  // 2^31 - 1 rows of nothing.
  refused(
    Buffer.from([0xc0 | 1, 0, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0]),
    /2147483647 empty rows/,
  );
  refused(
    Buffer.from([0xc0 | 1, 1, 0, 0, 0, 7, 1, 0, 0, 0, 5, 0, 0, 0]),
    /a length beyond its end|don't fit/,
  );
  // Variants in each other: one list with one element, and so on.
  const levels = Buffer.concat(Array.from({ length: 200 }, () => Buffer.from([0x80 | 24, 1, 0, 0, 0])));
  refused(levels, /more than 100 levels/);
  // A structure without fields needs no bytes, so a few of them could ask for a text without end.
  const empty = structure([]);
  const wide = structure([field("a".repeat(1000), empty, { dimensions: 1 })]);
  const { text, opaque } = await read(structure([field("A", wide, { dimensions: 1 })]), (stream) => {
    stream.writeUInt32(2000);
    for (let index = 0; index < 2000; index += 1) stream.writeUInt32(4 * (2000 - index) - 4);
  });
  assert.match(text, /^"0AcAA/);
  assert.ok(opaque);
});

test("a type that the server can't tell is published as its bytes (L6)", async () => {
  const types = new KnownTypes({
    structureOf: () => Promise.reject(new UnknownTypeError("the server does not tell")),
  });
  await types.learn(ENCODING, "");
  const reader = makeReader({ types });
  open(reader, extensionObject(Buffer.from([1, 2, 3])));
  assert.equal(reader.value(), '"AQID"');
  assert.equal(reader.opaque, "the server does not tell");
});

const NODES = [1, 2].map((port) => ({ port, name: `node ${port}`, nodeId: `ns=2;i=${port}`, pointer: "" }));

/** Values whose types come when the test says so. */
function makeValues() {
  const sent: string[] = [];
  const warned: string[] = [];
  const asked: { encoding: string; tell: (type: StructureType) => void; fail: (error: Error) => void }[] = [];
  const source: TypeSource = {
    structureOf: (encoding) =>
      new Promise((tell, fail) => {
        asked.push({ encoding, tell, fail });
      }),
  };
  const values = new Values({
    nodes: NODES,
    namespaces: [],
    significantDigits: null,
    source,
    askAgainMs: 1,
    handlers: {
      onText: (port, text) => void sent.push(`${port} ${text}`),
      onWarning: (node, text) => void warned.push(`${node.name} ${text}`),
    },
  });
  return { values, sent, warned, asked };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A DataValue as the decoder of publish responses would hand it over. */
function arrives(values: Values, port: number, variant: Buffer): void {
  values.decoder.special.splice(0, Number.POSITIVE_INFINITY, Buffer.concat([Buffer.from([1]), variant]));
  values.decoder.ports[0] = port;
  values.decoder.texts[0] = "";
  values.decoder.count = 1;
  values.pass();
}
const int32 = (value: number): Buffer => bytesOf(new Variant({ dataType: DataType.Int32, value }));

test("a value waits for its type, those behind it wait too, and no other node does (L6)", async () => {
  const { values, sent, asked } = makeValues();
  const object = extensionObject(write((stream) => writePoint(stream, 1, 2)));
  arrives(values, 1, object);
  arrives(values, 1, int32(7));
  arrives(values, 2, int32(8));
  arrives(values, 1, object);
  assert.deepEqual(sent, ['2 {"Value":8}']);
  assert.deepEqual(
    asked.map(({ encoding }) => encoding),
    [ENCODING],
  );
  asked[0]?.tell(point);
  await settled();
  const structured = '1 {"Value":{"X":1,"Y":2}}';
  assert.deepEqual(sent.slice(1), [structured, '1 {"Value":7}', structured]);
  // Known now: nobody is asked again.
  arrives(values, 1, object);
  assert.equal(sent.at(-1), structured);
  assert.equal(asked.length, 1);
  values.close();
});

test("while the server can't be asked values wait, and it is asked again (L6)", async () => {
  const { values, sent, warned, asked } = makeValues();
  arrives(values, 1, extensionObject(write((stream) => writePoint(stream, 1, 2))));
  for (let failures = 0; failures < 6; failures += 1) {
    await until(() => asked.length > failures);
    asked[failures]?.fail(new Error("the connection was cut"));
  }
  await until(() => asked.length > 6);
  assert.deepEqual(sent, []);
  asked[6]?.tell(point);
  await until(() => sent.length > 0);
  assert.deepEqual(sent, ['1 {"Value":{"X":1,"Y":2}}']);
  assert.deepEqual(warned, [
    "node 1 waits: the server can't be asked for the type of its structure (the connection was cut)",
  ]);
  values.close();
});

test("a type that can't be had is told once per node, and its values go on as bytes (L6)", async () => {
  const { values, sent, warned, asked } = makeValues();
  arrives(values, 1, extensionObject(Buffer.from([1, 2, 3])));
  asked[0]?.fail(new UnknownTypeError("the server has no definition of the data type ns=2;i=9"));
  await settled();
  assert.deepEqual(sent, ['1 {"Value":"AQID"}']);
  assert.deepEqual(warned, [
    "node 1 holds a structure that is published undecoded, as base64: the server has no definition of the data type ns=2;i=9",
  ]);
  values.close();
});

test("a server that refuses to be asked over and over: bytes, but only while there is a session (L6)", async () => {
  const sent: string[] = [];
  const warned: string[] = [];
  let asked = 0;
  const refuse = async () => assert.fail("BadServiceUnsupported");
  const session: TypeSession = { browse: refuse, read: refuse };
  const values = new Values({
    nodes: NODES,
    namespaces: [],
    significantDigits: null,
    source: new TypeDefinitions(() => {
      asked += 1;
      return asked > 30 ? session : null;
    }),
    askAgainMs: 1,
    handlers: {
      onText: (port, text) => void sent.push(`${port} ${text}`),
      onWarning: (node, text) => void warned.push(`${node.name} ${text}`),
    },
  });
  arrives(values, 1, extensionObject(Buffer.from([1, 2, 3])));
  await until(() => asked > 30);
  assert.deepEqual(sent, []);
  await until(() => sent.length > 0);
  assert.deepEqual(sent, ['1 {"Value":"AQID"}']);
  assert.equal(
    warned.at(-1),
    "node 1 holds a structure that is published undecoded, as base64: the server can't be asked for its type (BadServiceUnsupported)",
  );
  values.close();
});

test("a value that can't be read is told and not published, and one that node-opcua decoded is (K49)", () => {
  const { values, sent, warned } = makeValues();
  arrives(values, 1, Buffer.from([33]));
  assert.deepEqual(sent, []);
  assert.deepEqual(warned, ["node 1 is not published: the server's value can't be read (the type 33)"]);
  values.close();
});
