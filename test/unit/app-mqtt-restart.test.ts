/**
 * A real mosquitto behind a line that breaks, and one that is started anew in the middle of the traffic, with its
 * sessions on disk and without: each value arrives as its quality of service has it, and in order.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Publisher } from "../../app/cells/mqtt/publisher.ts";
import type { QualityOfService } from "../../app/config/mqtt-file.ts";
import { encodeFrame } from "../../app/link/frame.ts";
import { makeFolder } from "./app-folder.ts";
import { LinkProxy } from "./app-link-proxy.ts";
import { Mosquitto } from "./app-mosquitto.ts";
import { type MqttSite, makeMqttSite, mqttSettings } from "./app-scripted-broker.ts";
import { until } from "./app-until.ts";

const QUALITIES: readonly QualityOfService[] = [0, 1, 2];
const RESTARTS = 3;
/** Between two restarts, at least. */
const BYTES = 15_000;
const BREAKS = 40;
/** Between two breaks: at most so many bytes, of which a resumed handshake takes about 2,000. */
const MOST_BYTES = 9_000;

const { folder, remove } = makeFolder();
/** What runs behind a test that has failed. */
const running: (() => Promise<void> | void)[] = [];
let site: MqttSite;

before(async () => {
  site = await makeMqttSite(folder);
});
after(async () => {
  for (const stop of running.reverse()) await stop();
  remove();
});

/** Brings values of each quality of service to the broker, through a line that the story breaks, until the story ends. */
async function withTraffic(
  broker: Mosquitto,
  story: (line: LinkProxy) => Promise<void>,
): Promise<{ all: string[]; reconnects: number }> {
  const line = await LinkProxy.open(() => broker.port);
  running.push(
    () => broker.stop(),
    () => line.close(),
  );
  await broker.observe();
  const topics = QUALITIES.map((qualityOfService, port) => ({
    port,
    name: `${port}`,
    topicName: `t${port}`,
    qualityOfService,
    retain: false,
    pointer: `/topics/${port}`,
  }));
  const ignore = (): void => undefined;
  let paused = true;
  const publisher = new Publisher({
    settings: mqttSettings(site, line.port, { topics, user: null }),
    log: { info: ignore, warning: ignore, error: ignore, debug: ignore },
    source: {
      pause: () => {
        paused = true;
      },
      resume: () => {
        paused = false;
      },
    },
    onFirst: ignore,
    backoff: { next: () => 20, reset: ignore },
  });
  publisher.start();
  let next = 0;
  let enough = false;
  running.push(() => {
    enough = true;
    publisher.stop(ignore);
  });
  const pushing = (async () => {
    while (!enough) {
      await until(() => !paused);
      const values = Array.from({ length: 10 }, (_, index) => next + index);
      next += values.length;
      const frames = values.flatMap((value) => QUALITIES.map((port) => encodeFrame(port, `${value}`)));
      publisher.push(Buffer.concat(frames));
    }
  })();
  await story(line);
  enough = true;
  await pushing;
  await until(() => publisher.published().get(1) === next && publisher.published().get(2) === next);
  await broker.settle();
  await new Promise<void>((resolve) => publisher.stop(resolve));
  line.close();
  await broker.stop();
  return {
    all: Array.from({ length: next }, (_, index) => `${index}`),
    reconnects: publisher.reconnects,
  };
}

/** 0 at most once, 1 at least once, 2 exactly once or, when the broker may forget, at least once; all in order. */
function judge(broker: Mosquitto, all: readonly string[], options: { exactly: boolean }): void {
  const [zero, one, two] = QUALITIES.map((port) => broker.of(`t${port}`)) as [string[], string[], string[]];
  assert.deepEqual(
    zero,
    [...new Set(zero)].sort((a, b) => Number(a) - Number(b)),
  );
  assert.deepEqual([...new Set(one)], all);
  assert.deepEqual(options.exactly ? two : [...new Set(two)], all);
}

test("the line breaks 40 times, at any byte of handshakes and messages: 2 exactly once, 1 at least once (R97, R113, L11, L15)", async () => {
  const broker = await Mosquitto.start({ site, folder });
  const { all } = await withTraffic(broker, async (line) => {
    for (let count = 1; count <= BREAKS; count += 1) {
      line.breakAfter(1 + ((count * 7919) % MOST_BYTES));
      await until(() => line.breaks === count);
    }
  });
  judge(broker, all, { exactly: true });
});

for (const persistence of [true, false]) {
  const title = persistence
    ? "mosquitto keeps its sessions over a restart: 2 exactly once, 1 at least once (L11, L15)"
    : "mosquitto forgets its sessions at a restart: 2 and 1 at least once (L11, L15)";
  test(title, async () => {
    const broker = await Mosquitto.start({ site, folder, lines: [`persistence ${persistence}`] });
    const { all, reconnects } = await withTraffic(broker, async (line) => {
      for (let restart = 0; restart < RESTARTS; restart += 1) {
        const from = line.carried;
        await until(() => line.carried > from + BYTES);
        line.cut();
        await until(() => /Client gateway (?:closed its connection|disconnected)/.test(broker.log));
        await broker.settle();
        await broker.restart();
        line.mend();
      }
    });
    assert.ok(reconnects >= RESTARTS);
    judge(broker, all, { exactly: persistence });
  });
}
