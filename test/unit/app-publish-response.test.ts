/** The decoder of publish responses against node-opcua's own: whatever it takes on itself must come out the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  BinaryStream,
  coerceNodeId,
  DataChangeNotification,
  DataType,
  DataValue,
  type DataValueOptions,
  DiagnosticInfo,
  encodeExpandedNodeId,
  MonitoredItemNotification,
  NotificationMessage,
  PublishResponse,
  StatusChangeNotification,
  StatusCode,
  StatusCodes,
  Variant,
  VariantArrayType,
} from "node-opcua";
import { PublishResponseDecoder } from "../../app/cells/opcua/values/publish-response.ts";
import { makeReader, messageText } from "./app-value-text.ts";

const HANDLES = 50;
/** Port 1000 + n for client handle n. */
const PORTS = Array.from({ length: HANDLES }, (_, handle) => 1000 + handle);
const TYPE_ID_BYTES = 4;

interface Expected {
  readonly requestHandle: number;
  readonly subscriptionId: number;
  readonly sequenceNumber: number;
  readonly values: readonly (readonly [number, string])[];
}

function encodeMessage(response: PublishResponse): Buffer {
  const stream = new BinaryStream(Buffer.alloc(1_000_000));
  encodeExpandedNodeId(PublishResponse.encodingDefaultBinary, stream);
  response.encode(stream);
  return Buffer.from(stream.buffer.subarray(0, stream.length));
}

/** What node-opcua and `payload.ts` make of a message; null when it can't be decoded. */
function oracle(message: Buffer): Expected | null {
  const stream = new BinaryStream(Buffer.from(message));
  stream.length = TYPE_ID_BYTES;
  const response = new PublishResponse();
  try {
    response.decode(stream);
  } catch {
    return null;
  }
  const values: [number, string][] = [];
  for (const notification of response.notificationMessage.notificationData ?? []) {
    assert.ok(notification instanceof DataChangeNotification);
    for (const item of notification.monitoredItems ?? []) {
      values.push([1000 + item.clientHandle, messageText(item.value)]);
    }
  }
  return {
    requestHandle: response.responseHeader.requestHandle,
    subscriptionId: response.subscriptionId,
    sequenceNumber: response.notificationMessage.sequenceNumber,
    values,
  };
}

function decoder(): PublishResponseDecoder {
  const made = new PublishResponseDecoder({ reader: makeReader(), significantDigits: null });
  made.clientHandles = PORTS;
  return made;
}

/** Decodes a message that lies somewhere inside of a larger buffer, as chunks do. */
function decode(fast: PublishResponseDecoder, message: Buffer): Expected | null {
  const around = Buffer.alloc(message.length + 24, 0xa5);
  const chunk = around.subarray(3);
  message.copy(chunk, 13);
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  if (!fast.decode(chunk, view, 13, 13 + message.length)) return null;
  return {
    requestHandle: fast.requestHandle,
    subscriptionId: fast.subscriptionId,
    sequenceNumber: fast.sequenceNumber,
    values: Array.from({ length: fast.count }, (_, index) => [
      fast.ports[index] ?? 0,
      fast.texts[index] ?? "",
    ]),
  };
}

const overflow = StatusCode.makeStatusCode(StatusCodes.Good, 0x480);
const STATUSES = [
  StatusCodes.Good,
  StatusCodes.UncertainLastUsableValue,
  StatusCodes.BadNoCommunication,
  overflow,
];

const int = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const half = int(0, 0xffff_ffff);
const date = fc.date({ min: new Date("1900-01-01"), max: new Date("9900-01-01"), noInvalidDate: true });
/** Servers that know no time send 0. */
const UNKNOWN_TIME = new Date(Date.UTC(1601, 0, 1));
const scalar = (dataType: DataType, value: fc.Arbitrary<unknown>): fc.Arbitrary<Variant> =>
  value.map((chosen) => new Variant({ dataType, arrayType: VariantArrayType.Scalar, value: chosen }));
const variant = fc.oneof(
  scalar(DataType.Boolean, fc.boolean()),
  scalar(DataType.SByte, int(-128, 127)),
  scalar(DataType.Byte, int(0, 255)),
  scalar(DataType.Int16, int(-32768, 32767)),
  scalar(DataType.UInt16, int(0, 65535)),
  scalar(DataType.Int32, int(-0x8000_0000, 0x7fff_ffff)),
  scalar(DataType.UInt32, half),
  scalar(DataType.Int64, fc.tuple(half, half)),
  scalar(DataType.UInt64, fc.tuple(half, half)),
  scalar(DataType.Float, fc.float()),
  scalar(DataType.Double, fc.oneof(fc.double(), fc.constantFrom(0, -0, 20.5, Number.NaN))),
  scalar(DataType.String, fc.oneof(fc.string({ unit: "binary" }), fc.constant(null))),
  scalar(DataType.DateTime, fc.oneof(date, fc.constant(UNKNOWN_TIME))),
);
const timed: fc.Arbitrary<DataValueOptions> = fc.record(
  {
    value: variant,
    statusCode: fc.constantFrom(...STATUSES),
    sourceTimestamp: date,
    sourcePicoseconds: fc.oneof(
      int(0, 999_999_999),
      int(0, 9999).map((ticks) => ticks * 100_000),
    ),
    serverTimestamp: date,
    serverPicoseconds: int(0, 999_999_999),
  },
  { requiredKeys: [] },
);
const dataValue = fc.oneof(
  { arbitrary: timed, weight: 9 },
  { arbitrary: fc.constant<DataValueOptions>({ sourceTimestamp: UNKNOWN_TIME }), weight: 1 },
);

/** 0 to 3 notifications, whose values share time stamps often, as those of a server do. */
function response(values: fc.Arbitrary<DataValueOptions>): fc.Arbitrary<PublishResponse> {
  const item = fc.tuple(int(0, HANDLES - 1), values, fc.boolean());
  return fc
    .record({
      requestHandle: half,
      subscriptionId: half,
      availableSequenceNumbers: fc.array(half, { maxLength: 4 }),
      sequenceNumber: half,
      moreNotifications: fc.boolean(),
      results: fc.array(fc.constantFrom(StatusCodes.Good, StatusCodes.BadSequenceNumberUnknown), {
        maxLength: 3,
      }),
      notifications: fc.array(fc.array(item, { maxLength: 8 }), { maxLength: 3 }),
    })
    .map(({ requestHandle, sequenceNumber, notifications, ...rest }) => {
      let last: DataValueOptions = {};
      const notificationData = notifications.map(
        (items) =>
          new DataChangeNotification({
            monitoredItems: items.map(([clientHandle, options, shares]) => {
              const { value, statusCode } = options;
              last = shares
                ? { ...last, ...(value && { value }), ...(statusCode && { statusCode }) }
                : options;
              return new MonitoredItemNotification({ clientHandle, value: new DataValue(last) });
            }),
          }),
      );
      return new PublishResponse({
        ...rest,
        responseHeader: { requestHandle, timestamp: new Date(0), stringTable: [] },
        notificationMessage: new NotificationMessage({
          sequenceNumber,
          publishTime: new Date(0),
          notificationData,
        }),
      });
    });
}

test("scalars of every simple type, every status and time stamp: decoded here, the same as by node-opcua", () => {
  const fast = decoder();
  fc.assert(
    fc.property(response(dataValue), (made) => {
      const message = encodeMessage(made);
      assert.deepEqual(decode(fast, message), oracle(message));
    }),
    { numRuns: 1500 },
  );
});

/**
 * node-opcua loses what can come of a changed byte: codes that it does not know, times that a Date can't hold, more tens
 * of picoseconds than there are. What is left is the same.
 */
function comparable(found: Expected | null): unknown {
  if (found === null) return null;
  const values = found.values.map(([port, text]) => {
    const { Value } = JSON.parse(text);
    return [port, Value !== null && typeof Value === "object" ? "object" : Value];
  });
  return { ...found, values };
}

test("a message that was cut short or changed is left to node-opcua, or means the same to both", () => {
  const fast = decoder();
  const changes = fc.array(fc.tuple(fc.nat(), int(0, 255)), { minLength: 1, maxLength: 3 });
  let taken = 0;
  fc.assert(
    fc.property(response(dataValue), changes, fc.option(fc.nat(), { freq: 3 }), (made, bytes, cut) => {
      let message = encodeMessage(made);
      for (const [at, value] of bytes) message[at % message.length] = value;
      if (cut !== null) message = message.subarray(0, cut % message.length);
      const decoded = decode(fast, message);
      if (decoded === null) return;
      taken += 1;
      const expected = oracle(message);
      // It passes over a notification with a value that it refuses, such as one of a type that does not exist yet.
      if (expected && expected.values.length < decoded.values.length) return;
      assert.deepEqual(comparable(decoded), comparable(expected));
    }),
    { numRuns: 4000 },
  );
  assert.ok(taken > 100, `only ${taken} messages were decoded`);
});

const STAMP = new Date("2026-11-22T21:00:00.123Z");

function one(options: DataValueOptions, clientHandle = 7): PublishResponse {
  return new PublishResponse({
    responseHeader: { requestHandle: 5, stringTable: [] },
    subscriptionId: 3,
    notificationMessage: {
      sequenceNumber: 9,
      notificationData: [
        new DataChangeNotification({
          monitoredItems: [new MonitoredItemNotification({ clientHandle, value: new DataValue(options) })],
        }),
      ],
    },
  });
}

test("a message as servers send it", () => {
  const value = new Variant({ dataType: DataType.Double, value: 20.5 });
  const message = encodeMessage(one({ value, sourceTimestamp: STAMP, sourcePicoseconds: 456_700_000 }));
  assert.deepEqual(decode(decoder(), message), {
    requestHandle: 5,
    subscriptionId: 3,
    sequenceNumber: 9,
    values: [[1007, '{"Value":20.5,"SourceTimestamp":"2026-11-22T21:00:00.1234567Z"}']],
  });
});

test("every type, rank, status and time is decoded here", () => {
  const value = new Variant({ dataType: DataType.Double, value: 1 });
  const taken = (options: DataValueOptions, text: string): void =>
    assert.deepEqual(decode(decoder(), encodeMessage(one(options)))?.values, [[1007, text]]);
  const arrayType = VariantArrayType.Array;
  taken({ value: { dataType: DataType.Double, arrayType, value: [1, 2] } }, '{"Value":[1,2]}');
  taken({ value: { dataType: DataType.NodeId, value: coerceNodeId("i=1") } }, '{"Value":{"Id":1}}');
  taken(
    { value, statusCode: StatusCodes.BadWaitingForInitialData },
    '{"Value":1,"StatusCode":{"Code":2150760448,"Symbol":"BadWaitingForInitialData"}}',
  );
  taken(
    { value, sourceTimestamp: new Date("1800-01-01") },
    '{"Value":1,"SourceTimestamp":"1800-01-01T00:00:00.000Z"}',
  );
});

test("Doubles and Floats are rounded here too, all else is not touched (R78, L7)", () => {
  const rounding = new PublishResponseDecoder({
    reader: makeReader({ significantDigits: 6 }),
    significantDigits: 6,
  });
  rounding.clientHandles = PORTS;
  const stamps = { sourceTimestamp: STAMP, serverTimestamp: STAMP };
  const rounded = (dataType: DataType, value: unknown, text: string): void => {
    for (const times of [stamps, {}]) {
      const scalar = new Variant({ dataType, arrayType: VariantArrayType.Scalar, value });
      const made = one({ value: scalar, ...times });
      const [found] = decode(rounding, encodeMessage(made))?.values ?? [];
      assert.ok(
        found?.[1].startsWith(`{"Value":${text}${"sourceTimestamp" in times ? "," : "}"}`),
        found?.[1],
      );
    }
  };
  rounded(DataType.Double, 1234567, "1.23457e+06");
  rounded(DataType.Double, Number.NaN, '"NaN"');
  rounded(DataType.Double, -0, "-0");
  rounded(DataType.Float, Math.fround(0.1), "0.1");
  rounded(DataType.UInt32, 1234567, "1234567");
  rounded(DataType.Int64, [0, 1234567], '"1234567"');
});

test("other notifications, faults and unknown handles are left to node-opcua", () => {
  const fast = decoder();
  const left = (made: PublishResponse): void => assert.equal(decode(fast, encodeMessage(made)), null);
  const value = new Variant({ dataType: DataType.Double, value: 1 });
  left(one({ value }, HANDLES));
  const structure = one({ value });
  structure.notificationMessage.notificationData = [
    new StatusChangeNotification({ status: StatusCodes.BadTimeout }),
  ];
  left(structure);
  const fault = one({ value });
  fault.responseHeader.serviceResult = StatusCodes.BadTooManyPublishRequests;
  left(fault);
  const diagnosed = one({ value });
  diagnosed.diagnosticInfos = [new DiagnosticInfo({ symbolicId: 1 })];
  left(diagnosed);
  const told = one({ value });
  told.responseHeader.stringTable = ["text"];
  left(told);
});

test("a keep-alive has no values", () => {
  const alive = new PublishResponse({
    responseHeader: { requestHandle: 1, stringTable: [] },
    subscriptionId: 3,
    notificationMessage: { sequenceNumber: 10 },
  });
  assert.deepEqual(decode(decoder(), encodeMessage(alive)), {
    requestHandle: 1,
    subscriptionId: 3,
    sequenceNumber: 10,
    values: [],
  });
});
