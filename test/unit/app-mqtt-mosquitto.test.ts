/** The MQTT publisher and a real mosquitto with its usual limits: everything arrives, in order, and as it was meant. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Publisher } from "../../app/cells/mqtt/publisher.ts";
import type { MqttSettings } from "../../app/config/mqtt.ts";
import type { QualityOfService } from "../../app/config/mqtt-file.ts";
import { encodeFrame } from "../../app/link/frame.ts";
import { makeFolder } from "./app-folder.ts";
import { LinkProxy } from "./app-link-proxy.ts";
import { Mosquitto } from "./app-mosquitto.ts";
import { type MqttSite, makeMqttSite, mqttSettings } from "./app-scripted-broker.ts";
import { until } from "./app-until.ts";

const VALUES = 3000;

const { folder, remove } = makeFolder();
let site: MqttSite;
let broker: Mosquitto;

before(async () => {
  site = await makeMqttSite(folder);
  broker = await Mosquitto.start({ site, folder });
  await broker.observe();
});
/** What runs behind a test that has failed. */
const publishers: Publisher[] = [];
after(async () => {
  for (const publisher of publishers) publisher.stop(() => undefined);
  await broker.stop();
  remove();
});

function publisherOf(settings: MqttSettings) {
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  const source = {
    paused: true,
    pause() {
      source.paused = true;
    },
    resume() {
      source.paused = false;
    },
  };
  const publisher = new Publisher({
    settings,
    log: { info: note, warning: note, error: note, debug: () => undefined },
    source,
    onFirst: () => undefined,
  });
  publishers.push(publisher);
  publisher.start();
  return { publisher, lines, source };
}

const topic = (port: number, topicName: string, qualityOfService: QualityOfService, retain = false) => ({
  port,
  name: topicName,
  topicName,
  qualityOfService,
  retain,
  pointer: `/topics/${port}`,
});

for (const qos of [0, 1, 2] as const) {
  test(`quality of service ${qos}: ${VALUES} values in bursts arrive once each and in order (R97, R114)`, async () => {
    const topicName = `Plant/${qos}`;
    const { publisher, lines, source } = publisherOf(
      mqttSettings(site, broker.port, {
        qos,
        clientId: `gateway${qos}`,
        topics: [topic(7, topicName, qos)],
      }),
    );
    for (let value = 0; value < VALUES; ) {
      await until(() => !source.paused);
      const burst: Buffer[] = [];
      for (let count = 0; count < 500 && value < VALUES; count += 1, value += 1) {
        burst.push(encodeFrame(7, String(value)));
      }
      publisher.push(Buffer.concat(burst));
    }
    await until(() => broker.of(topicName).length >= VALUES);
    await new Promise<void>((resolve) => publisher.stop(resolve));
    assert.deepEqual(
      broker.of(topicName),
      Array.from({ length: VALUES }, (_, index) => `${index}`),
    );
    assert.deepEqual(lines, [`MQTT Publisher established connection to 127.0.0.1 port ${broker.port}`]);
  });
}

test("values and a last will that the broker keeps reach whoever subscribes later (R93, R110, L12)", async () => {
  const line = await LinkProxy.open(() => broker.port);
  const { publisher } = publisherOf(
    mqttSettings(site, line.port, {
      clientId: "keeper",
      topics: [topic(1, "kept", 1, true)],
      will: { topicName: "will", message: "gone", retain: true },
    }),
  );
  publisher.push(Buffer.concat(["old", "new"].map((text) => encodeFrame(1, text))));
  await until(() => publisher.published().get(1) === 2);
  assert.equal(broker.first("kept"), "1 new");
  line.cut();
  await until(() => broker.of("will").length > 0);
  assert.equal(broker.first("will"), "1 gone");
  await new Promise<void>((resolve) => publisher.stop(resolve));
  line.close();
});

test("another client takes the clientId: the line says what that may be (R84, R113)", async () => {
  const settings = mqttSettings(site, broker.port, { clientId: "twin" });
  const first = publisherOf(settings);
  await until(() => first.lines.length === 1);
  const second = publisherOf(settings);
  await until(() => first.lines.length > 1);
  assert.match(
    first.lines[1] ?? "",
    /^MQTT Publisher lost its connection to .*: the broker closed the connection\. Cure: .* another client may use the same clientId/,
  );
  for (const { publisher } of [first, second]) await new Promise<void>((resolve) => publisher.stop(resolve));
});
