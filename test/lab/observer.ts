/**
 * The test's ear at the broker: everything that is published, in order. A persistent session at QoS 1, so that nothing
 * is missed when the broker restarts and the gateway is faster to come back than the observer.
 */
import { readFileSync } from "node:fs";
import mqtt, { type MqttClient } from "mqtt";
import { type Broker, OBSERVER_USER } from "./broker.ts";
import { Journal } from "./journal.ts";
import type { SitePki } from "./pki.ts";
import type { Workbench } from "./workbench.ts";

const CONNECT_DEADLINE_MS = 30_000;
const RECONNECT_EVERY_MS = 200;

export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  /** Milliseconds since the epoch, when it arrived here. */
  readonly at: number;
}

export class Observer {
  readonly messages = new Journal<Message>(
    "messages at the broker",
    ({ topic, payload }) => `${topic} ${payload}`,
  );
  /** While the broker is down every attempt to reconnect fails; the deadlines on messages judge, not these. */
  readonly errors = new Journal<Error>("errors of the observer", (error) => error.message);

  private constructor(client: MqttClient) {
    client.on("message", (topic, payload, packet) => {
      this.messages.append({
        topic,
        payload: payload.toString("utf8"),
        qos: packet.qos,
        retain: packet.retain,
        at: Date.now(),
      });
    });
    client.on("error", (error) => this.errors.append(error));
  }

  static async start(options: { bench: Workbench; pki: SitePki; broker: Broker }): Promise<Observer> {
    const { bench, pki, broker } = options;
    const client = mqtt.connect({
      protocol: "mqtts",
      host: "127.0.0.1",
      port: broker.port,
      clientId: "observer",
      clean: false,
      reconnectPeriod: RECONNECT_EVERY_MS,
      connectTimeout: CONNECT_DEADLINE_MS,
      ca: readFileSync(pki.ca.certFile),
      cert: readFileSync(pki.observer.certFile),
      key: readFileSync(pki.observer.keyFile),
      ...OBSERVER_USER,
    });
    const observer = new Observer(client);
    bench.defer(() => client.endAsync(true));
    const granted = await client.subscribeAsync("#", { qos: 1 });
    if (granted[0]?.qos !== 1)
      throw new Error(`the broker refused the observer's subscription: ${JSON.stringify(granted)}`);
    return observer;
  }

  /** Messages of one topic. */
  of(topic: string): Message[] {
    return this.messages.entries.filter((message) => message.topic === topic);
  }
}
