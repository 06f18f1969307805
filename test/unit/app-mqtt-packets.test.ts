/** The bytes of messages and acknowledgements: mqtt-packet has the last word on what they mean. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import mqttPacket from "mqtt-packet";
import {
  AckReader,
  type AckType,
  MqttProtocolError,
  PUBACK,
  PUBCOMP,
  PUBREC,
} from "../../app/cells/mqtt/ack-reader.ts";
import { packetEnd, topicTable } from "../../app/cells/mqtt/packets.ts";
import { codec } from "../../app/link/codec.ts";
import { HEADER_BYTES } from "../../app/link/frame-format.ts";
import { FOUND_FIELDS, RING_FIELDS, TOPIC_FIELDS, Topic } from "../../app/runtime/codec-types.ts";

/** Places of a small ring. */
const MOST = 4;

const topic = fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 });
/** Lengths around each border of the remaining length (§2.2.3), and ordinary ones. */
const payloadBytes = fc.oneof(
  fc.integer({ min: 0, max: 400 }),
  fc
    .constantFrom(127, 128, 16_383, 16_384, 2_097_151, 2_097_152)
    .chain((border) => fc.integer({ min: Math.max(0, border - 120), max: border + 10 })),
);
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);

test("a PUBLISH has the very bytes that mqtt-packet gives it, whatever its topic's quality of service and retain (R105, R111, R112, L11, L12)", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.record({
          port: fc.integer({ min: 0, max: 0xffffffff }),
          topicName: topic,
          qualityOfService: qos,
          retain: fc.boolean(),
          bytes: payloadBytes,
        }),
        { selector: ({ port }) => port, minLength: 1, maxLength: 4 },
      ),
      fc.integer({ min: 1, max: 0xffff }),
      fc.nat(20),
      (messages, firstId, offset) => {
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
        const cursor = Int32Array.of(offset, firstId, MOST - 1, MOST);
        const ring = new Int32Array(MOST * RING_FIELDS);
        const topics = topicTable(messages);
        const done = codec.writePublishes(target, cursor, topics, source, found, 0, messages.length, ring);
        assert.equal(done, messages.length);
        let start = offset;
        let id = firstId;
        let slot = MOST - 1;
        for (const [index, { topicName, qualityOfService, retain, port }] of messages.entries()) {
          const expected = mqttPacket.generate({
            cmd: "publish",
            topic: topicName,
            payload: payloads[index] ?? "",
            qos: qualityOfService,
            dup: false,
            retain,
            ...(qualityOfService > 0 ? { messageId: id } : {}),
          });
          assert.ok(target.subarray(start, start + expected.length).equals(expected));
          assert.equal(packetEnd(target, start), start + expected.length);
          if (qualityOfService > 0) {
            const place = (slot % MOST) * RING_FIELDS;
            assert.equal(ring[place], start);
            assert.equal(topics.entries[(ring[place + 1] ?? -1) * TOPIC_FIELDS + Topic.port], port);
            id = (id % 0xffff) + 1;
            slot += 1;
          }
          start += expected.length;
        }
        const ofTwo = messages.filter(({ qualityOfService }) => qualityOfService === 2).length;
        assert.deepEqual([...cursor], [start, id, slot, MOST - ofTwo]);
        for (let entry = 0; entry < topics.entries.length; entry += TOPIC_FIELDS)
          assert.equal(topics.entries[entry + Topic.written], 1);
      },
    ),
    { numRuns: 200 },
  );
});

test("acknowledgements are found however the bytes are cut; the rest is for mqtt.js; the first foreign byte ends it (R33)", () => {
  const packet = fc.oneof(
    fc.record({
      cmd: fc.constantFrom("puback" as const, "pubrec" as const, "pubcomp" as const),
      messageId: fc.integer({ min: 1, max: 0xffff }),
    }),
    fc.constant({ cmd: "pingresp" as const }),
  );
  const types = { puback: PUBACK, pubrec: PUBREC, pubcomp: PUBCOMP } as const;
  fc.assert(
    fc.property(
      fc.array(packet, { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (answers, sizes) => {
        const list = [{ cmd: "connack" as const, returnCode: 0, sessionPresent: true }, ...answers];
        const bytes = Buffer.concat(list.map((each) => mqttPacket.generate(each)));
        const acks: [AckType, number][] = [];
        const rest: Buffer[] = [];
        const reader = new AckReader({
          clean: false,
          onAck(type, id, count) {
            for (let each = 0; each < count; each += 1) acks.push([type, ((id + each - 1) % 0xffff) + 1]);
          },
        });
        for (const { cmd } of answers) if (cmd === "pingresp") reader.pinged();
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
        assert.throws(() => reader.read(Buffer.from([0x31])), /the broker sent PUBLISH, which a publisher/);
      },
    ),
  );
});

test("of all first and second bytes that a broker can send, a publisher takes five pairs, each in its place (R33)", () => {
  /** What a reader that has got so far takes. */
  const taken = (before: readonly number[], pings: number): string[] => {
    const pairs: string[] = [];
    for (let first = 0; first < 256; first += 1) {
      for (let length = 0; length < 256; length += 1) {
        const reader = new AckReader({ clean: false, onAck: () => undefined });
        if (before.length > 0) reader.read(Buffer.from(before));
        for (let ping = 0; ping < pings; ping += 1) reader.pinged();
        try {
          reader.read(Buffer.from([first, length]));
          pairs.push(Buffer.from([first, length]).toString("hex"));
        } catch (error) {
          assert.ok(error instanceof MqttProtocolError);
          assert.match(error.message, /^the broker sent [A-Z]+.*\. Cure: /);
        }
      }
    }
    return pairs;
  };
  const connack = [0x20, 2, 0, 0];
  assert.deepEqual(taken([], 0), ["2002"]);
  assert.deepEqual(taken(connack, 0), ["4002", "5002", "7002"]);
  assert.deepEqual(taken(connack, 1), ["4002", "5002", "7002", "d000"]);
});
