/**
 * Brokers that send what a publisher never asked for, or something broken: each connection ends without one more byte
 * from the gateway, with a line that says why, and the next one brings what was not acknowledged (R33, L15).
 */
import { after, before, test } from "node:test";
import { makeFolder } from "./app-folder.ts";
import { type Bytes, CONNACK, type Play, play, publish } from "./app-mqtt-play.ts";
import { type MqttSite, makeMqttSite } from "./app-scripted-broker.ts";

const { folder, remove } = makeFolder();
let site: MqttSite;

before(async () => {
  site = await makeMqttSite(folder);
});
after(remove);

type Offence = readonly [what: string, bytes: Bytes, why: RegExp];

/** CONNECT alone has been sent. */
const INSTEAD_OF_CONNACK: readonly Offence[] = [
  ["PUBACK", "40020001", /sent PUBACK before CONNACK/],
  ["PINGRESP", "d000", /sent PINGRESP before CONNACK/],
  ["PUBLISH", "300500016162", /sent PUBLISH, which a publisher never asked for/],
  ["SUBACK", "9003000100", /sent SUBACK with flags 0/],
  ["CONNACK of length 0", "2000", /sent CONNACK with the wrong length 0/],
  ["CONNACK of MQTT 5.0", "2003000000", /sent CONNACK with the wrong length 3/],
  ["CONNACK of 256 MB", "20ffffff7f", /sent CONNACK with the wrong length 255/],
  ["CONNACK with a flag in its header", "21020000", /sent CONNACK with flags 1/],
  ["CONNACK with reserved flags", "20020200", /sent CONNACK with flags 2/],
  ["CONNACK with all flags", "2002ff00", /sent CONNACK with flags 255/],
  [
    "another protocol",
    Buffer.from("HTTP/1.1 400 Bad Request\r\n").toString("hex"),
    /sent PUBACK with flags 8/,
  ],
  ["zeros", "00000000", /sent RESERVED with flags 0/],
  ["0xff", "ffffffff", /sent RESERVED with flags 15/],
];

/** Return codes (§3.2.2.3): 1 to 5 have a meaning, the others are reserved. */
const REFUSALS: readonly (readonly [number, RegExp])[] = [
  [1, /does not speak MQTT 3\.1\.1\. Cure: enable version 3\.1\.1 there/],
  [2, /refuses the client identifier\. Cure: choose another clientId/],
  [3, /is not available\. Cure: see the broker's log/],
  [4, /refuses user name or password\. Cure: correct userCredentials/],
  [5, /does not authorise this client\. Cure: allow it there/],
  ...[6, 7, 127, 128, 130, 135, 254, 255].map(
    (code) =>
      [code, new RegExp(`refuses the connection with the unknown code ${code}\\. Cure: see`)] as const,
  ),
];

/** A message with quality of service 1 and id 1 is under way. */
const AFTER_A_MESSAGE: readonly Offence[] = [
  ["a second CONNACK", CONNACK, /sent CONNACK twice/],
  ["CONNECT", "1000", /sent CONNECT with flags 0, which a publisher never asked for/],
  ["PUBREL", { cmd: "pubrel", messageId: 1 }, /sent PUBREL with flags 2, which a publisher never asked for/],
  ["SUBSCRIBE", "82060001000161 00", /sent SUBSCRIBE with flags 2/],
  ["SUBACK", { cmd: "suback", messageId: 1, granted: [0] }, /sent SUBACK with flags 0/],
  ["UNSUBSCRIBE", "a20500010001 61", /sent UNSUBSCRIBE with flags 2/],
  ["UNSUBACK", "b0020001", /sent UNSUBACK with flags 0/],
  ["PINGREQ", { cmd: "pingreq" }, /sent PINGREQ with flags 0/],
  ["PINGRESP to no ping", { cmd: "pingresp" }, /sent PINGRESP, which nothing asked for/],
  ["DISCONNECT of MQTT 5.0", "e0018b", /sent DISCONNECT with flags 0/],
  ["AUTH of MQTT 5.0", "f000", /sent RESERVED with flags 0/],
  ["PUBACK without id", "4000", /sent PUBACK with the wrong length 0/],
  ["PUBACK with half an id", "400100", /sent PUBACK with the wrong length 1/],
  ["PUBACK of MQTT 5.0", "4003000100", /sent PUBACK with the wrong length 3/],
  ["PUBACK of MQTT 5.0 with properties", "400400010000", /sent PUBACK with the wrong length 4/],
  ["PUBACK with a length of too many bytes", "4082000001", /sent PUBACK with the wrong length 130/],
  ["PUBACK of 256 MB", "40ffffff7f", /sent PUBACK with the wrong length 255/],
  ["PUBACK with a malformed length", "40ffffffffff", /sent PUBACK with the wrong length 255/],
  ["PUBACK with a flag", "41020001", /sent PUBACK with flags 1/],
  ["PUBACK for id 0", "40020000", /sent PUBACK for message 0, which does not wait for it/],
  ["PUBACK for another id", "40020002", /sent PUBACK for message 2, which does not wait for it/],
  ["PUBREC for quality of service 1", "50020001", /sent PUBREC for message 1, which does not wait for it/],
  ["PUBCOMP for quality of service 1", "70020001", /sent PUBCOMP for message 1, which does not wait for it/],
];

/** The same with quality of service 2. */
const AFTER_A_MESSAGE_OF_2: readonly Offence[] = [
  ["PUBACK for quality of service 2", "40020001", /sent PUBACK for message 1, which does not wait for it/],
  ["PUBCOMP without PUBREC", "70020001", /sent PUBCOMP for message 1, which does not wait for it/],
  ["PUBREC for another id", "50020009", /sent PUBREC for message 9, which does not wait for it/],
  ["PUBREC of MQTT 5.0", "5003000110", /sent PUBREC with the wrong length 3/],
];

for (const [what, bytes, why] of INSTEAD_OF_CONNACK) {
  test(`instead of CONNACK: ${what}`, () =>
    play(site, {}, async (stage) => {
      await stage.connects();
      stage.sends(bytes);
      await stage.closes(why);
    }));
}

test("whatever comes instead of CONNACK ends the connection, with a line that says so (R33)", () =>
  play(site, {}, async (stage) => {
    await stage.connects();
    stage.sends("9003000100");
    await stage.closes(/sent SUBACK with flags 0, which a publisher never asked for/);
    await stage.starts();
    await stage.stops();
  }));

test("CONNECT is refused with each return code: a cure, and it is tried again (R92, R113)", () =>
  play(site, {}, async (stage) => {
    for (const [code, why] of REFUSALS) {
      await stage.connects();
      stage.sends({ cmd: "connack", returnCode: code, sessionPresent: false });
      await stage.closes(why);
    }
    await stage.starts();
    stage.publishes("after all");
    await stage.gets(publish("after all"));
    await stage.stops();
  }));

test("a session where none was asked for is refused (L15)", () =>
  play(site, { qos: 0, topics: [] }, async (stage) => {
    await stage.connects({ clean: true });
    stage.sends("20020100");
    await stage.closes(/kept a session that it was asked to forget/);
    await stage.starts();
    await stage.stops();
  }));

/** What was under way comes again, byte for byte, and everything goes on. */
async function goesOn(stage: Play, qos: 1 | 2): Promise<void> {
  await stage.isAccepted({ sessionPresent: true });
  await stage.gets(publish("message", { qos, dup: true }));
  if (qos === 2) {
    stage.sends({ cmd: "pubrec", messageId: 1 });
    await stage.gets({ cmd: "pubrel", messageId: 1 });
  }
  stage.sends({ cmd: qos === 1 ? "puback" : "pubcomp", messageId: 1 });
  stage.publishes("next");
  await stage.gets(publish("next", { qos, id: 2 }));
  await stage.stops();
}

for (const qos of [1, 2] as const) {
  for (const [what, bytes, why] of qos === 1 ? AFTER_A_MESSAGE : AFTER_A_MESSAGE_OF_2) {
    test(`after a message with quality of service ${qos}: ${what}`, () =>
      play(site, { qos }, async (stage) => {
        await stage.starts();
        stage.publishes("message");
        await stage.gets(publish("message", { qos }));
        stage.sends(bytes);
        await stage.closes(why);
        await goesOn(stage, qos);
      }));
  }
}

test("an acknowledgement that comes twice: PUBACK and PUBCOMP end the connection, PUBREC gets its PUBREL again (L15)", async () => {
  await play(site, {}, async (stage) => {
    await stage.starts();
    stage.publishes("message");
    await stage.gets(publish("message"));
    stage.sends("40020001", "40020001");
    await stage.closes(/sent PUBACK for message 1, which does not wait for it/);
  });
  await play(site, { qos: 2 }, async (stage) => {
    await stage.starts();
    stage.publishes("message");
    await stage.gets(publish("message", { qos: 2 }));
    stage.sends("50020001", "50020001");
    await stage.gets("62020001", "62020001");
    stage.sends("70020001", "70020001");
    await stage.closes(/sent PUBCOMP for message 1, which does not wait for it/);
  });
});

test("a message to quality of service 0 is acknowledged: the connection ends (R33)", () =>
  play(site, { qos: 0 }, async (stage) => {
    await stage.starts();
    stage.publishes("message");
    await stage.gets(publish("message", { qos: 0 }));
    stage.sends("40020001");
    await stage.closes(/sent PUBACK for message 1, which does not wait for it/);
  }));

test("the broker cuts an acknowledgement short: the message counts as not acknowledged (L15)", async () => {
  for (const [qos, cut] of [
    [1, "4002 00"],
    [1, "40"],
    [2, "5002 00"],
  ] as const) {
    await play(site, { qos }, async (stage) => {
      await stage.starts();
      stage.publishes("message");
      await stage.gets(publish("message", { qos }));
      stage.sends(cut);
      stage.link.finish();
      await stage.ends();
      await goesOn(stage, qos);
    });
  }
});

test("messages from the broker: the session of whoever subscribed is forgotten, then all goes on (R33, L15)", async () => {
  const messages = ["3005000161 6263", "3207000161 00016263", "3407000161 00016263", "3df0ffff7f"];
  for (const bytes of messages) {
    await play(site, {}, async (stage) => {
      await stage.starts();
      stage.publishes("message");
      await stage.gets(publish("message"));
      stage.sends(bytes);
      await stage.closes(
        /sent PUBLISH, which a publisher never asked for\. Cure: give the gateway a clientId of its own/,
      );
      await stage.forgets();
      await stage.isAccepted();
      await stage.gets(publish("message"));
      stage.sends("40020001");
      await stage.stops();
    });
  }
});
