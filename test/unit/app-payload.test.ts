/** Values as JSON (design §7, OPC UA Part 6 §5.4): exact, shortest, and readable by any JSON parser. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  coerceNodeId,
  DataType,
  type DataValueOptions,
  LocalizedText,
  QualifiedName,
  StatusCodes,
  Variant,
  VariantArrayType,
  type VariantOptions,
} from "node-opcua-client";
import { ExpandedNodeId, NodeIdType } from "node-opcua-nodeid";
import { encodeDouble, encodeFloat, encodeHeartbeat } from "../../app/cells/opcua/values/payload.ts";
import { payloadFault, valueFault } from "../lab/payload-schema.ts";
import { makeReader, messageText, valueText } from "./app-value-text.ts";

const NAMESPACES = ["http://opcfoundation.org/UA/", "urn:server", "http://machine/"];
const encode = (options: VariantOptions): string =>
  valueText(options, makeReader({ namespaces: NAMESPACES }));
const parse = (options: VariantOptions): unknown => JSON.parse(encode(options));

test("a double reads back as the very same value, as the shortest text (R76, L7)", () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const read: unknown = JSON.parse(encodeDouble(value));
      if (Number.isFinite(value)) assert.ok(Object.is(read, value));
      else assert.equal(read, String(value));
    }),
    { numRuns: 2000 },
  );
});

test("a float reads back as the same 32 bits, and no shorter text would do (R76, L7)", () => {
  fc.assert(
    fc.property(fc.float(), (value) => {
      const text = encodeFloat(value);
      if (!Number.isFinite(value)) return assert.equal(JSON.parse(text), String(value));
      assert.ok(Object.is(Math.fround(Number(text)), value));
      const digits = text
        .replace(/e.*$/, "")
        .replace(/^-?0?\.?0*|[-.]/g, "")
        .replace(/^0+|0+$/g, "").length;
      for (let shorter = 1; shorter < digits; shorter += 1) {
        assert.notEqual(
          Math.fround(Number(value.toPrecision(shorter))),
          value,
          `${text} could be ${value.toPrecision(shorter)}`,
        );
      }
    }),
    { numRuns: 5000 },
  );
});

test("floats look as people wrote them", () => {
  for (const [value, text] of [
    [0.1, "0.1"],
    [20.123456, "20.123455"],
    [16777216, "16777216"],
    [1e-45, "1e-45"],
    [3.4028234663852886e38, "3.4028235e+38"],
    [-0, "-0"],
    [-7, "-7"],
    [0.3333333432674408, "0.33333334"],
  ] as const) {
    assert.equal(encodeFloat(Math.fround(value)), text);
  }
});

test("64-bit integers are exact texts", () => {
  const halves = (bits: bigint): [number, number] => [
    Number((bits >> 32n) & 0xffffffffn),
    Number(bits & 0xffffffffn),
  ];
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      assert.equal(parse({ dataType: DataType.Int64, value: halves(value) }), String(value));
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      assert.equal(parse({ dataType: DataType.UInt64, value: halves(value) }), String(value));
    }),
  );
  assert.equal(encode({ dataType: DataType.Int64, value: [0xffffffff, 0xffffffff] }), '"-1"');
  assert.equal(
    encode({ dataType: DataType.UInt64, value: [0xffffffff, 0xffffffff] }),
    '"18446744073709551615"',
  );
});

test("any text survives, quotes, control characters and half surrogate pairs included", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      assert.equal(parse({ dataType: DataType.String, value }), value);
      assert.ok(!/[\u0000-\u001f]/.test(encode({ dataType: DataType.String, value })));
    }),
  );
  assert.equal(encode({ dataType: DataType.String, value: null }), "null");
});

test("each simple type of R76 (R76)", () => {
  const cases: readonly (readonly [VariantOptions, string])[] = [
    [{ dataType: DataType.Boolean, value: true }, "true"],
    [{ dataType: DataType.SByte, value: -128 }, "-128"],
    [{ dataType: DataType.Byte, value: 255 }, "255"],
    [{ dataType: DataType.Int16, value: -32768 }, "-32768"],
    [{ dataType: DataType.UInt16, value: 65535 }, "65535"],
    [{ dataType: DataType.Int32, value: -2147483648 }, "-2147483648"],
    [{ dataType: DataType.UInt32, value: 4294967295 }, "4294967295"],
    [
      { dataType: DataType.DateTime, value: new Date("2026-01-02T03:04:05.678Z") },
      '"2026-01-02T03:04:05.678Z"',
    ],
    [{ dataType: DataType.DateTime, value: new Date(Date.UTC(1601, 0, 1)) }, '"0001-01-01T00:00:00Z"'],
    [{ dataType: DataType.DateTime, value: new Date("9999-12-31T23:59:59.999Z") }, '"9999-12-31T23:59:59Z"'],
    [{ dataType: DataType.XmlElement, value: "<a b='1'/>" }, "\"<a b='1'/>\""],
    [
      { dataType: DataType.Guid, value: "72962B91-FA75-4AE6-8D28-B404DC7DAF63" },
      '"72962B91-FA75-4AE6-8D28-B404DC7DAF63"',
    ],
    [{ dataType: DataType.ByteString, value: Buffer.from([0, 255, 16]) }, '"AP8Q"'],
    [
      { dataType: DataType.StatusCode, value: StatusCodes.BadTimeout },
      '{"Code":2148139008,"Symbol":"BadTimeout"}',
    ],
    [{ dataType: DataType.StatusCode, value: StatusCodes.Good }, '{"Code":0,"Symbol":"Good"}'],
    [{ dataType: DataType.LocalizedText, value: new LocalizedText({ locale: "de", text: "Öl" }) }, '"Öl"'],
    [{ dataType: DataType.LocalizedText, value: new LocalizedText({ locale: "de", text: null }) }, "null"],
    [
      { dataType: DataType.QualifiedName, value: new QualifiedName({ name: "n", namespaceIndex: 0 }) },
      '{"Name":"n"}',
    ],
    [
      { dataType: DataType.QualifiedName, value: new QualifiedName({ name: "n", namespaceIndex: 1 }) },
      '{"Name":"n","Uri":1}',
    ],
    [
      { dataType: DataType.QualifiedName, value: new QualifiedName({ name: "n", namespaceIndex: 2 }) },
      '{"Name":"n","Uri":"http://machine/"}',
    ],
    [{ dataType: DataType.NodeId, value: coerceNodeId("i=2258") }, '{"Id":2258}'],
    [
      { dataType: DataType.NodeId, value: coerceNodeId('ns=1;s=a"b') },
      '{"IdType":1,"Id":"a\\"b","Namespace":1}',
    ],
    [
      { dataType: DataType.NodeId, value: coerceNodeId("ns=2;i=7") },
      '{"Id":7,"Namespace":"http://machine/"}',
    ],
    [{ dataType: DataType.NodeId, value: coerceNodeId("ns=9;i=7") }, '{"Id":7,"Namespace":9}'],
    [
      {
        dataType: DataType.ExpandedNodeId,
        value: new ExpandedNodeId(NodeIdType.NUMERIC, 5, 0, "urn:far", 3),
      },
      '{"Id":5,"Namespace":"urn:far","ServerUri":3}',
    ],
    [{ dataType: DataType.Null }, "null"],
  ];
  for (const [options, text] of cases) {
    assert.equal(encode(options), text);
    JSON.parse(text);
  }
});

test("arrays, empty arrays and arrays of variants (R77, L6)", () => {
  const arrayType = VariantArrayType.Array;
  assert.equal(
    encode({ dataType: DataType.Double, arrayType, value: new Float64Array([1, 2.5, Number.NaN]) }),
    '[1,2.5,"NaN"]',
  );
  assert.equal(
    encode({ dataType: DataType.Float, arrayType, value: new Float32Array([0.1, -0.25]) }),
    "[0.1,-0.25]",
  );
  assert.equal(encode({ dataType: DataType.String, arrayType, value: ["a", null, ""] }), '["a",null,""]');
  assert.equal(
    encode({
      dataType: DataType.Int64,
      arrayType,
      value: [
        [0, 1],
        [0xffffffff, 0xfffffffe],
      ],
    }),
    '["1","-2"]',
  );
  assert.equal(encode({ dataType: DataType.Int32, arrayType, value: new Int32Array() }), "[]");
  const variants = [
    new Variant({ dataType: DataType.Boolean, value: false }),
    new Variant({ dataType: DataType.String, value: "x" }),
  ];
  assert.equal(encode({ dataType: DataType.Variant, arrayType, value: variants }), '[false,"x"]');
});

test("a matrix nests its rows (R77, L6)", () => {
  const matrix = (dimensions: number[], value: Int32Array): string =>
    encode({ dataType: DataType.Int32, arrayType: VariantArrayType.Matrix, dimensions, value });
  assert.equal(matrix([2, 3], new Int32Array([1, 2, 3, 4, 5, 6])), "[[1,2,3],[4,5,6]]");
  assert.equal(matrix([2, 1, 2], new Int32Array([1, 2, 3, 4])), "[[[1,2]],[[3,4]]]");
  assert.equal(matrix([0, 3], new Int32Array()), "[]");
});

const SOURCE = new Date("2026-11-22T21:00:00.123Z");
const SERVER = new Date("2026-11-22T21:00:00.200Z");
const message = (options: DataValueOptions): string => messageText(options);
const value = { dataType: DataType.Double, value: 20.5 };

test("a message: value and both time stamps, the status only when it is not Good", () => {
  const stamps = { sourceTimestamp: SOURCE, serverTimestamp: SERVER };
  assert.equal(
    message({ value, ...stamps }),
    '{"Value":20.5,"SourceTimestamp":"2026-11-22T21:00:00.123Z","ServerTimestamp":"2026-11-22T21:00:00.200Z"}',
  );
  assert.equal(
    message({ value, ...stamps, statusCode: StatusCodes.UncertainLastUsableValue }),
    '{"Value":20.5,"SourceTimestamp":"2026-11-22T21:00:00.123Z","ServerTimestamp":"2026-11-22T21:00:00.200Z",' +
      '"StatusCode":{"Code":1083179008,"Symbol":"UncertainLastUsableValue"}}',
  );
  assert.deepEqual(JSON.parse(message({ statusCode: StatusCodes.BadNoCommunication })), {
    Value: null,
    StatusCode: { Code: StatusCodes.BadNoCommunication.value, Symbol: "BadNoCommunication" },
  });
});

test("time stamps keep their 100 ns", () => {
  const text = message({ value, sourceTimestamp: SOURCE, sourcePicoseconds: 456_700_000 });
  assert.equal(text, '{"Value":20.5,"SourceTimestamp":"2026-11-22T21:00:00.1234567Z"}');
});

test("a heartbeat has the form of a value", () => {
  assert.equal(
    encodeHeartbeat({ count: 7, time: SOURCE, status: StatusCodes.Good }),
    '{"Value":7,"SourceTimestamp":"2026-11-22T21:00:00.123Z","ServerTimestamp":"2026-11-22T21:00:00.123Z"}',
  );
  assert.deepEqual(
    JSON.parse(encodeHeartbeat({ count: 8, time: SOURCE, status: StatusCodes.BadNotConnected })).StatusCode,
    {
      Code: StatusCodes.BadNotConnected.value,
      Symbol: "BadNotConnected",
    },
  );
});

test("the published schema takes every message, and nothing else (R76, L6)", () => {
  const taken = (text: string): void => assert.equal(payloadFault(JSON.parse(text)), null, text);
  taken(encodeHeartbeat({ count: 7, time: SOURCE, status: StatusCodes.BadNotConnected }));
  taken(message({ value, sourceTimestamp: SOURCE, sourcePicoseconds: 456_712_340 }));
  taken(message({ statusCode: StatusCodes.BadNoCommunication }));
  const refused = (payload: object, reason: RegExp): void =>
    assert.match(payloadFault(payload) ?? "", reason);
  refused({}, /must have required property 'Value'/);
  refused({ Value: 1, Time: "" }, /must NOT have additional properties/);
  refused({ Value: 1, SourceTimestamp: "2026-11-22 21:00:00" }, /must match pattern/);
  refused({ Value: 1, SourcePicoseconds: 0 }, /must be >= 1/);
  refused({ Value: 1, StatusCode: "Good" }, /must be object/);
  const scalar = (type: "Int64" | "Byte" | "Guid", given: unknown) =>
    valueFault(given, { type, array: false });
  assert.equal(scalar("Int64", "-9223372036854775808"), null);
  assert.match(scalar("Int64", -1) ?? "", /must be string/);
  assert.match(scalar("Byte", 256) ?? "", /must be <= 255/);
  assert.match(scalar("Guid", "no guid") ?? "", /must match pattern/);
});
