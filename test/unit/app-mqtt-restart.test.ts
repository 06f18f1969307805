/**
 * A real mosquitto that is started anew again and again in the middle of the traffic, with its sessions on disk and
 * without: each value arrives as its quality of service has it, and in order.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Publisher } from "../../app/cells/mqtt/publisher.ts";
import type { QualityOfService } from "../../app/config/mqtt-file.ts";
import { encodeFrame } from "../../app/link/frame.ts";
import { makeFolder } from "./app-folder.ts";
import { CutLine, Mosquitto } from "./app-mosquitto.ts";
import { type MqttSite, makeMqttSite, mqttSettings } from "./app-scripted-broker.ts";
import { until } from "./app-until.ts";

const QUALITIES: readonly QualityOfService[] = [0, 1, 2];
const RESTARTS = 3;
/** Between two restarts, at least. */
const BYTES = 15_000;

const { folder, remove } = makeFolder();
let site: MqttSite;

before(async () => {
  site = await makeMqttSite(folder);
});
after(remove);

for (const persistence of [true, false]) {
  const title = persistence
    ? "mosquitto keeps its sessions over a restart: 2 exactly once, 1 at least once (L11, L15)"
    : "mosquitto forgets its sessions at a restart: 2 and 1 at least once (L11, L15)";
  test(title, async () => {
    const broker = await Mosquitto.start({ site, folder, lines: [`persistence ${persistence}`] });
    const line = await CutLine.to(broker.port);
    await broker.observe();
    const topics = QUALITIES.map((qualityOfService, port) => ({
      port,
      name: `${port}`,
      topicName: `t${port}`,
      qualityOfService,
      retain: false,
      pointer: `/topics/${port}`,
    }));
    let paused = true;
    const log = {
      info: () => undefined,
      warning: () => undefined,
      error: () => undefined,
      debug: () => undefined,
    };
    const publisher = new Publisher({
      settings: mqttSettings(site, line.port, { topics, user: null }),
      log,
      source: {
        pause: () => {
          paused = true;
        },
        resume: () => {
          paused = false;
        },
      },
      onFirst: () => undefined,
      backoff: { next: () => 20, reset: () => undefined },
    });
    publisher.start();
    let next = 0;
    let enough = false;
    const pushing = (async () => {
      while (!enough) {
        await until(() => !paused);
        const values = Array.from({ length: 10 }, (_, index) => next + index);
        next += values.length;
        publisher.push(
          Buffer.concat(values.flatMap((value) => QUALITIES.map((port) => encodeFrame(port, `${value}`)))),
        );
      }
    })();
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      const from = line.carried;
      // Another place in the packets each time.
      await until(() => line.carried > from + BYTES + restart * 7);
      line.cut();
      await until(() => /Client gateway (?:closed its connection|disconnected)/.test(broker.log));
      await broker.settle();
      await broker.restart();
      line.mend();
    }
    enough = true;
    await pushing;
    await until(() => publisher.published().get(1) === next && publisher.published().get(2) === next);
    await broker.settle();
    await new Promise<void>((resolve) => publisher.stop(resolve));
    line.close();
    await broker.stop();
    assert.ok(publisher.reconnects >= RESTARTS);
    const all = Array.from({ length: next }, (_, index) => `${index}`);
    const [zero, one, two] = QUALITIES.map((port) => broker.of(`t${port}`)) as [string[], string[], string[]];
    assert.deepEqual(
      zero,
      [...new Set(zero)].sort((a, b) => Number(a) - Number(b)),
    );
    assert.deepEqual([...new Set(one)], all);
    assert.deepEqual(persistence ? two : [...new Set(two)], all);
  });
}
