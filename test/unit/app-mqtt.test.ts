/** The MQTT publisher against a scripted broker that speaks packet by packet. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { after, afterEach, before, test } from "node:test";
import mqttPacket, { type Packet } from "mqtt-packet";
import { Publisher } from "../../app/cells/mqtt/publisher.ts";
import type { MqttSettings } from "../../app/config/mqtt.ts";
import { encodeFrame } from "../../app/link/frame.ts";
import { makeFolder } from "./app-folder.ts";
import { type MqttSite, makeMqttSite, mqttSettings, ScriptedBroker } from "./app-scripted-broker.ts";
import { until } from "./app-until.ts";

const { folder, remove } = makeFolder();
let site: MqttSite;
const open: { close(): void }[] = [];

before(async () => {
  site = await makeMqttSite(folder);
});
after(remove);
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function listen(): Promise<ScriptedBroker> {
  const broker = await ScriptedBroker.listen(site);
  open.push(broker);
  return broker;
}

const settings = (port: number, change?: Partial<MqttSettings>): MqttSettings =>
  mqttSettings(site, port, change);

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
    log: { info: note, warning: note, error: note, debug: () => undefined },
    source,
    onFirst: () => undefined,
    backoff: { next: () => 0, reset: () => undefined },
  });
  open.push({ close: () => publisher.stop(() => undefined) });
  publisher.start();
  const push = (...values: readonly string[]) =>
    publisher.push(Buffer.concat(values.map((value) => encodeFrame(1, value))));
  return { publisher, lines, source, push };
}

const payload = (packet: Extract<Packet, { cmd: "publish" }>): string => packet.payload.toString();

test("CONNECT carries what is configured, and messages are never retained (R3, R84, R91–R97, R110–R112)", async () => {
  const broker = await listen();
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
  publisher.push(encodeFrame(2, "x"));
  assert.equal((await link.expect("publish")).topic, "/");
});

test("what was not acknowledged comes again first, in order, with DUP and the same id; nothing else does (L15)", async () => {
  const broker = await listen();
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
  const broker = await listen();
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
    for (const expected of values.slice(acknowledged.length)) {
      const again = await link.expect("publish");
      assert.deepEqual([payload(again), again.dup], [expected, true]);
      if (connection < 2 && acknowledged.length === (connection + 1) * 2) break;
      acknowledged.push(payload(again));
      link.send({ cmd: "puback", messageId: again.messageId ?? 0 });
    }
    // Both acknowledgements arrive, then the connection ends.
    if (connection < 2) link.finish();
  }
  assert.deepEqual(acknowledged, values);
  push("6");
  assert.equal(payload(await link.expect("publish")), "6");
});

test("no more than the window is under way; the source is paused and goes on with the acknowledgements", async () => {
  const broker = await listen();
  const { push, source } = publisherOf(settings(broker.port));
  assert.equal(source.paused, true, "nothing is read before there is a connection");
  const link = await broker.connection();
  await link.accept();
  await until(() => !source.paused);
  const total = 2000;
  push(...Array.from({ length: total }, (_, index) => String(index)));
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

test("the good-bye is a DISCONNECT, so that the last will stays unpublished (R110)", async () => {
  const broker = await listen();
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
  const broker = await listen();
  const { publisher } = publisherOf(settings(broker.port));
  const link = await broker.connection();
  await link.expect("connect");
  await new Promise<void>((resolve) => publisher.stop(resolve));
  assert.equal(await link.next(), null);
});

test("a broker that stops reading stops the publisher; nothing is lost or doubled when it goes on", async () => {
  const broker = await listen();
  const { push, source } = publisherOf(settings(broker.port, { qos: 0 }));
  const link = await broker.connection();
  await link.accept();
  await until(() => !source.paused);
  link.stopReading();
  let sent = 0;
  const long = "x".repeat(10_000);
  while (!source.paused) {
    push(`${sent} ${long}`);
    sent += 1;
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(sent < 10_000, "the publisher takes everything");
  }
  link.readOn();
  for (let count = 0; count < sent; count += 1) {
    assert.equal(payload(await link.expect("publish")), `${count} ${long}`);
  }
  await until(() => !source.paused);
});

test("more bytes than the window holds wait, and a message longer than it goes alone", async () => {
  const broker = await listen();
  const { push, source } = publisherOf(settings(broker.port));
  const link = await broker.connection();
  await link.accept();
  await until(() => !source.paused);
  const texts = Array.from({ length: 6 }, (_, index) => String(index).repeat(200_000));
  push(...texts);
  assert.equal(source.paused, true);
  for (const text of texts) {
    const packet = await link.expect("publish");
    assert.equal(payload(packet), text);
    link.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
  }
  await until(() => !source.paused);
});

test("a broker with a certificate of somebody else, or for another host, is refused with a cure (R127)", async () => {
  const foreign = await site.pki.issue({ name: "foreign-ca", use: "ca", key: "ec:P-256" });
  const broker = await listen();
  const refused = async (change: Partial<MqttSettings>): Promise<string> => {
    const { lines, publisher } = publisherOf(settings(broker.port, change));
    await until(() => lines.length > 0);
    publisher.stop(() => undefined);
    return lines[0] ?? "";
  };
  assert.match(
    await refused({ trustedPem: [readFileSync(foreign.certFile, "utf8")] }),
    /was not issued by an authority in trustStore\. Cure: /,
  );
  assert.match(await refused({ host: "localhost" }), /was made for another host name or address\. Cure: /);
  const closed = createServer();
  closed.listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as AddressInfo;
  closed.close();
  assert.match(await refused({ port }), /the broker refuses the connection\. Cure: start the broker/);
});

test("a broker without TLS at that port gets no more than a greeting of TLS, and the log says what to do (R34, R39, K28)", async () => {
  const greetings: Buffer[] = [];
  /** Speaks MQTT as it comes; `hasty`: answers before it has understood anything. */
  const plain = async (hasty: boolean): Promise<string> => {
    const server = createServer((socket) => {
      const parser = mqttPacket.parser({ protocolVersion: 4 });
      parser.on("packet", () => assert.fail("plain MQTT was sent"));
      parser.on("error", () => socket.destroy());
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        greetings.push(chunk);
        if (hasty)
          socket.end(
            mqttPacket.generate({
              cmd: "publish",
              topic: "topic",
              payload: "x",
              qos: 0,
              dup: false,
              retain: false,
            }),
          );
        else parser.parse(chunk);
      });
    });
    open.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { lines, publisher } = publisherOf(settings((server.address() as AddressInfo).port));
    await until(() => lines.length > 0);
    publisher.stop(() => undefined);
    return lines[0] ?? "";
  };
  const noTls = /: there is no TLS at that port\. Cure: use the broker's TLS port, usually 8883 \(/;
  assert.match(await plain(true), noTls);
  const closed =
    /: the broker closed the connection before TLS was agreed on\. Cure: use the broker's TLS port, usually 8883; if it/;
  assert.match(await plain(false), closed);
  for (const greeting of greetings) {
    assert.equal(greeting[0], 0x16, "a TLS handshake record");
    for (const secret of ["password", "user", "gateway"]) assert.ok(!greeting.includes(secret));
  }
});

test("a reconnect resumes the TLS session: no private key operation, no certificate to check", async () => {
  const broker = await listen();
  const { push } = publisherOf(settings(broker.port));
  const first = await broker.connection();
  await first.accept();
  push("0");
  const { messageId } = await first.expect("publish");
  first.send({ cmd: "puback", messageId: messageId ?? 0 });
  assert.equal(first.resumed, false);
  first.drop();
  const second = await broker.connection();
  await second.accept(true);
  assert.equal(second.resumed, true);
});

test("08-ssl-connect-no-auth: a broker that asks for no certificate gets none, and everything goes on (R87)", async () => {
  const broker = await ScriptedBroker.listen(site, { requestCert: false });
  open.push(broker);
  const { push } = publisherOf(settings(broker.port));
  const link = await broker.connection();
  await link.accept();
  push("0");
  assert.equal(payload(await link.expect("publish")), "0");
});
