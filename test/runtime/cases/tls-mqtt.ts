/** mqtt.js over TLS: publishes to itself through a broker, twice. Arguments: PKI folder, port. */
import { readFileSync } from "node:fs";
import mqtt from "mqtt";

const [, , folder, port] = process.argv as [string, string, string, string];
const read = (name: string) => readFileSync(`${folder}/${name}`);
const MESSAGES = 300;

async function run(round: number): Promise<void> {
  const client = mqtt.connect({
    protocol: "mqtts",
    host: "localhost",
    port: Number(port),
    ca: read("ca.pem"),
    cert: read("rsa.pem"),
    key: read("rsa.key"),
    clientId: `case-${process.pid}-${round}`,
    reconnectPeriod: 0,
  });
  const topic = `case/${process.pid}`;
  const received: string[] = [];
  const complete = new Promise<void>((resolve) => {
    client.on("message", (_topic, payload) => {
      received.push(payload.length > 40 ? `${payload.length} bytes` : payload.toString());
      if (received.length === MESSAGES + 1) resolve();
    });
  });
  client.on("error", (error) => console.log(`error ${error.message}`));
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  await client.subscribeAsync(topic, { qos: 1 });
  for (let i = 0; i < MESSAGES; i++) client.publish(topic, `{"Value":${i}}`, { qos: 1 });
  client.publish(topic, Buffer.alloc(300_000, "large "), { qos: 1 });
  await complete;
  await client.endAsync();
  const ordered = received.slice(0, MESSAGES).every((text, i) => text === `{"Value":${i}}`);
  console.log(`round ${round}: ${received.length} messages, in order: ${ordered}, last ${received.at(-1)}`);
}

async function main(): Promise<void> {
  await run(1);
  await run(2);
}

void main();
