/**
 * What a good broker sees of the publisher, byte by byte: the scenarios of mosquitto's own client tests (test/lib) that
 * concern a publisher with MQTT 3.1.1. The rest of them is about subscriptions, which a gateway does not have, and about
 * MQTT 5.0; what those brokers send is refused, which app-mqtt-hostile.test.ts shows.
 */
import { after, before, test } from "node:test";
import type { MqttSettings } from "../../app/config/mqtt.ts";
import type { QualityOfService } from "../../app/config/mqtt-file.ts";
import { makeFolder } from "./app-folder.ts";
import { type Play, play, publish } from "./app-mqtt-play.ts";
import { type MqttSite, makeMqttSite } from "./app-scripted-broker.ts";

const { folder, remove } = makeFolder();
let site: MqttSite;

before(async () => {
  site = await makeMqttSite(folder);
});
after(remove);

interface Scenario {
  readonly title: string;
  readonly change?: Partial<MqttSettings>;
  readonly script: (stage: Play) => Promise<void>;
}

/** CONNECT is compared with bytes made by hand, in every scenario; these differ in nothing else. */
async function connectsAndStops(stage: Play): Promise<void> {
  await stage.starts();
  await stage.stops();
}

const topic = (port: number, qualityOfService: QualityOfService, retain = false) => ({
  port,
  name: `${port}`,
  topicName: `t${port}`,
  qualityOfService,
  retain,
  pointer: `/topics/${port}`,
});

const will = { topicName: "will/ä", message: "gone ✝", retain: false };

const CONNECTS: readonly Omit<Scenario, "script">[] = [
  { title: "01-con-discon-success, 01-no-clean-session: nothing but a client identifier (R84)" },
  { title: "the same with quality of service 0: a clean session (R97)", change: { qos: 0, topics: [] } },
  { title: "01-unpwd-set (R91, R92)", change: { user: { name: "ü", password: "#'^2hg9a&nm38*us" } } },
  { title: "a user name alone (R92)", change: { user: { name: "user", password: null } } },
  { title: "empty user name and password (R92)", change: { user: { name: "", password: "" } } },
  { title: "01-will-set with quality of service 0 (R93–R95)", change: { will, qos: 0 } },
  { title: "01-will-set with quality of service 1 (R93–R95)", change: { will, qos: 1 } },
  { title: "01-will-set with quality of service 2 (R93–R95)", change: { will, qos: 2 } },
  { title: "a will that the broker keeps (L12)", change: { will: { ...will, retain: true } } },
  { title: "an empty will (R95)", change: { will: { ...will, message: "" } } },
  {
    title: "01-will-unpwd-set (R91–R95)",
    change: {
      will: { ...will, retain: true },
      qos: 2,
      user: { name: "oibvvwqw", password: "#'^2hg9a&nm38*us" },
    },
  },
  { title: "the shortest keep-alive time (R96)", change: { keepAlive: 1 } },
  { title: "the longest keep-alive time (R96)", change: { keepAlive: 65535 } },
  {
    title: "a client identifier as long as a packet with two bytes of length (R84)",
    change: { clientId: "ä".repeat(200) },
  },
  {
    title: "one topic with quality of service 1: the session is kept (L11)",
    change: { qos: 0, topics: [topic(1, 0), topic(2, 1)] },
  },
  {
    title: "one topic with quality of service 2: the session is forgotten first, then kept (L11)",
    change: { qos: 0, topics: [topic(1, 0), topic(2, 2)] },
  },
];

const PUBLISHES: readonly Scenario[] = [
  {
    title: "03-publish-qos0",
    change: { qos: 0 },
    async script(stage) {
      await stage.starts();
      stage.publishes("message");
      await stage.gets(publish("message", { qos: 0 }));
      await stage.stops();
    },
  },
  {
    title: "03-publish-qos0-no-payload",
    change: { qos: 0 },
    async script(stage) {
      await stage.starts();
      stage.publishes("");
      await stage.gets(publish("", { qos: 0 }));
      await stage.stops();
    },
  },
  {
    title: "04-retain-qos0, and retained with each quality of service beside others that are not (L11, L12)",
    change: { topics: [topic(1, 0, true), topic(2, 1, true), topic(3, 2, true), topic(4, 0), topic(5, 1)] },
    async script(stage) {
      await stage.starts();
      for (const port of [1, 2, 3, 4, 5]) stage.publishesTo(port, `${port}`);
      await stage.gets(
        publish("1", { topic: "t1", qos: 0, retain: true }),
        publish("2", { topic: "t2", qos: 1, retain: true, id: 1 }),
        publish("3", { topic: "t3", qos: 2, retain: true, id: 2 }),
        publish("4", { topic: "t4", qos: 0 }),
        publish("5", { topic: "t5", qos: 1, id: 3 }),
      );
      stage.sends({ cmd: "puback", messageId: 1 }, { cmd: "pubrec", messageId: 2 });
      await stage.gets({ cmd: "pubrel", messageId: 2 });
      stage.cuts();
      await stage.isAccepted({ sessionPresent: true });
      await stage.gets(
        { cmd: "pubrel", messageId: 2 },
        publish("5", { topic: "t5", qos: 1, id: 3, dup: true }),
      );
      stage.sends({ cmd: "pubcomp", messageId: 2 }, { cmd: "puback", messageId: 3 });
      await stage.stops();
    },
  },
  {
    title: "03-publish-c2b-qos1-disconnect: the line breaks before PUBACK (L15)",
    async script(stage) {
      await stage.starts();
      stage.publishes("message");
      await stage.gets(publish("message"));
      stage.cuts();
      await stage.isAccepted({ sessionPresent: true });
      await stage.gets(publish("message", { dup: true }));
      stage.sends({ cmd: "puback", messageId: 1 });
      stage.publishes("next");
      await stage.gets(publish("next", { id: 2 }));
      await stage.stops();
    },
  },
  {
    title: "the same, and the broker does not know the session any more: as new (L15)",
    async script(stage) {
      await stage.starts();
      stage.publishes("message");
      await stage.gets(publish("message"));
      stage.cuts();
      await stage.isAccepted({ sessionPresent: false });
      await stage.gets(publish("message"));
      stage.sends({ cmd: "puback", messageId: 1 });
      await stage.stops();
    },
  },
  {
    title: "03-publish-c2b-qos1-receive-maximum: as many as come, acknowledged one by one",
    async script(stage) {
      await stage.starts();
      const texts = Array.from({ length: 30 }, (_, index) => `${index}`);
      stage.publishes(...texts);
      await stage.gets(...texts.map((text, index) => publish(text, { id: index + 1 })));
      for (const index of texts.keys()) stage.sends({ cmd: "puback", messageId: index + 1 });
      stage.publishes("last");
      await stage.gets(publish("last", { id: 31 }));
      await stage.stops();
    },
  },
  {
    title: "03-publish-c2b-qos2",
    change: { qos: 2 },
    async script(stage) {
      await stage.starts();
      stage.publishes("message");
      await stage.gets(publish("message", { qos: 2 }));
      stage.sends({ cmd: "pubrec", messageId: 1 });
      await stage.gets({ cmd: "pubrel", messageId: 1 });
      stage.sends({ cmd: "pubcomp", messageId: 1 });
      await stage.stops();
    },
  },
  {
    title: "03-publish-c2b-qos2-disconnect: the line breaks before PUBREC, then before PUBCOMP (L15)",
    change: { qos: 2 },
    async script(stage) {
      await stage.starts();
      stage.publishes("message");
      await stage.gets(publish("message", { qos: 2 }));
      stage.cuts();
      await stage.isAccepted({ sessionPresent: true });
      await stage.gets(publish("message", { qos: 2, dup: true }));
      stage.sends({ cmd: "pubrec", messageId: 1 });
      await stage.gets({ cmd: "pubrel", messageId: 1 });
      stage.cuts();
      await stage.isAccepted({ sessionPresent: true });
      await stage.gets({ cmd: "pubrel", messageId: 1 });
      stage.sends({ cmd: "pubcomp", messageId: 1 });
      await stage.stops();
    },
  },
  {
    title: "the broker loses the session between PUBREC and PUBCOMP: the message begins anew (L15)",
    change: { qos: 2 },
    async script(stage) {
      await stage.starts();
      stage.publishes("message");
      await stage.gets(publish("message", { qos: 2 }));
      stage.sends({ cmd: "pubrec", messageId: 1 });
      await stage.gets({ cmd: "pubrel", messageId: 1 });
      stage.cuts();
      await stage.isAccepted({ sessionPresent: false });
      await stage.gets(publish("message", { qos: 2 }));
      stage.sends({ cmd: "pubrec", messageId: 1 });
      await stage.gets({ cmd: "pubrel", messageId: 1 });
      stage.sends({ cmd: "pubcomp", messageId: 1 });
      await stage.stops();
    },
  },
  {
    title: "03-publish-c2b-qos2-receive-maximum: no more than 16 at a time",
    change: { qos: 2 },
    async script(stage) {
      await stage.starts();
      const texts = Array.from({ length: 17 }, (_, index) => `${index}`);
      stage.publishes(...texts);
      await stage.gets(...texts.slice(0, 16).map((text, index) => publish(text, { qos: 2, id: index + 1 })));
      stage.sends({ cmd: "pubrec", messageId: 1 });
      await stage.gets({ cmd: "pubrel", messageId: 1 });
      stage.sends({ cmd: "pubcomp", messageId: 1 });
      await stage.gets(publish("16", { qos: 2, id: 17 }));
      await stage.stops();
    },
  },
];

for (const { title, change } of CONNECTS) {
  test(title, () => play(site, { user: null, will: null, ...change }, connectsAndStops));
}
for (const { title, change = {}, script } of PUBLISHES) {
  test(title, () => play(site, change, script));
}
