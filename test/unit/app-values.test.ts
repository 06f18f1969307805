/**
 * Values of every type and rank against an independent oracle: what a test makes up is written by node-opcua's encoder,
 * read by the cell, and must be the JSON that was made up with it (OPC UA Part 6 §5.4.2–5.4.8, non-reversible form).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  DataType,
  DataValue,
  DiagnosticInfo,
  LocalizedText,
  QualifiedName,
  StatusCodes,
  Variant,
  VariantArrayType,
  type VariantOptions,
} from "node-opcua";
import { ExpandedNodeId, NodeId, NodeIdType } from "node-opcua-nodeid";
import { silenceLibrary } from "../../app/cells/opcua/connection/client-options.ts";
import { makeReader, messageText, open, valueText } from "./app-value-text.ts";

silenceLibrary();

const NAMESPACES = ["http://opcfoundation.org/UA/", "urn:server", "http://machine/"];

/** A value as node-opcua takes it and as JSON, and as JSON where null is left out or an element of a list. */
interface Made {
  readonly value: unknown;
  readonly json: unknown;
  readonly element?: unknown;
}
interface Kind {
  readonly dataType: DataType;
  readonly made: fc.Arbitrary<Made>;
}

const int = (min: number, max: number): fc.Arbitrary<Made> =>
  fc.integer({ min, max }).map((value) => ({ value, json: value }));
const halves = (bits: bigint): [number, number] => [
  Number((bits >> 32n) & 0xffffffffn),
  Number(bits & 0xffffffffn),
];
const long = (min: bigint, max: bigint): fc.Arbitrary<Made> =>
  fc.bigInt({ min, max }).map((value) => ({ value: halves(value), json: String(value) }));
const special = (value: number): number | string => (Number.isFinite(value) ? value : String(value));
const text = fc.string({ unit: "binary" });
/** node-opcua makes null of an empty text here. */
const filled = fc.string({ unit: "binary", minLength: 1 });
const nullable: fc.Arbitrary<Made> = fc.option(text).map((value) => ({ value, json: value }));
/** From 1601 to 9999, down to 100 ns. */
const time: fc.Arbitrary<Made> = fc
  .tuple(
    fc.date({ min: new Date("1601-01-02"), max: new Date("9999-12-30"), noInvalidDate: true }),
    fc.integer({ min: 0, max: 9999 }),
  )
  .map(([date, ticks]) => {
    const digits = ticks === 0 ? "" : String(ticks).padStart(4, "0").replace(/0+$/, "");
    return {
      value: Object.assign(new Date(date), { picoseconds: ticks * 100_000 }),
      json: date.toISOString().replace("Z", `${digits}Z`),
    };
  });
const bytes = fc.uint8Array({ maxLength: 20 });
const guid = fc
  .uuid()
  .map((value) => ({ value: value.toUpperCase(), json: value.toUpperCase() }) satisfies Made);

const NAMESPACE_JSON: readonly object[] = [
  {},
  { Namespace: 1 },
  { Namespace: "http://machine/" },
  { Namespace: 3 },
];
const nodeIdParts = fc.tuple(
  fc.oneof(
    fc.nat({ max: 0xffff_ffff }).map((id) => ({ type: NodeIdType.NUMERIC, id, json: { Id: id } })),
    text.map((id) => ({ type: NodeIdType.STRING, id, json: { IdType: 1, Id: id } })),
    guid.map(({ json }) => ({ type: NodeIdType.GUID, id: json, json: { IdType: 2, Id: json } })),
    bytes.map((id) => ({
      type: NodeIdType.BYTESTRING,
      id: Buffer.from(id),
      json: { IdType: 3, Id: Buffer.from(id).toString("base64") },
    })),
  ),
  fc.nat({ max: 3 }),
);
const nodeId: fc.Arbitrary<Made> = nodeIdParts.map(([{ type, id, json }, namespace]) => ({
  value: new NodeId(type, id, namespace),
  json: { ...json, ...NAMESPACE_JSON[namespace] },
}));
const expanded: fc.Arbitrary<Made> = fc
  .tuple(nodeIdParts, fc.option(text), fc.nat({ max: 3 }))
  .map(([[{ type, id, json }, namespace], uri, server]) => ({
    value: new ExpandedNodeId(type, id, uri === null ? namespace : 0, uri, server),
    json: {
      ...json,
      // An empty URI is none (Part 6 §5.2.2.10).
      ...(uri === null ? NAMESPACE_JSON[namespace] : uri === "" ? {} : { Namespace: uri }),
      ...(server === 0 ? {} : { ServerUri: server }),
    },
  }));
const status: fc.Arbitrary<Made> = fc
  .constantFrom(StatusCodes.Good, StatusCodes.BadTimeout, StatusCodes.UncertainInitialValue)
  .map((code) => {
    const json = { Code: code.value, Symbol: code.name };
    return { value: code, json, element: code.value === 0 ? null : json };
  });

const KINDS: readonly Kind[] = [
  { dataType: DataType.Boolean, made: fc.boolean().map((value) => ({ value, json: value })) },
  { dataType: DataType.SByte, made: int(-128, 127) },
  { dataType: DataType.Byte, made: int(0, 255) },
  { dataType: DataType.Int16, made: int(-32768, 32767) },
  { dataType: DataType.UInt16, made: int(0, 65535) },
  { dataType: DataType.Int32, made: int(-0x8000_0000, 0x7fff_ffff) },
  { dataType: DataType.UInt32, made: int(0, 0xffff_ffff) },
  { dataType: DataType.Int64, made: long(-(2n ** 63n), 2n ** 63n - 1n) },
  { dataType: DataType.UInt64, made: long(0n, 2n ** 64n - 1n) },
  {
    dataType: DataType.Float,
    made: fc
      .float()
      .map((value) => ({ value, json: Number.isFinite(value) ? { float: value } : String(value) })),
  },
  { dataType: DataType.Double, made: fc.double().map((value) => ({ value, json: special(value) })) },
  { dataType: DataType.String, made: nullable },
  { dataType: DataType.DateTime, made: time },
  { dataType: DataType.Guid, made: guid },
  {
    dataType: DataType.ByteString,
    made: fc.option(bytes).map((value) => ({
      value: value && Buffer.from(value),
      json: value && Buffer.from(value).toString("base64"),
    })),
  },
  { dataType: DataType.XmlElement, made: nullable },
  { dataType: DataType.NodeId, made: nodeId },
  { dataType: DataType.ExpandedNodeId, made: expanded },
  { dataType: DataType.StatusCode, made: status },
  {
    dataType: DataType.QualifiedName,
    made: fc.tuple(filled, fc.nat({ max: 2 })).map(([name, namespaceIndex]) => ({
      value: new QualifiedName({ name, namespaceIndex }),
      json: { Name: name, ...[{}, { Uri: 1 }, { Uri: "http://machine/" }][namespaceIndex] },
    })),
  },
  {
    dataType: DataType.LocalizedText,
    made: fc
      .tuple(fc.option(filled), fc.option(filled))
      .map(([locale, value]) => ({ value: new LocalizedText({ locale, text: value }), json: value })),
  },
];

/** Floats are any number that is the same 32 bits; -0 is 0 to everybody but us. */
function same(read: unknown, made: unknown): boolean {
  if (Array.isArray(made)) {
    return (
      Array.isArray(read) && read.length === made.length && made.every((part, at) => same(read[at], part))
    );
  }
  if (made !== null && typeof made === "object" && "float" in made)
    return typeof read === "number" && Object.is(Math.fround(read), made.float);
  assert.deepEqual(read, made);
  return true;
}

function check(options: VariantOptions, json: unknown): void {
  const read: unknown = JSON.parse(valueText(options, makeReader({ namespaces: NAMESPACES })));
  assert.ok(same(read, json), `${JSON.stringify(read)} is not ${JSON.stringify(json)}`);
}

for (const { dataType, made } of KINDS) {
  test(`${DataType[dataType]}: single values, lists and matrices, exact (R76, R77, L6)`, () => {
    fc.assert(
      fc.property(made, ({ value, json }) => check({ dataType, value }, json)),
      { numRuns: 150 },
    );
    const elements = (parts: readonly Made[]) => parts.map(({ json, element = json }) => element);
    fc.assert(
      fc.property(fc.array(made, { maxLength: 6 }), (parts) => {
        const value = parts.map((part) => part.value);
        check({ dataType, arrayType: VariantArrayType.Array, value }, elements(parts));
      }),
      { numRuns: 50 },
    );
    const matrix = fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 })
      .chain((dimensions) => {
        const size = dimensions.reduce((product, length) => product * length, 1);
        return fc.tuple(fc.constant(dimensions), fc.array(made, { minLength: size, maxLength: size }));
      });
    fc.assert(
      fc.property(matrix, ([dimensions, parts]) => {
        // Row by row: the innermost rows first, then what they are grouped to.
        let nested: unknown[] = elements(parts);
        for (const length of dimensions.slice(1).reverse()) {
          nested = Array.from({ length: nested.length / length }, (_, row) =>
            nested.slice(row * length, (row + 1) * length),
          );
        }
        const value = parts.map((part) => part.value);
        check({ dataType, arrayType: VariantArrayType.Matrix, dimensions, value }, nested);
      }),
      { numRuns: 30 },
    );
  });
}

test("lists of values of any type, within each other (R76, L6)", () => {
  interface Tree {
    readonly variant: Variant;
    readonly json: unknown;
  }
  const leaf = fc.oneof(
    ...KINDS.filter(({ dataType }) => dataType !== DataType.Float).map(({ dataType, made }) =>
      made.map(
        ({ value, json, element = json }): Tree => ({
          variant: new Variant({ dataType, arrayType: VariantArrayType.Scalar, value }),
          json: element,
        }),
      ),
    ),
  );
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      leaf,
      fc.array(tie("tree"), { maxLength: 4 }).map((trees) => ({
        variant: new Variant({
          dataType: DataType.Variant,
          arrayType: VariantArrayType.Array,
          value: trees.map(({ variant }) => variant),
        }),
        json: trees.map(({ json }) => json),
      })),
    ),
  }));
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 4 }), (trees) => {
      const value = trees.map(({ variant }) => variant);
      check(
        { dataType: DataType.Variant, arrayType: VariantArrayType.Array, value },
        trees.map(({ json }) => json),
      );
    }),
    { numRuns: 200 },
  );
});

test("a list that is null, one that is empty, and null in it (L6)", () => {
  const list = { dataType: DataType.String, arrayType: VariantArrayType.Array };
  assert.equal(valueText({ ...list, value: null }), "null");
  assert.equal(valueText({ ...list, value: [] }), "[]");
  assert.equal(valueText({ ...list, value: [null, ""] }), '[null,""]');
  assert.equal(valueText({ dataType: DataType.Null }), "null");
});

test("what a variable can hold besides: DataValue, DiagnosticInfo, Decimal, XML and unknown structures (L6)", () => {
  const array = VariantArrayType.Array;
  const inner = new DataValue({
    value: { dataType: DataType.Int32, value: 7 },
    statusCode: StatusCodes.BadTimeout,
  });
  assert.equal(
    valueText({ dataType: DataType.DataValue, arrayType: array, value: [inner] }),
    '[{"Value":7,"StatusCode":{"Code":2148139008,"Symbol":"BadTimeout"}}]',
  );
  const told = new DiagnosticInfo({
    symbolicId: 1,
    namespaceURI: 2,
    locale: 3,
    localizedText: 4,
    additionalInfo: "more",
    innerStatusCode: StatusCodes.BadTimeout,
    innerDiagnosticInfo: new DiagnosticInfo({ symbolicId: 5 }),
  });
  assert.equal(
    valueText({ dataType: DataType.DiagnosticInfo, value: told }),
    '{"SymbolicId":1,"NamespaceUri":2,"Locale":3,"LocalizedText":4,"AdditionalInfo":"more",' +
      '"InnerStatusCode":{"Code":2148139008,"Symbol":"BadTimeout"},"InnerDiagnosticInfo":{"SymbolicId":5}}',
  );
  const raw = (...bytes: number[]): string => {
    const reader = makeReader();
    open(reader, Buffer.from(bytes));
    return reader.value();
  };
  // ExtensionObject of i=50, 4 bytes: scale -2, and 300, lowest byte first: 3.00.
  assert.equal(raw(22, 0, 50, 1, 4, 0, 0, 0, 0xfe, 0xff, 0x2c, 0x01), '{"Scale":-2,"Value":"300"}');
  // One whose body is XML, and one without a body.
  assert.equal(raw(22, 0, 99, 2, 4, 0, 0, 0, 0x3c, 0x61, 0x2f, 0x3e), '"<a/>"');
  assert.equal(raw(22, 0, 99, 0), "null");
  // A type that OPC UA keeps for the future is read like a ByteString.
  assert.equal(raw(31, 2, 0, 0, 0, 1, 2), '"AQI="');
  assert.equal(valueText({ dataType: DataType.ExtensionObject, value: null }), "null");
});

test("time stamps down to 10 ps, and the earliest and latest there is (R76)", () => {
  const value = { dataType: DataType.Int32, value: 1 };
  const stamp = new Date("2026-11-22T21:00:00.123Z");
  assert.equal(
    messageText({ value, sourceTimestamp: stamp, sourcePicoseconds: 456_712_340, serverTimestamp: stamp }),
    '{"Value":1,"SourceTimestamp":"2026-11-22T21:00:00.1234567Z","SourcePicoseconds":1234,"ServerTimestamp":"2026-11-22T21:00:00.123Z"}',
  );
  const time = (date: Date): string => valueText({ dataType: DataType.DateTime, value: date });
  assert.equal(time(new Date(Date.UTC(1601, 0, 1))), '"0001-01-01T00:00:00Z"');
  assert.equal(time(new Date("9999-12-31T23:59:59.999Z")), '"9999-12-31T23:59:59Z"');
  assert.equal(time(new Date("1601-01-01T00:00:00.001Z")), '"1601-01-01T00:00:00.001Z"');
});

test("six significant digits are written like C's %g (R78, L7)", () => {
  const reader = makeReader({ significantDigits: 6 });
  const double = (value: number): string => valueText({ dataType: DataType.Double, value }, reader);
  for (const [value, rounded] of [
    [Number("3.14159265"), "3.14159"],
    [123456.7, "123457"],
    [1234567, "1.23457e+06"],
    [0.00001234567, "1.23457e-05"],
    [0.0001234567, "0.000123457"],
    [999999.5, "1e+06"],
    [-20.5, "-20.5"],
    [100, "100"],
    // Exactly in between: the even one.
    [100000.5, "100000"],
    [100001.5, "100002"],
    [0, "0"],
    [-0, "-0"],
    [5e-324, "4.94066e-324"],
    [Number.NaN, '"NaN"'],
    [Number.NEGATIVE_INFINITY, '"-Infinity"'],
  ] as const) {
    assert.equal(double(value), rounded);
  }
  assert.equal(valueText({ dataType: DataType.Float, value: Math.fround(0.1) }, reader), "0.1");
  const list = { dataType: DataType.Double, arrayType: VariantArrayType.Array };
  assert.equal(valueText({ ...list, value: [1 / 3, 2 / 3] }, reader), "[0.333333,0.666667]");
  const variant = new Variant({ dataType: DataType.Double, value: 1 / 3 });
  assert.equal(
    valueText({ dataType: DataType.Variant, arrayType: VariantArrayType.Array, value: [variant] }, reader),
    "[0.333333]",
  );
  // Whole numbers are not touched.
  assert.equal(valueText({ dataType: DataType.UInt32, value: 4294967295 }, reader), "4294967295");
});

test("rounded numbers are JSON, and as close as so many digits can be (R78, L7)", () => {
  const digits = fc.integer({ min: 1, max: 17 });
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), digits, (value, significantDigits) => {
      const written = valueText({ dataType: DataType.Double, value }, makeReader({ significantDigits }));
      const read: unknown = JSON.parse(written);
      assert.ok(typeof read === "number");
      const nearest = Number(value.toPrecision(significantDigits));
      // Where two are equally near, C takes the even one and JavaScript the larger one.
      if (read !== nearest) assert.equal(Math.abs(read - value), Math.abs(nearest - value));
      if (significantDigits === 17) assert.ok(Object.is(read, value));
    }),
    { numRuns: 2000 },
  );
});
