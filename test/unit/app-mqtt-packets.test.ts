/** The bytes of messages and acknowledgements: mqtt-packet has the last word on what they mean. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import mqttPacket, { type Packet } from "mqtt-packet";
import {
  AckReader,
  type AckType,
  MqttProtocolError,
  PUBACK,
  PUBCOMP,
  PUBREC,
} from "../../app/cells/mqtt/ack-reader.ts";
import { Outbox } from "../../app/cells/mqtt/outbox.ts";
import { firstByte, topicTable } from "../../app/cells/mqtt/packets.ts";
import { codec } from "../../app/link/codec.ts";
import { encodeFrame, FrameReader } from "../../app/link/frame.ts";
import { HEADER_BYTES } from "../../app/link/frame-format.ts";
import { FOUND_FIELDS } from "../../app/runtime/codec-types.ts";

/** Places of a small ring. */
const MOST = 4;

type Publish = Extract<Packet, { cmd: "publish" }>;

const topic = fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 });
/** Lengths around each border of the remaining length (§2.2.3), and ordinary ones. */
const payloadBytes = fc.oneof(
  fc.integer({ min: 0, max: 400 }),
  fc
    .constantFrom(127, 128, 16_383, 16_384, 2_097_151, 2_097_152)
    .chain((border) => fc.integer({ min: Math.max(0, border - 120), max: border + 10 })),
);
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);

test("a PUBLISH has the very bytes that mqtt-packet gives it", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.record({ port: fc.integer({ min: 0, max: 0xffffffff }), topicName: topic, bytes: payloadBytes }),
        { selector: ({ port }) => port, minLength: 1, maxLength: 4 },
      ),
      qos,
      fc.integer({ min: 1, max: 0xffff }),
      fc.nat(20),
      (messages, level, firstId, offset) => {
        // Longer than what travels over the link, which is no matter here.
        const payloads = messages.map(({ bytes }) => Buffer.alloc(bytes, "0123456789"));
        const frames = payloads.map((payload) => Buffer.concat([Buffer.alloc(HEADER_BYTES), payload]));
        const source = Buffer.concat([Buffer.alloc(offset), ...frames]);
        const found = new Uint32Array(frames.length * FOUND_FIELDS);
        let at = offset;
        for (const [index, { length }] of frames.entries()) {
          found.set([at, at + length, messages[index]?.port ?? 0], index * FOUND_FIELDS);
          at += length;
        }
        const target = Buffer.alloc(source.length + 2000);
        const cursor = Int32Array.of(offset, level === 0 ? 0 : firstId, MOST - 1);
        const starts = new Int32Array(MOST);
        const done = codec.writePublishes(
          target,
          cursor,
          firstByte(level),
          topicTable(messages),
          source,
          found,
          0,
          messages.length,
          starts,
        );
        assert.equal(done, messages.length);
        const expected = messages.map(({ topicName }, index) =>
          mqttPacket.generate({
            cmd: "publish",
            topic: topicName,
            payload: payloads[index] ?? "",
            qos: level,
            dup: false,
            retain: false,
            ...(level > 0 ? { messageId: ((firstId + index - 1) % 0xffff) + 1 } : {}),
          }),
        );
        assert.ok(target.subarray(offset, cursor[0]).equals(Buffer.concat(expected)));
        if (level === 0) return;
        let start = offset;
        for (const [index, { length }] of expected.entries()) {
          assert.equal(starts[(MOST - 1 + index) % MOST], start);
          start += length;
        }
      },
    ),
    { numRuns: 200 },
  );
});

function publishes(written: readonly Buffer[]): Publish[] {
  const packets: Publish[] = [];
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  parser.on("packet", (packet: Packet) => {
    assert.equal(packet.cmd, "publish");
    packets.push(packet as Publish);
  });
  for (const bytes of written) parser.parse(bytes);
  return packets;
}

const topics = topicTable([{ port: 1, topicName: "t" }]);

/** Puts messages in as the publisher does; returns how many had room. */
function add(outbox: Outbox, ...texts: readonly string[]): number {
  const reader = new FrameReader();
  reader.feed(Buffer.concat(texts.map((text) => encodeFrame(1, text))));
  let taken = 0;
  for (let count = reader.next(); count > 0; count = reader.next()) {
    const now = outbox.add(reader.bytes, reader.found, 0, count);
    taken += now;
    if (now < count) break;
  }
  return taken;
}

/** What the outbox writes, as long as the connection lasts. */
function connect(outbox: Outbox): Buffer[] {
  const written: Buffer[] = [];
  // A copy: acknowledged memory is used again.
  outbox.connected((bytes) => written.push(Buffer.from(bytes)) > 0);
  return written;
}

test("acknowledgements in any order, connections that break: everything arrives, in order, repeated with DUP first", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), count: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ kind: fc.constant("ack" as const), pick: fc.nat(), many: fc.boolean() }),
    fc.record({ kind: fc.constant("break" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const outbox = new Outbox({ qos: 1, topics });
      let written = connect(outbox);
      /** Not acknowledged, by id, in order. */
      const waiting = new Map<number, string>();
      let next = 0;
      let seen = 0;
      const check = (fresh: readonly string[]): void => {
        const packets = publishes(written).slice(seen);
        seen += packets.length;
        assert.deepEqual(
          packets.map((packet) => packet.payload.toString()),
          fresh,
        );
        for (const { messageId = 0, payload, dup } of packets) {
          assert.equal(dup, waiting.has(messageId));
          waiting.set(messageId, payload.toString());
        }
      };
      for (const each of steps) {
        if (each.kind === "add") {
          const fresh: string[] = [];
          for (let count = 0; count < each.count; count += 1) {
            fresh.push(`${next + count} ${"v".repeat((next + count) % 3000)}`);
          }
          fresh.length = add(outbox, ...fresh);
          next += fresh.length;
          outbox.flush();
          check(fresh);
        } else if (each.kind === "ack" && waiting.size > 0) {
          const ids = [...waiting.keys()];
          const from = each.pick % ids.length;
          const acknowledged = each.many ? ids.slice(from) : ids.slice(from, from + 1);
          const inOneGo = acknowledged.length === (ids.at(-1) ?? 0) - (acknowledged[0] ?? 0) + 1;
          if (inOneGo) outbox.acknowledge(PUBACK, acknowledged[0] ?? 0, acknowledged.length);
          for (const id of acknowledged) {
            if (!inOneGo) outbox.acknowledge(PUBACK, id, 1);
            waiting.delete(id);
            assert.throws(() => outbox.acknowledge(PUBACK, id, 1), MqttProtocolError);
          }
          assert.equal(outbox.isWaiting, waiting.size > 0);
        } else if (each.kind === "break") {
          outbox.disconnected();
          written = connect(outbox);
          seen = 0;
          check([...waiting.values()]);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("packet identifiers go round after 65535 and never are 0 or in use twice", () => {
  const outbox = new Outbox({ qos: 1, topics });
  const written = connect(outbox);
  const inUse: number[] = [];
  for (let round = 0; round < 700; round += 1) {
    assert.equal(add(outbox, ...new Array(100).fill("1")), 100);
    outbox.flush();
    for (const { messageId = 0 } of publishes(written)) {
      assert.ok(messageId > 0 && !inUse.includes(messageId));
      inUse.push(messageId);
    }
    written.length = 0;
    // Some stay behind, so that the window crosses the border.
    for (const id of inUse.splice(0, inUse.length - 50)) outbox.acknowledge(PUBACK, id, 1);
  }
  outbox.disconnected();
  assert.deepEqual(
    publishes(connect(outbox)).map(({ messageId }) => messageId),
    inUse,
  );
});

test("quality of service 2: PUBREL answers PUBREC, also a repeated one, and is what is sent again", () => {
  const outbox = new Outbox({ qos: 2, topics });
  const written = connect(outbox);
  add(outbox, "a");
  add(outbox, "b");
  outbox.flush();
  outbox.acknowledge(PUBREC, 1, 1);
  outbox.acknowledge(PUBREC, 1, 1);
  const pubrel = mqttPacket.generate({ cmd: "pubrel", messageId: 1 });
  assert.deepEqual(written.slice(1), [pubrel, pubrel]);
  outbox.disconnected();
  assert.throws(
    () => outbox.acknowledge(PUBREC, 2, 1),
    MqttProtocolError,
    "nothing was sent on this connection",
  );
  const again = connect(outbox);
  assert.deepEqual(again[0], pubrel);
  assert.deepEqual(
    publishes(again.slice(1)).map(({ messageId, dup }) => [messageId, dup]),
    [[2, true]],
  );
  outbox.acknowledge(PUBCOMP, 1, 1);
  outbox.acknowledge(PUBREC, 2, 1);
  outbox.acknowledge(PUBCOMP, 2, 1);
  assert.equal(outbox.isWaiting, false);
});

test("acknowledgements are found however the bytes are cut; the rest is for mqtt.js; the first foreign byte ends it", () => {
  const packet = fc.oneof(
    fc.record({
      cmd: fc.constantFrom("puback" as const, "pubrec" as const, "pubcomp" as const),
      messageId: fc.integer({ min: 1, max: 0xffff }),
    }),
    fc.constant({ cmd: "pingresp" as const }),
    fc.constant({ cmd: "connack" as const, returnCode: 0, sessionPresent: true }),
  );
  const types = { puback: PUBACK, pubrec: PUBREC, pubcomp: PUBCOMP } as const;
  fc.assert(
    fc.property(
      fc.array(packet, { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (list, sizes) => {
        const bytes = Buffer.concat(list.map((each) => mqttPacket.generate(each)));
        const acks: [AckType, number][] = [];
        const rest: Buffer[] = [];
        const reader = new AckReader((type, id, count) => {
          for (let each = 0; each < count; each += 1) acks.push([type, ((id + each - 1) % 0xffff) + 1]);
        });
        let turn = 0;
        for (let at = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          const left = reader.read(bytes.subarray(at, at + size));
          if (left !== null) rest.push(left);
          at += size;
        }
        assert.deepEqual(
          acks,
          list.flatMap((each) => ("messageId" in each ? [[types[each.cmd], each.messageId]] : [])),
        );
        assert.deepEqual(
          Buffer.concat(rest),
          Buffer.concat(
            list.filter((each) => !("messageId" in each)).map((each) => mqttPacket.generate(each)),
          ),
        );
        assert.throws(
          () => reader.read(Buffer.from([0x31])),
          /the broker sent PUBLISH with flags 1, which a publisher never asked for/,
        );
      },
    ),
  );
  assert.throws(
    () => new AckReader(() => undefined).read(Buffer.from([0x40, 2, 0, 1, 0x40, 3])),
    /sent PUBACK with the wrong length 3/,
  );
});
