/** The decoder of publish responses beside node-opcua's, message by message, and what it makes of them. */
import { Buffer } from "node:buffer";
import {
  DataChangeNotification,
  DataType,
  DataValue,
  MessageBuilder,
  MessageChunker,
  MessageSecurityMode,
  MonitoredItemNotification,
  NotificationMessage,
  PublishResponse,
  SecurityPolicy,
  StatusCodes,
  SymmetricAlgorithmSecurityHeader,
  Variant,
  VariantArrayType,
} from "node-opcua-client";
import { PublishResponseDecoder } from "../../../app/cells/opcua/values/publish-response.ts";
import { makeReader, messageText } from "../../unit/app-value-text.ts";
import { show } from "./show.ts";

const BODY_AT = 24;
/** The same numbers on every engine (Numerical Recipes' generator). */
let state = 1;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state;
}
const below = (limit: number): number => Math.floor((random() / 0x1_0000_0000) * limit);
const bits = new DataView(new ArrayBuffer(8));
function double(): number {
  if (below(3) === 0)
    return [0, -0, 1, -1.5, 0.1, 1e21, 5e-324, Number.NaN, -1 / 0, 123456789.125][below(10)] ?? 0;
  bits.setUint32(0, random());
  bits.setUint32(4, random());
  return bits.getFloat64(0);
}
function float(): number {
  bits.setUint32(0, random());
  return below(4) === 0 ? Math.fround(below(2000) / 10) : bits.getFloat32(0);
}
const TEXTS = ["", "plain", 'quote " and \\', "tab\t and \u0001", "Öl 20 °C", "😀 \ud800", "\u2028", null];

function variant(): Variant {
  const kinds: readonly (readonly [DataType, () => unknown])[] = [
    [DataType.Boolean, () => below(2) === 1],
    [DataType.SByte, () => below(256) - 128],
    [DataType.Byte, () => below(256)],
    [DataType.Int16, () => below(65536) - 32768],
    [DataType.UInt16, () => below(65536)],
    [DataType.Int32, () => random() | 0],
    [DataType.UInt32, random],
    [DataType.Int64, () => [below(4) === 0 ? random() : 0, random()]],
    [DataType.UInt64, () => [random(), random()]],
    [DataType.Float, float],
    [DataType.Double, double],
    [DataType.Double, double],
    [DataType.String, () => TEXTS[below(TEXTS.length)]],
    [DataType.DateTime, () => new Date(below(4_000_000_000) * 1000 + below(1000))],
  ];
  const [dataType, value] = kinds[below(kinds.length)] ?? [DataType.Null, () => null];
  return new Variant({ dataType, arrayType: VariantArrayType.Scalar, value: value() });
}

const STATUSES = [
  StatusCodes.Good,
  StatusCodes.Good,
  StatusCodes.BadNoCommunication,
  StatusCodes.UncertainInitialValue,
];
function dataValue(time: Date, ticks: number): DataValue {
  const options = {
    value: variant(),
    statusCode: STATUSES[below(STATUSES.length)] ?? StatusCodes.Good,
    sourceTimestamp: below(8) === 0 ? null : time,
    sourcePicoseconds: ticks * 100_000,
    serverTimestamp: below(8) === 0 ? null : time,
  };
  return new DataValue(options);
}

function encode(items: readonly MonitoredItemNotification[], sequenceNumber: number): Buffer {
  const message = new PublishResponse({
    responseHeader: { requestHandle: sequenceNumber, stringTable: [] },
    subscriptionId: 7,
    notificationMessage: new NotificationMessage({
      sequenceNumber,
      notificationData: [new DataChangeNotification({ monitoredItems: [...items] })],
    }),
  });
  const chunks: Buffer[] = [];
  new MessageChunker({ securityMode: MessageSecurityMode.None }).chunkSecureMessage(
    "MSG",
    {
      channelId: 1,
      securityHeader: new SymmetricAlgorithmSecurityHeader({ tokenId: 1 }),
      securityOptions: {
        channelId: 1,
        requestId: 1,
        chunkSize: 65536,
        cipherBlockSize: 0,
        plainBlockSize: 0,
        sequenceHeaderSize: 0,
        signatureLength: 0,
      },
    },
    message,
    (chunk) => {
      if (chunk) chunks.push(Buffer.from(chunk));
    },
  );
  return chunks[0] ?? Buffer.alloc(0);
}

/** What node-opcua makes of a chunk. */
function decodedByLibrary(chunk: Buffer): string[] {
  const builder = new MessageBuilder({ getDerivedKey: () => null }, { name: "case" });
  builder.setSecurity(MessageSecurityMode.None, SecurityPolicy.None);
  const texts: string[] = [];
  builder.on("message", (response) => {
    for (const notification of (response as PublishResponse).notificationMessage.notificationData ?? []) {
      for (const { clientHandle, value } of (notification as DataChangeNotification).monitoredItems ?? []) {
        texts.push(`${clientHandle} ${messageText(value)}`);
      }
    }
  });
  builder.feed(chunk);
  return texts;
}

const decoder = new PublishResponseDecoder({ reader: makeReader(), significantDigits: null });
decoder.clientHandles = Array.from({ length: 20 }, (_, handle) => handle);

for (let number = 1; number <= 60; number += 1) {
  const time = new Date(1_700_000_000_000 + below(2_000_000_000));
  const ticks = below(2) * below(10_000);
  const items = Array.from(
    { length: below(12) },
    () => new MonitoredItemNotification({ clientHandle: below(20), value: dataValue(time, ticks) }),
  );
  const chunk = encode(items, number);
  show(`message ${number}`, () => {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
    const taken = decoder.decode(chunk, view, BODY_AT, chunk.length);
    const texts = decoder.texts
      .slice(0, decoder.count)
      .map((text, index) => `${decoder.ports[index]} ${text}`);
    const expected = decodedByLibrary(chunk);
    const same = texts.length === expected.length && texts.every((text, index) => text === expected[index]);
    return [taken, same, decoder.sequenceNumber, texts];
  });
  show(`message ${number} cut`, () => {
    const end = BODY_AT + below(chunk.length - BODY_AT);
    const view = new DataView(chunk.buffer, chunk.byteOffset, end);
    return decoder.decode(chunk.subarray(0, end), view, BODY_AT, end);
  });
}
