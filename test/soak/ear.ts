/**
 * The soak's ear at the broker. A persistent session at QoS 1 that the broker keeps over its restarts: what arrives while
 * the ear is away waits for it. Nothing is kept of a message but its entry in the ledger: there are many.
 */
import { readFileSync } from "node:fs";
import mqtt from "mqtt";
import { type Broker, OBSERVER_USER } from "../lab/broker.ts";
import type { SitePki } from "../lab/pki.ts";
import { topicOf } from "../lab/site.ts";
import type { Workbench } from "../lab/workbench.ts";
import type { Ledger } from "./ledger.ts";
import { soakItem } from "./protocol.ts";

const CONNECT_DEADLINE_MS = 30_000;
const RECONNECT_EVERY_MS = 200;
const KEEP_ALIVE_SECONDS = 600;
const VALUE = /^\{"Value":(\d+),/;
const STATUS = /"StatusCode":\{"Code":(\d+)/;
/** Part 4 §7.39.1: InfoType DataValue and the bit Overflow. */
const OVERFLOW = 0x480;

export class Ear {
  /** Messages that are none of the items' values, per topic. */
  readonly others = new Map<string, number>();
  /** Payloads of items that are no value: nothing should be here. */
  readonly odd: string[] = [];

  static async start(options: {
    bench: Workbench;
    pki: SitePki;
    broker: Broker;
    ledger: Ledger;
  }): Promise<Ear> {
    const { bench, pki, broker, ledger } = options;
    const ear = new Ear();
    const items = new Map(
      Array.from({ length: ledger.items }, (_, index) => [topicOf(soakItem(index)), index]),
    );
    const client = mqtt.connect({
      protocol: "mqtts",
      host: "127.0.0.1",
      port: broker.port,
      clientId: "observer",
      clean: false,
      keepalive: KEEP_ALIVE_SECONDS,
      reconnectPeriod: RECONNECT_EVERY_MS,
      connectTimeout: CONNECT_DEADLINE_MS,
      ca: readFileSync(pki.ca.certFile),
      cert: readFileSync(pki.observer.certFile),
      key: readFileSync(pki.observer.keyFile),
      ...OBSERVER_USER,
    });
    bench.defer(() => client.endAsync(true));
    client.on("message", (topic, bytes, packet) => {
      const item = items.get(topic);
      if (item === undefined) {
        ear.others.set(topic, (ear.others.get(topic) ?? 0) + 1);
        return;
      }
      const payload = bytes.toString("utf8");
      const round = Number(VALUE.exec(payload)?.[1]);
      if (Number.isNaN(round)) {
        ear.odd.push(`${topic} ${payload}`);
        return;
      }
      const status = Number(STATUS.exec(payload)?.[1] ?? 0);
      const overflow = (status & OVERFLOW) === OVERFLOW;
      ledger.take({ item, round, repeated: packet.dup, overflow, at: Date.now() });
    });
    // While the broker is away every attempt to reconnect fails; what arrives judges, not this.
    client.on("error", () => undefined);
    const granted = await client.subscribeAsync("#", { qos: 1 });
    if (granted[0]?.qos !== 1)
      throw new Error(`the broker refused the ear's subscription: ${JSON.stringify(granted)}`);
    return ear;
  }
}
