/** What is on its way to the broker, packet by packet: acknowledgements, repetition, identifiers, counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import mqttPacket, { type Packet } from "mqtt-packet";
import { MqttProtocolError, PUBACK, PUBCOMP, PUBREC } from "../../app/cells/mqtt/ack-reader.ts";
import { Outbox } from "../../app/cells/mqtt/outbox.ts";
import { topicTable } from "../../app/cells/mqtt/packets.ts";
import type { QualityOfService } from "../../app/config/mqtt-file.ts";
import { encodeFrame, FrameReader } from "../../app/link/frame.ts";

type Publish = Extract<Packet, { cmd: "publish" }>;

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

/** Port 0 has quality of service 0, and so on. */
const ALL = ([0, 1, 2] as const).map((qos) => topicOf(qos, qos));

function topicOf(port: number, qualityOfService: QualityOfService) {
  return { port, topicName: `t${port}`, qualityOfService, retain: false };
}

/** With one topic, at port 1. */
function newOutbox(qos: QualityOfService): Outbox {
  return new Outbox(topicTable([topicOf(1, qos)]));
}

function add(outbox: Outbox, ...texts: readonly string[]): number {
  return addTo(outbox, ...texts.map((text) => [1, text] as const));
}

/** Puts messages in as the publisher does; returns how many had room. */
function addTo(outbox: Outbox, ...messages: readonly (readonly [port: number, text: string])[]): number {
  const reader = new FrameReader();
  reader.feed(Buffer.concat(messages.map(([port, text]) => encodeFrame(port, text))));
  let taken = 0;
  for (let count = reader.next(); count > 0; count = reader.next()) {
    const now = outbox.add(reader.bytes, reader.found, 0, count);
    taken += now;
    if (now < count) break;
  }
  return taken;
}

/** What the outbox writes, as long as the connection lasts. */
function connect(outbox: Outbox, sessionPresent = true): Buffer[] {
  const written: Buffer[] = [];
  // A copy: acknowledged memory is used again.
  outbox.connected((bytes) => written.push(Buffer.from(bytes)) > 0, sessionPresent);
  return written;
}

test("acknowledgements in any order, connections that break: everything arrives, in order, repeated with DUP first (L15)", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), count: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ kind: fc.constant("ack" as const), pick: fc.nat(), many: fc.boolean() }),
    fc.record({ kind: fc.constant("break" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const outbox = newOutbox(1);
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
          assert.equal(outbox.waitingFor, waiting.keys().next().value ?? 0);
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
  const outbox = newOutbox(1);
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
  const outbox = newOutbox(2);
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
  assert.equal(outbox.waitingFor, 0);
});

/** Port, identifier and DUP of each message. */
const shape = (packets: readonly Publish[]) =>
  packets.map(({ topic, messageId = 0, dup }) => [topic, messageId, dup]);

test("quality of service by topic: one stream, ids without gaps; what has quality of service 0 is never sent again (L11)", () => {
  const outbox = new Outbox(topicTable(ALL));
  const written = connect(outbox);
  const ports = [0, 1, 2, 0, 1, 0];
  assert.equal(addTo(outbox, ...ports.map((port, index) => [port, String(index)] as const)), ports.length);
  outbox.flush();
  assert.equal(written.length, 1, "in one piece");
  assert.deepEqual(shape(publishes(written)), [
    ["t0", 0, false],
    ["t1", 1, false],
    ["t2", 2, false],
    ["t0", 0, false],
    ["t1", 3, false],
    ["t0", 0, false],
  ]);
  assert.throws(() => outbox.acknowledge(PUBACK, 2, 1), /sent PUBACK for message 2, which does not wait/);
  assert.throws(() => outbox.acknowledge(PUBREC, 1, 1), /sent PUBREC for message 1, which does not wait/);
  outbox.disconnected();
  const again = connect(outbox);
  assert.deepEqual(shape(publishes(again)), [
    ["t1", 1, true],
    ["t2", 2, true],
    ["t1", 3, true],
  ]);
  outbox.acknowledge(PUBREC, 2, 1);
  assert.throws(
    () => outbox.acknowledge(PUBACK, 1, 3),
    MqttProtocolError,
    "PUBACKs in a row, one of them wrong",
  );
  outbox.acknowledge(PUBACK, 3, 1);
  outbox.acknowledge(PUBCOMP, 2, 1);
  assert.equal(outbox.waitingFor, 0);
});

test("the 17th message with quality of service 2 waits; the others beside it do not count (L11)", () => {
  const outbox = new Outbox(topicTable(ALL));
  const written = connect(outbox);
  const twos = (count: number) => Array.from({ length: count }, () => [2, "2"] as const);
  const others = [0, 1, 1, 0].map((port) => [port, "x"] as const);
  assert.equal(addTo(outbox, ...twos(10), ...others, ...twos(6), ...others, ...twos(1), ...others), 24);
  outbox.flush();
  assert.equal(addTo(outbox, ...twos(1)), 0);
  const all = publishes(written);
  assert.equal(all.filter(({ qos }) => qos === 2).length, 16);
  for (const { qos, messageId = 0 } of all) if (qos === 1) outbox.acknowledge(PUBACK, messageId, 1);
  assert.equal(addTo(outbox, ...twos(1)), 0);
  const third = all.filter(({ qos }) => qos === 2)[2]?.messageId ?? 0;
  outbox.acknowledge(PUBREC, third, 1);
  outbox.acknowledge(PUBCOMP, third, 1);
  assert.equal(addTo(outbox, ...twos(2)), 1);
});

test("the broker has lost the session: all that is not done comes as new, without DUP, in order (L15)", () => {
  const outbox = new Outbox(topicTable(ALL));
  connect(outbox);
  addTo(outbox, [1, "a"], [2, "b"], [0, "c"], [2, "d"], [1, "e"], [2, "f"]);
  outbox.flush();
  outbox.acknowledge(PUBREC, 2, 1);
  outbox.acknowledge(PUBREC, 3, 1);
  outbox.acknowledge(PUBCOMP, 3, 1);
  outbox.disconnected();
  assert.deepEqual(shape(publishes(connect(outbox).slice(0, 1))), [["t1", 1, true]]);
  outbox.disconnected();
  const written = connect(outbox, false);
  assert.deepEqual(shape(publishes(written)), [
    ["t1", 1, false],
    ["t2", 2, false],
    ["t1", 4, false],
    ["t2", 5, false],
  ]);
  assert.throws(() => outbox.acknowledge(PUBCOMP, 2, 1), MqttProtocolError, "it has to begin anew");
  for (const id of [2, 5]) outbox.acknowledge(PUBREC, id, 1);
  for (const id of [2, 5]) outbox.acknowledge(PUBCOMP, id, 1);
  for (const id of [1, 4]) outbox.acknowledge(PUBACK, id, 1);
  assert.equal(outbox.waitingFor, 0);
});

test("messages are counted by port when they are acknowledged, with quality of service 0 when they are written", () => {
  const outbox = new Outbox(topicTable(ALL));
  const counts = () => [...outbox.published()];
  connect(outbox);
  addTo(outbox, [0, "a"], [1, "b"], [1, "c"], [2, "d"], [0, "e"]);
  outbox.flush();
  const expected = (zero: number, one: number, two: number) => [
    [0, zero],
    [1, one],
    [2, two],
  ];
  assert.deepEqual(counts(), expected(2, 0, 0));
  outbox.acknowledge(PUBACK, 2, 1);
  outbox.acknowledge(PUBREC, 3, 1);
  assert.deepEqual(counts(), expected(2, 1, 0));
  outbox.disconnected();
  connect(outbox);
  outbox.acknowledge(PUBCOMP, 3, 1);
  assert.deepEqual(counts(), expected(2, 1, 1), "what is sent again does not count again");
  outbox.acknowledge(PUBACK, 1, 1);
  assert.deepEqual(counts(), expected(2, 2, 1));
});
