/**
 * A model of a broker, and between it and the outbox a line that carries any number of bytes at a time and breaks at any
 * of them: whatever is added, carried, lost and connected in whatever order, everything arrives as its quality of
 * service has it (MQTT 3.1.1 §4.3, §4.4, §4.6).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import mqttPacket, { type Packet } from "mqtt-packet";
import { AckReader } from "../../app/cells/mqtt/ack-reader.ts";
import { Outbox } from "../../app/cells/mqtt/outbox.ts";
import { topicTable } from "../../app/cells/mqtt/packets.ts";
import type { QualityOfService } from "../../app/config/mqtt-file.ts";
import { encodeFrame, FrameReader } from "../../app/link/frame.ts";

type Publish = Extract<Packet, { cmd: "publish" }>;

/** Quality of service by port. */
const QUALITIES: readonly QualityOfService[] = [0, 1, 2, 1, 2];
const MOST_EXACTLY_ONCE = 16;
const CONNACK_BYTES = 4;
/** The socket takes so many bytes before it wants to be left alone. */
const SOCKET_BYTES = 20_000;

/** When a broker hands a message with quality of service 2 on: as soon as it has it, or when it is released (§4.3.3). */
type Handing = "at once" | "when released";

/** What a broker does, without any choice of its own. */
class ModelBroker {
  readonly #handing: Handing;
  /** Of quality of service 2: received and not released. */
  readonly #received = new Map<number, Publish>();
  /** What its subscribers get, by port. */
  readonly delivered: string[][] = QUALITIES.map(() => []);
  sessionPresent = false;
  /** Bytes for the gateway. */
  answers: Buffer = Buffer.alloc(0);
  #parser = mqttPacket.parser();

  constructor(handing: Handing) {
    this.#handing = handing;
  }

  /** A new connection. With a lost session nothing of the old ones is known. */
  accept(hasSession: boolean): void {
    if (!hasSession) this.#received.clear();
    this.sessionPresent = hasSession;
    this.#parser = mqttPacket.parser({ protocolVersion: 4 });
    this.#parser.on("packet", (packet: Packet) => this.#take(packet));
    this.answers = mqttPacket.generate({ cmd: "connack", returnCode: 0, sessionPresent: hasSession });
  }

  read(bytes: Buffer): void {
    this.#parser.parse(bytes);
  }

  #take(packet: Packet): void {
    if (packet.cmd === "pubrel") {
      const id = packet.messageId ?? 0;
      const message = this.#received.get(id);
      if (message !== undefined && this.#handing === "when released") this.#deliver(message);
      this.#received.delete(id);
      this.#answer({ cmd: "pubcomp", messageId: id });
      return;
    }
    assert.equal(packet.cmd, "publish");
    const { qos, messageId: id = 0, dup } = packet as Publish;
    if (qos === 0) assert.equal(dup, false);
    if (!this.sessionPresent) assert.equal(dup, false, "DUP in a session that has just begun");
    if (qos < 2) this.#deliver(packet as Publish);
    if (qos === 1) this.#answer({ cmd: "puback", messageId: id });
    if (qos !== 2) return;
    if (!this.#received.has(id)) {
      this.#received.set(id, packet as Publish);
      if (this.#handing === "at once") this.#deliver(packet as Publish);
    }
    assert.ok(this.#received.size <= MOST_EXACTLY_ONCE);
    this.#answer({ cmd: "pubrec", messageId: id });
  }

  #deliver({ topic, payload, qos }: Publish): void {
    const port = Number(topic.slice(1));
    assert.equal(qos, QUALITIES[port]);
    this.delivered[port]?.push(payload.toString().trimEnd());
  }

  #answer(packet: Packet): void {
    this.answers = Buffer.concat([this.answers, mqttPacket.generate(packet)]);
  }
}

/** The outbox, the line and the broker. */
class Line {
  readonly broker: ModelBroker;
  readonly outbox = new Outbox(
    topicTable(
      QUALITIES.map((qualityOfService, port) => ({
        port,
        topicName: `t${port}`,
        qualityOfService,
        retain: false,
      })),
    ),
  );
  /** How many messages were added, by port. */
  readonly added = QUALITIES.map(() => 0);
  /** On its way to the broker, as Node.js' sockets have it: in the outbox' own memory. */
  readonly #written: Buffer[] = [];
  #acks: AckReader | null = null;
  #connected = false;

  constructor(handing: Handing) {
    this.broker = new ModelBroker(handing);
  }

  /** Adds messages, as many as have room. */
  add(ports: readonly number[], size: number): void {
    const reader = new FrameReader();
    const next = [...this.added];
    const frames = ports.map((port) => {
      const number = next[port] ?? 0;
      next[port] = number + 1;
      return encodeFrame(port, `${number}`.padEnd(size));
    });
    reader.feed(Buffer.concat(frames));
    let left = ports;
    for (let count = reader.next(); count > 0; count = reader.next()) {
      const taken = this.#connected ? this.outbox.add(reader.bytes, reader.found, 0, count) : 0;
      for (const port of left.slice(0, taken)) this.added[port] = (this.added[port] ?? 0) + 1;
      left = left.slice(taken);
      if (taken < count) break;
    }
    this.outbox.flush();
  }

  connect(hasSession: boolean): void {
    this.disconnect();
    this.broker.accept(hasSession);
    this.#acks = new AckReader({
      clean: false,
      onAck: (type, id, count) => this.outbox.acknowledge(type, id, count),
    });
  }

  disconnect(): void {
    this.#acks = null;
    this.#connected = false;
    this.#written.length = 0;
    this.broker.answers = Buffer.alloc(0);
    this.outbox.disconnected();
  }

  /** Carries so many bytes to the broker, and so many back. */
  carry(there: number, back: number): void {
    if (this.#acks === null) return;
    for (let left = there; left > 0; ) {
      const first = this.#written.shift();
      if (first === undefined) break;
      // A copy: the parser may keep a part of it.
      this.broker.read(Buffer.from(first.subarray(0, left)));
      if (first.length > left) this.#written.unshift(first.subarray(left));
      left -= first.length;
    }
    const answers = this.broker.answers.subarray(0, back);
    this.broker.answers = this.broker.answers.subarray(back);
    if (this.#acks.read(answers) !== null && !this.#connected) {
      this.#connected = true;
      this.outbox.connected((packet) => {
        this.#written.push(packet);
        return this.#written.reduce((sum, { length }) => sum + length, 0) < SOCKET_BYTES;
      }, this.broker.sessionPresent);
    }
    if (this.#connected && this.#written.length === 0) this.outbox.drained();
  }

  /** Carries everything, until nothing is under way. */
  settle(): void {
    do this.carry(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    while (this.#written.length > 0 || this.broker.answers.length > 0);
    assert.equal(this.outbox.waitingFor, 0);
  }
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      ports: fc.oneof(
        fc.array(fc.nat(1), { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(QUALITIES.length - 1), { minLength: 1, maxLength: 40 }),
      ),
      size: fc.constantFrom(1, 10, 300, 5_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("carry" as const),
      there: fc.oneof(fc.constant(0), fc.nat(40), fc.nat(30_000)),
      back: fc.oneof(fc.nat(9), fc.nat(400)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("connect" as const), lost: fc.boolean() }) },
);
type Step =
  | { readonly kind: "add"; readonly ports: readonly number[]; readonly size: number }
  | { readonly kind: "carry"; readonly there: number; readonly back: number }
  | { readonly kind: "connect"; readonly lost: boolean };
const steps: fc.Arbitrary<readonly Step[]> = fc.array(step, { maxLength: 80, size: "max" });

/** Runs the steps, then everything to its end; returns what was added and what was delivered, by port. */
function run(options: { list: readonly Step[]; handing: Handing; losesSessions: boolean }) {
  const line = new Line(options.handing);
  line.connect(false);
  for (const each of options.list) {
    if (each.kind === "add") line.add(each.ports, each.size);
    else if (each.kind === "carry") line.carry(each.there, each.back);
    else {
      const lost = options.losesSessions && each.lost;
      line.connect(!lost);
      // If this CONNACK were lost as well, the next one would speak of the new session: no client could tell.
      if (lost) line.carry(0, CONNACK_BYTES);
    }
  }
  line.connect(true);
  line.settle();
  const all = line.added.map((count) => Array.from({ length: count }, (_, index) => `${index}`));
  const published = QUALITIES.map((_, port) => line.outbox.published().get(port));
  assert.deepEqual(published, line.added, "what the broker has is what is counted");
  return { all, delivered: line.broker.delivered };
}

const handing = fc.constantFrom<Handing>("at once", "when released");

test("lines that break at any byte: 2 exactly once, 1 at least once, 0 at most once, each topic in order (R97, L11, L15)", () => {
  fc.assert(
    fc.property(steps, handing, (list, how) => {
      const { all, delivered } = run({ list, handing: how, losesSessions: false });
      for (const [port, qos] of QUALITIES.entries()) {
        const wanted = all[port] ?? [];
        const got = delivered[port] ?? [];
        const once = [...new Set(got)];
        if (qos === 2) assert.deepEqual(got, wanted);
        else if (qos === 1) assert.deepEqual(once, wanted);
        else
          assert.deepEqual(
            got,
            wanted.filter((text) => got.includes(text)),
          );
      }
    }),
    { numRuns: 400 },
  );
});

test("brokers that lose their sessions on top of it: 2 and 1 at least once, 0 at most once, each topic in order (L15)", () => {
  fc.assert(
    fc.property(steps, handing, (list, how) => {
      const { all, delivered } = run({ list, handing: how, losesSessions: true });
      for (const [port, qos] of QUALITIES.entries()) {
        const wanted = all[port] ?? [];
        const got = delivered[port] ?? [];
        if (qos > 0) assert.deepEqual([...new Set(got)], wanted);
        else
          assert.deepEqual(
            got,
            wanted.filter((text) => got.includes(text)),
          );
      }
    }),
    { numRuns: 400 },
  );
});
