/** The MQTT publisher against a scripted broker that speaks packet by packet (mqtt-packet is the independent judge). */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import mqttPacket, { type Packet } from "mqtt-packet";
import { InboundGuard, MqttProtocolError } from "../../app/cells/mqtt/inbound-guard.ts";
import { Publisher } from "../../app/cells/mqtt/publisher.ts";
import { tlsOptions } from "../../app/cells/mqtt/tls-options.ts";
import type { MqttSettings } from "../../app/config/mqtt.ts";
import { encodeFrame, type Frame, FrameReader } from "../../app/link/frame.ts";
import { type Certificate, Pki } from "../lab/pki.ts";
import { makeFolder } from "./app-folder.ts";
import { until } from "./app-until.ts";

const { folder, remove } = makeFolder();
const pki = new Pki(folder);
let ca: Certificate;
let brokerCertificate: Certificate;
let client: Certificate;
const open: { close(): void }[] = [];

before(async () => {
  ca = await pki.issue({ name: "ca", use: "ca", key: "ec:P-256" });
  brokerCertificate = await pki.issue({
    name: "broker",
    use: "tls-server",
    issuer: ca,
    key: "ec:P-256",
    altNames: ["IP:127.0.0.1"],
  });
  client = await pki.issue({ name: "client", use: "tls-client", issuer: ca, key: "ec:P-256" });
});
after(remove);
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

const text = (file: string): string => readFileSync(file, "utf8");

/** One connection as the broker sees it: packets come out one by one, answers go in. */
class Link {
  readonly #packets: Packet[] = [];
  readonly #socket: TLSSocket;
  #wake: (() => void) | null = null;
  closed = false;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    parser.on("packet", (packet: Packet) => {
      this.#packets.push(packet);
      this.#wake?.();
    });
    socket.on("data", (chunk) => parser.parse(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.#wake?.();
    });
  }

  /** The next packet, or null when the client has closed the connection. */
  async next(): Promise<Packet | null> {
    while (this.#packets.length === 0 && !this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#packets.shift() ?? null;
  }

  async expect<C extends Packet["cmd"]>(cmd: C): Promise<Extract<Packet, { cmd: C }>> {
    const packet = await this.next();
    assert.equal(packet?.cmd ?? "end of the connection", cmd);
    return packet as Extract<Packet, { cmd: C }>;
  }

  send(packet: Packet): void {
    this.#socket.write(mqttPacket.generate(packet));
  }
  raw(bytes: readonly number[]): void {
    this.#socket.write(Buffer.from(bytes));
  }
  async accept(sessionPresent = false): Promise<Extract<Packet, { cmd: "connect" }>> {
    const connect = await this.expect("connect");
    this.send({ cmd: "connack", returnCode: 0, sessionPresent });
    return connect;
  }
  drop(): void {
    this.#socket.destroy();
  }
}

class ScriptedBroker {
  readonly port: number;
  readonly #links: Link[];
  readonly #wake: { current: (() => void) | null };

  private constructor(port: number, links: Link[], wake: { current: (() => void) | null }) {
    this.port = port;
    this.#links = links;
    this.#wake = wake;
  }

  static async listen(): Promise<ScriptedBroker> {
    const links: Link[] = [];
    const wake: { current: (() => void) | null } = { current: null };
    const server = createServer({
      cert: text(brokerCertificate.certFile),
      key: text(brokerCertificate.keyFile),
      ca: text(ca.certFile),
      requestCert: true,
      rejectUnauthorized: true,
    });
    server.on("secureConnection", (socket) => {
      links.push(new Link(socket));
      wake.current?.();
    });
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    open.push(server);
    return new ScriptedBroker((server.address() as AddressInfo).port, links, wake);
  }

  async connection(): Promise<Link> {
    while (this.#links.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake.current = resolve;
      });
    }
    return this.#links.shift() as Link;
  }
}

function settings(port: number, change: Partial<MqttSettings> = {}): MqttSettings {
  return {
    hubId: 0,
    name: "test",
    clientId: "gateway",
    host: "127.0.0.1",
    port,
    certificatePem: text(client.certFile),
    privateKeyPem: text(client.keyFile),
    trustedPem: [text(ca.certFile)],
    user: { name: "user", password: "password" },
    will: { topicName: "will", message: "gone" },
    keepAlive: 60,
    qos: 1,
    topics: [
      { port: 1, name: "a", topicName: "Plant 1/ä", pointer: "/topics/0" },
      { port: 2, name: "b", topicName: "/", pointer: "/topics/1" },
    ],
    warnings: [],
    ...change,
  };
}

/** A publisher with its log and its source laid open. */
function publisherOf(configured: MqttSettings) {
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  const source = {
    paused: false,
    pause() {
      source.paused = true;
    },
    resume() {
      source.paused = false;
    },
  };
  const publisher = new Publisher({
    settings: configured,
    log: { info: note, warning: note, error: note },
    source,
    onFirst: () => undefined,
  });
  open.push({ close: () => publisher.stop(() => undefined) });
  publisher.start();
  const push = (...values: readonly string[]) => publisher.push(values.map((value) => frame(1, value)));
  return { publisher, lines, source, push };
}

function frame(port: number, value: string): Frame {
  const frames: Frame[] = [];
  new FrameReader().push(encodeFrame(port, value), (each) => frames.push(each));
  return frames[0] as Frame;
}

const payload = (packet: Extract<Packet, { cmd: "publish" }>): string => packet.payload.toString();

test("CONNECT carries what is configured, and messages are never retained", async () => {
  const broker = await ScriptedBroker.listen();
  const { push, publisher } = publisherOf(settings(broker.port));
  const link = await broker.connection();
  const { clientId, clean, keepalive, username, password, will, protocolVersion } = await link.accept();
  assert.deepEqual(
    { clientId, clean, keepalive, username, password: password?.toString(), protocolVersion },
    {
      clientId: "gateway",
      clean: false,
      keepalive: 60,
      username: "user",
      password: "password",
      protocolVersion: 4,
    },
  );
  assert.deepEqual(
    { ...will, payload: will?.payload.toString() },
    { topic: "will", payload: "gone", qos: 1, retain: false },
  );
  push('{"Value":1}');
  const { topic, qos, retain, dup, payload: bytes } = await link.expect("publish");
  assert.deepEqual(
    { topic, qos, retain, dup, text: bytes.toString() },
    { topic: "Plant 1/ä", qos: 1, retain: false, dup: false, text: '{"Value":1}' },
  );
  publisher.push([frame(2, "x")]);
  assert.equal((await link.expect("publish")).topic, "/");
});

test("what was not acknowledged comes again first, in order, with DUP and the same id; nothing else does", async () => {
  const broker = await ScriptedBroker.listen();
  const { push } = publisherOf(settings(broker.port));
  const first = await broker.connection();
  await first.accept();
  push("0", "1", "2", "3");
  const ids: (number | undefined)[] = [];
  for (let count = 0; count < 4; count += 1) ids.push((await first.expect("publish")).messageId);
  assert.equal(new Set(ids).size, 4);
  first.send({ cmd: "puback", messageId: ids[0] ?? 0 });
  first.send({ cmd: "puback", messageId: ids[2] ?? 0 });
  push("4");
  const fourth = await first.expect("publish");
  first.drop();

  const second = await broker.connection();
  assert.equal((await second.accept(true)).clean, false);
  for (const [value, id] of [
    ["1", ids[1]],
    ["3", ids[3]],
    ["4", fourth.messageId],
  ] as const) {
    const again = await second.expect("publish");
    assert.deepEqual([payload(again), again.messageId, again.dup], [value, id, true]);
    second.send({ cmd: "puback", messageId: again.messageId ?? 0 });
  }
  push("5");
  const fresh = await second.expect("publish");
  assert.deepEqual([payload(fresh), fresh.dup], ["5", false]);
});

test("the connection breaks again in the middle of the repetition: still nothing is lost or out of order", async () => {
  const broker = await ScriptedBroker.listen();
  const { push } = publisherOf(settings(broker.port));
  let link = await broker.connection();
  await link.accept();
  const values = ["0", "1", "2", "3", "4", "5"];
  push(...values);
  for (const _ of values) await link.expect("publish");
  link.drop();
  const acknowledged: string[] = [];
  for (let connection = 0; connection < 3; connection += 1) {
    link = await broker.connection();
    await link.accept(true);
    for (let count = 0; count < 2; count += 1) {
      const again = await link.expect("publish");
      assert.equal(again.dup, true);
      acknowledged.push(payload(again));
      link.send({ cmd: "puback", messageId: again.messageId ?? 0 });
    }
    // The third PUBLISH of this connection proves that both acknowledgements were taken in; then the line breaks.
    if (connection < 2) {
      await link.expect("publish");
      link.drop();
    }
  }
  assert.deepEqual(acknowledged, values);
  push("6");
  assert.equal(payload(await link.expect("publish")), "6");
});

test("quality of service 2: the broker forgets the predecessor's ids first; PUBREL is repeated, PUBLISH is not", async () => {
  const broker = await ScriptedBroker.listen();
  const { push } = publisherOf(settings(broker.port, { qos: 2 }));
  const forgetting = await broker.connection();
  assert.equal((await forgetting.accept()).clean, true);
  await forgetting.expect("disconnect");
  const first = await broker.connection();
  assert.equal((await first.accept()).clean, false);
  push("0");
  const { messageId = 0, qos } = await first.expect("publish");
  assert.equal(qos, 2);
  first.send({ cmd: "pubrec", messageId });
  assert.equal((await first.expect("pubrel")).messageId, messageId);
  first.drop();
  const second = await broker.connection();
  await second.accept(true);
  assert.equal((await second.expect("pubrel")).messageId, messageId);
  second.send({ cmd: "pubcomp", messageId });
  push("1");
  const next = await second.expect("publish");
  assert.deepEqual([payload(next), next.dup], ["1", false]);
});

test("quality of service 0: a clean session, no ids, nothing repeated", async () => {
  const broker = await ScriptedBroker.listen();
  const { push } = publisherOf(settings(broker.port, { qos: 0 }));
  const link = await broker.connection();
  assert.equal((await link.accept()).clean, true);
  push("0");
  const packet = await link.expect("publish");
  assert.deepEqual([packet.qos, packet.messageId], [0, undefined]);
});

test("no more than the window is under way; the source is paused and goes on with the acknowledgements", async () => {
  const broker = await ScriptedBroker.listen();
  const { publisher, source } = publisherOf(settings(broker.port));
  assert.equal(source.paused, true, "nothing is read before there is a connection");
  const link = await broker.connection();
  await link.accept();
  await until(() => !source.paused);
  const total = 200;
  publisher.push(Array.from({ length: total }, (_, index) => frame(1, String(index))));
  assert.equal(source.paused, true);
  const received: string[] = [];
  for (let count = 0; count < total; count += 1) {
    const packet = await link.expect("publish");
    received.push(payload(packet));
    link.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
  }
  assert.deepEqual(
    received,
    Array.from({ length: total }, (_, index) => String(index)),
  );
  await until(() => !source.paused);
  link.drop();
  await until(() => source.paused);
});

test("whatever a publisher never asked for ends the connection, with a line that says so", async () => {
  const cases: readonly (readonly [string, readonly number[], RegExp])[] = [
    [
      "PUBLISH",
      [0x30, 5, 0, 1, 0x61, 0x62, 0x63],
      /the broker sent PUBLISH with flags 0, which a publisher never asked for/,
    ],
    ["SUBACK", [0x90, 3, 0, 1, 0], /sent SUBACK/],
    ["PUBREL", [0x62, 2, 0, 1], /sent PUBREL/],
    ["CONNECT", [0x10, 0], /sent CONNECT/],
    ["PUBACK that is too long", [0x40, 3, 0, 1, 0], /sent PUBACK with the wrong length 3/],
    ["reserved type", [0xf0, 0], /sent RESERVED/],
    ["endless packet", [0x30, 0xff, 0xff, 0xff, 0x7f], /sent PUBLISH/],
  ];
  for (const [what, bytes, line] of cases) {
    const broker = await ScriptedBroker.listen();
    const { lines, publisher } = publisherOf(settings(broker.port));
    const link = await broker.connection();
    await link.accept();
    link.raw(bytes);
    assert.equal(await link.next(), null, what);
    await until(() => lines.length > 1);
    assert.match(lines[1] ?? "", line, what);
    publisher.stop(() => undefined);
  }
});

test("a refused CONNECT says why, once, and is tried again", async () => {
  const causes: readonly (readonly [number, RegExp])[] = [
    [1, /does not speak MQTT 3\.1\.1/],
    [2, /refuses the client identifier/],
    [3, /is not available/],
    [4, /refuses user name or password\. Cure: correct userCredentials/],
    [5, /does not authorise this client/],
  ];
  for (const [returnCode, line] of causes) {
    const broker = await ScriptedBroker.listen();
    const { lines, publisher } = publisherOf(settings(broker.port));
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const link = await broker.connection();
      await link.expect("connect");
      link.send({ cmd: "connack", returnCode, sessionPresent: false });
      assert.equal(await link.next(), null);
    }
    await (await broker.connection()).accept();
    await until(() => lines.length > 1);
    assert.equal(lines.length, 2, lines.join("\n"));
    assert.match(lines[0] ?? "", line);
    assert.match(
      lines[0] ?? "",
      /^MQTT Publisher can't connect to 127\.0\.0\.1 port \d+: .*\. It keeps trying$/,
    );
    assert.match(lines[1] ?? "", /^MQTT Publisher established connection/);
    publisher.stop(() => undefined);
  }
});

test("the good-bye is a DISCONNECT, so that the last will stays unpublished", async () => {
  const broker = await ScriptedBroker.listen();
  const { publisher, lines, push } = publisherOf(settings(broker.port));
  const link = await broker.connection();
  await link.accept();
  await until(() => lines.length > 0);
  push("never acknowledged");
  const done = new Promise<void>((resolve) => publisher.stop(resolve));
  await link.expect("publish");
  await link.expect("disconnect");
  await done;
});

test("stopping before the broker has answered just ends the connection", async () => {
  const broker = await ScriptedBroker.listen();
  const { publisher } = publisherOf(settings(broker.port));
  const link = await broker.connection();
  await link.expect("connect");
  await new Promise<void>((resolve) => publisher.stop(resolve));
  assert.equal(await link.next(), null);
});

test("a broker that takes everything and answers nothing is noticed within 1.5 keep-alive times", async () => {
  const broker = await ScriptedBroker.listen();
  const { lines } = publisherOf(settings(broker.port, { keepAlive: 2 }));
  const link = await broker.connection();
  await link.accept();
  const started = Date.now();
  await link.expect("pingreq");
  assert.equal(await link.next(), null);
  const seconds = (Date.now() - started) / 1000;
  assert.ok(seconds <= 2 * 1.5 + 0.5, `noticed after ${seconds} s`);
  await until(() => lines.length > 1);
  assert.match(lines[1] ?? "", /lost its connection to .*: .*. It keeps trying/);
});

test("the guard reads any splitting alike and remembers nothing but where it is", () => {
  const guard = new InboundGuard();
  const allowed = Buffer.from([0x20, 2, 0, 0, 0x40, 2, 0, 1, 0xd0, 0, 0x50, 2, 0, 9, 0x70, 2, 0, 9]);
  for (const byte of allowed) guard.check(Buffer.from([byte]));
  guard.check(allowed);
  assert.throws(() => guard.check(Buffer.from([0x40, 2, 0, 1, 0x31])), MqttProtocolError);
});

test("a broker with a certificate of somebody else, or for another host, is refused with a cure", async () => {
  const foreign = await pki.issue({ name: "foreign-ca", use: "ca", key: "ec:P-256" });
  const broker = await ScriptedBroker.listen();
  const refused = async (change: Partial<MqttSettings>): Promise<string> => {
    const { lines, publisher } = publisherOf(settings(broker.port, change));
    await until(() => lines.length > 0);
    publisher.stop(() => undefined);
    return lines[0] ?? "";
  };
  assert.match(
    await refused({ trustedPem: [text(foreign.certFile)] }),
    /was not issued by an authority in trustStore\. Cure: /,
  );
  assert.match(await refused({ host: "localhost" }), /was made for another host name or address\. Cure: /);
  const closed = createTcpServer();
  closed.listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as AddressInfo;
  closed.close();
  assert.match(await refused({ port }), /the broker refuses the connection\. Cure: start the broker/);
});

/** Cipher suites and signature algorithms of the ClientHello that the options lead to. */
async function clientHello(): Promise<{ suites: number[]; signatures: number[]; versions: number[] }> {
  const server: Server = createTcpServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(server);
  const { connect } = await import("node:tls");
  const socket = connect(tlsOptions(settings((server.address() as AddressInfo).port)));
  socket.on("error", () => undefined);
  const [peer] = (await once(server, "connection")) as [import("node:net").Socket];
  const [record] = (await once(peer, "data")) as [Buffer];
  socket.destroy();
  peer.destroy();
  const words = (bytes: Buffer): number[] =>
    Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16BE(index * 2));
  // Record 5, handshake head 4, version 2, random 32, session id.
  let at = 5 + 4 + 2 + 32;
  at += 1 + record.readUInt8(at);
  const suites = words(record.subarray(at + 2, at + 2 + record.readUInt16BE(at)));
  at += 2 + record.readUInt16BE(at);
  at += 1 + record.readUInt8(at);
  const end = at + 2 + record.readUInt16BE(at);
  const extensions = new Map<number, Buffer>();
  for (at += 2; at < end; ) {
    const length = record.readUInt16BE(at + 2);
    extensions.set(record.readUInt16BE(at), record.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return {
    suites,
    signatures: words((extensions.get(13) ?? Buffer.alloc(2)).subarray(2)),
    versions: words((extensions.get(43) ?? Buffer.alloc(1)).subarray(1)),
  };
}

test("TLS offers exactly the suites, signatures and versions that the guide lists (R123–R126)", async () => {
  const { suites, signatures, versions } = await clientHello();
  const SCSV = 0x00ff;
  const hex = (list: readonly number[]) =>
    list.filter((each) => each !== SCSV).map((each) => each.toString(16).padStart(4, "0"));
  assert.deepEqual(
    hex(suites).sort(),
    ["1301", "1302", "1303", "1304", "009f", "c02b", "c02c", "c02f", "c030", "cca8", "ccaa"].sort(),
  );
  // Within each version in the order of R124.
  const order = hex(suites);
  assert.deepEqual(
    order.filter((suite) => suite.startsWith("13")),
    ["1303", "1302", "1301", "1304"],
  );
  assert.deepEqual(
    order.filter((suite) => !suite.startsWith("13")),
    ["c02c", "c02b", "cca8", "c030", "c02f", "ccaa", "009f"],
  );
  assert.deepEqual(hex(signatures), [
    "0603",
    "0503",
    "0403",
    "0807",
    "0808",
    "080b",
    "0806",
    "080a",
    "0805",
    "0809",
    "0804",
    "0501",
    "0601",
    "0401",
  ]);
  assert.deepEqual(hex(versions), ["0304", "0303"]);
});
