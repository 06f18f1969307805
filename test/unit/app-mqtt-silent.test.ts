/**
 * Brokers that stop answering, each in its own way. Each test moves the clock itself, so that the times are exact and
 * nobody waits: when the gateway had not noticed by then, it never would.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, afterEach, before, beforeEach, mock, test } from "node:test";
import { makeFolder } from "./app-folder.ts";
import { bytesOf, CONNACK, play, publish } from "./app-mqtt-play.ts";
import { type MqttSite, makeMqttSite } from "./app-scripted-broker.ts";
import { until } from "./app-until.ts";

const { folder, remove } = makeFolder();
const PINGREQ = { cmd: "pingreq" } as const;
const PINGRESP = { cmd: "pingresp" } as const;
const NO_ANSWER = /the broker does not answer any more, not even a ping/;
const NO_ACKNOWLEDGEMENT = /the broker acknowledges no messages/;
let site: MqttSite;

before(async () => {
  site = await makeMqttSite(folder);
});
after(remove);
beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "setInterval"] }));
afterEach(() => mock.timers.reset());

const seconds = (count: number): void => mock.timers.tick(count * 1000);

test("pings come one keep-alive time apart, and answers to them keep the connection (R96)", () =>
  play(site, { keepAlive: 10 }, async (stage) => {
    await stage.starts();
    for (let round = 0; round < 3; round += 1) {
      seconds(10);
      await stage.gets(PINGREQ);
      // The acknowledgement behind the answer shows that the answer was read.
      stage.publishes(`${round}`);
      await stage.gets(publish(`${round}`, { id: round + 1 }));
      stage.sends(PINGRESP, { cmd: "puback", messageId: round + 1 });
      await until(() => stage.publisher.published().get(1) === round + 1);
    }
    await stage.stops();
  }));

test("a broker that answers nothing is noticed within 1.5 keep-alive times (R96, L14)", () =>
  play(site, { keepAlive: 60 }, async (stage) => {
    await stage.starts();
    seconds(60);
    await stage.gets(PINGREQ);
    seconds(30);
    await stage.closes(NO_ANSWER);
  }));

test("a keep-alive time of 65535 s is what it says (R96, L14)", () =>
  play(site, { keepAlive: 65535 }, async (stage) => {
    await stage.starts();
    seconds(65535);
    await stage.gets(PINGREQ);
    seconds(65535 / 2 + 1);
    await stage.closes(NO_ANSWER);
  }));

test("messages and acknowledgements do not hide that pings stay without an answer (L14)", () =>
  play(site, { keepAlive: 60 }, async (stage) => {
    await stage.starts();
    for (let id = 1; id <= 17; id += 1) {
      seconds(5);
      if (id === 12) await stage.gets(PINGREQ);
      stage.publishes(`${id}`);
      await stage.gets(publish(`${id}`, { id }));
      stage.sends({ cmd: "puback", messageId: id });
      await until(() => stage.publisher.published().get(1) === id);
    }
    seconds(5);
    await stage.closes(NO_ANSWER);
  }));

test("half-open TCP: what is written goes into buffers, nothing comes back; noticed within 1.5 keep-alive times (L14)", () =>
  play(site, { keepAlive: 60, qos: 0 }, async (stage) => {
    await stage.starts();
    stage.link.stopReading();
    for (let round = 0; round < 18; round += 1) {
      stage.publishes(`${round}`);
      seconds(5);
    }
    await until(() => stage.lines.some((line) => NO_ANSWER.test(line)));
    stage.link.readOn();
    await until(() => stage.link.closed);
  }));

test("03-publish-c2b-qos1-timeout: pings are answered, PUBACK never comes; the message comes again on a new connection (L14, L15)", () =>
  play(site, { keepAlive: 60 }, async (stage) => {
    await stage.starts();
    seconds(50);
    stage.publishes("message");
    await stage.gets(publish("message"));
    seconds(10);
    await stage.gets(PINGREQ);
    stage.sends(PINGRESP);
    // The ping of the next minute would be too late by far.
    seconds(20);
    await stage.closes(NO_ACKNOWLEDGEMENT);
    mock.timers.tick(0);
    await stage.isAccepted({ sessionPresent: true });
    await stage.gets(publish("message", { dup: true }));
    stage.sends({ cmd: "puback", messageId: 1 });
    await stage.stops();
  }));

test("03-publish-c2b-qos2-timeout: neither PUBREC nor PUBCOMP comes (L14, L15)", () =>
  play(site, { qos: 2 }, async (stage) => {
    await stage.starts();
    stage.publishes("message");
    await stage.gets(publish("message", { qos: 2 }));
    seconds(30);
    await stage.closes(NO_ACKNOWLEDGEMENT);
    mock.timers.tick(0);
    await stage.isAccepted({ sessionPresent: true });
    await stage.gets(publish("message", { qos: 2, dup: true }));
    stage.sends({ cmd: "pubrec", messageId: 1 });
    await stage.gets({ cmd: "pubrel", messageId: 1 });
    seconds(30);
    await stage.ends();
    await until(() => stage.lines.filter((line) => NO_ACKNOWLEDGEMENT.test(line)).length === 2);
    mock.timers.tick(0);
    await stage.isAccepted({ sessionPresent: true });
    await stage.gets({ cmd: "pubrel", messageId: 1 });
    stage.sends({ cmd: "pubcomp", messageId: 1 });
    await stage.stops();
  }));

test("one message is passed over while all others are acknowledged: noticed all the same (L14)", () =>
  play(site, { keepAlive: 1000 }, async (stage) => {
    await stage.starts();
    stage.publishes("passed over");
    await stage.gets(publish("passed over"));
    for (let id = 2; id <= 7; id += 1) {
      seconds(4);
      stage.publishes(`${id}`);
      await stage.gets(publish(`${id}`, { id }));
      stage.sends({ cmd: "puback", messageId: id });
      await until(() => stage.publisher.published().get(1) === id - 1);
    }
    seconds(6);
    await stage.closes(NO_ACKNOWLEDGEMENT);
    mock.timers.tick(0);
    await stage.isAccepted({ sessionPresent: true });
    await stage.gets(publish("passed over", { dup: true }));
    stage.sends({ cmd: "puback", messageId: 1 });
    await stage.stops();
  }));

test("with a short keep-alive time PUBACK has 1.5 of it, too (L14)", () =>
  play(site, { keepAlive: 8 }, async (stage) => {
    await stage.starts();
    seconds(4);
    stage.publishes("message");
    await stage.gets(publish("message"));
    seconds(4);
    await stage.gets(PINGREQ);
    stage.publishes("another");
    await stage.gets(publish("another", { id: 2 }));
    stage.sends(PINGRESP, { cmd: "puback", messageId: 2 });
    await until(() => stage.publisher.published().get(1) === 1);
    seconds(8);
    await stage.closes(NO_ACKNOWLEDGEMENT);
  }));

test("TLS is there, CONNACK never comes: given up after 30 s, tried again (R113, L14)", () =>
  play(site, {}, async (stage) => {
    await stage.connects();
    seconds(30);
    await stage.closes(/the broker does not answer\. Cure: check address, cable at X1 P1/);
    mock.timers.tick(0);
    await stage.starts();
    await stage.stops();
  }));

test("half of CONNACK comes, and no more (L14)", () =>
  play(site, {}, async (stage) => {
    await stage.connects();
    stage.link.raw(bytesOf(CONNACK).subarray(0, 3));
    seconds(30);
    await stage.closes(/the broker does not answer\. Cure: /);
  }));

test("TCP is there, TLS never: given up after 30 s, tried again (R113, L14)", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on("error", () => undefined)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await play(site, { port }, async (stage) => {
    await until(() => sockets.length === 1);
    seconds(30);
    await until(() => stage.lines.length > 0);
    assert.match(stage.lines[0] ?? "", /can't connect to .*: the broker does not answer\. Cure: /);
    mock.timers.tick(0);
    await until(() => sockets.length === 2);
  });
  for (const socket of sockets) socket.destroy();
  server.close();
});
