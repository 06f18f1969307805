/** The MQTT publisher and a real mosquitto with its usual limits: with each quality of service everything arrives, in order. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { Publisher } from "../../app/cells/mqtt/publisher.ts";
import { encodeFrame } from "../../app/link/frame.ts";
import { freePort } from "../lab/ports.ts";
import { makeFolder } from "./app-folder.ts";
import { type MqttSite, makeMqttSite, mqttSettings } from "./app-scripted-broker.ts";
import { until } from "./app-until.ts";

const VALUES = 3000;

const { folder, remove } = makeFolder();
const running: ChildProcess[] = [];
let site: MqttSite;
let port: number;

let brokerLog = "";

function start(argv: readonly string[]): ChildProcess {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  return child;
}

before(async () => {
  site = await makeMqttSite(folder);
  port = await freePort();
  const config = join(folder, "mosquitto.conf");
  const lines = [
    `user ${userInfo().username}`,
    `listener ${port} 127.0.0.1`,
    `cafile ${site.ca.certFile}`,
    `certfile ${site.broker.certFile}`,
    `keyfile ${site.broker.keyFile}`,
    "require_certificate true",
    "allow_anonymous true",
    // Only what waits for the observer is unlimited; what a publisher may have under way is mosquitto's default.
    "max_queued_messages 0",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  start(["mosquitto", "-v", "-c", config]).stderr?.on("data", (text: Buffer) => {
    brokerLog += text;
  });
  await until(() => brokerLog.includes("running"));
});
after(() => {
  for (const child of running) child.kill();
  remove();
});

for (const qos of [0, 1, 2] as const) {
  test(`quality of service ${qos}: ${VALUES} values in bursts arrive once each and in order`, async () => {
    const topicName = `Plant/${qos}`;
    const pki = ["--cafile", site.ca.certFile, "--cert", site.client.certFile, "--key", site.client.keyFile];
    const address = ["-h", "127.0.0.1", "-p", String(port), "-q", "2"];
    const name = `observer${qos}`;
    const observer = start(["mosquitto_sub", "-i", name, "-t", topicName, ...address, ...pki]);
    const received: number[] = [];
    if (observer.stdout === null) throw new Error("the observer has no output");
    createInterface(observer.stdout).on("line", (line) => received.push(Number(line)));
    await until(() => brokerLog.includes(`Sending SUBACK to ${name}`));

    let paused = true;
    const lines: string[] = [];
    const note = (line: string): void => void lines.push(line);
    const publisher = new Publisher({
      settings: mqttSettings(site, port, {
        qos,
        clientId: `gateway${qos}`,
        topics: [
          { port: 7, name: "a", topicName, pointer: "/topics/0", qualityOfService: qos, retain: false },
        ],
      }),
      log: { info: note, warning: note, error: note, debug: note },
      source: {
        pause: () => {
          paused = true;
        },
        resume: () => {
          paused = false;
        },
      },
      onFirst: () => undefined,
    });
    publisher.start();
    for (let value = 0; value < VALUES; ) {
      await until(() => !paused);
      const burst: Buffer[] = [];
      for (let count = 0; count < 500 && value < VALUES; count += 1, value += 1) {
        burst.push(encodeFrame(7, String(value)));
      }
      publisher.push(Buffer.concat(burst));
    }
    await until(() => received.length >= VALUES);
    await new Promise<void>((resolve) => publisher.stop(resolve));
    assert.deepEqual(
      received,
      Array.from({ length: VALUES }, (_, index) => index),
    );
    assert.deepEqual(lines, [`MQTT Publisher established connection to 127.0.0.1 port ${port}`]);
  });
}
