/** Plays a publisher against a scripted broker, byte by byte: whatever the gateway sends has to be named, and nothing else may come. */
import assert from "node:assert/strict";
import mqttPacket, { type Packet } from "mqtt-packet";
import { Publisher } from "../../app/cells/mqtt/publisher.ts";
import type { MqttSettings } from "../../app/config/mqtt.ts";
import type { QualityOfService } from "../../app/config/mqtt-file.ts";
import { encodeFrame } from "../../app/link/frame.ts";
import { type Link, type MqttSite, mqttSettings, ScriptedBroker } from "./app-scripted-broker.ts";
import { until } from "./app-until.ts";

/** Bytes as a text of hexadecimal digits, or a packet for mqtt-packet. */
export type Bytes = string | Packet;

export function bytesOf(...parts: readonly Bytes[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === "string" ? Buffer.from(part.replaceAll(" ", ""), "hex") : mqttPacket.generate(part),
    ),
  );
}

const field = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >>> 8, bytes.length & 0xff]), bytes]);
};

/** CONNECT as MQTT 3.1.1 §3.1 has it, made by hand: mqtt-packet is what the gateway makes it with. */
export function connectBytes(settings: MqttSettings, clean: boolean): Buffer {
  const { clientId, keepAlive, user, will, qos } = settings;
  let flags = clean ? 0x02 : 0;
  const fields = [field(clientId)];
  if (will !== null) {
    flags |= 0x04 | (qos << 3) | (will.retain ? 0x20 : 0);
    fields.push(field(will.topicName), field(will.message));
  }
  if (user !== null) {
    flags |= 0x80;
    fields.push(field(user.name));
    if (user.password !== null) {
      flags |= 0x40;
      fields.push(field(user.password));
    }
  }
  const rest = Buffer.concat([
    Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, flags, keepAlive >>> 8, keepAlive & 0xff]),
    ...fields,
  ]);
  const { length } = rest;
  const remaining = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >>> 7];
  return Buffer.concat([Buffer.from([0x10, ...remaining]), rest]);
}

export const CONNACK = "20020000";
export const CONNACK_SESSION_PRESENT = "20020100";
export const DISCONNECT = "e000";

/** A PUBLISH of the topic of port 1. */
export function publish(
  text: string,
  options: { qos?: QualityOfService; id?: number; dup?: boolean; retain?: boolean; topic?: string } = {},
): Packet {
  const { qos = 1, id = 1, dup = false, retain = false, topic = "Plant 1/ä" } = options;
  return {
    cmd: "publish",
    topic,
    payload: text,
    qos,
    dup,
    retain,
    ...(qos > 0 ? { messageId: id } : {}),
  };
}

/** One publisher and its broker. */
export class Play {
  readonly settings: MqttSettings;
  readonly lines: string[] = [];
  readonly publisher: Publisher;
  readonly #broker: ScriptedBroker;
  #link: Link | null = null;
  paused = true;

  private constructor(broker: ScriptedBroker, settings: MqttSettings) {
    const note = (line: string): void => void this.lines.push(line);
    this.#broker = broker;
    this.settings = settings;
    this.publisher = new Publisher({
      settings,
      log: { info: note, warning: note, error: note, debug: () => undefined },
      source: {
        pause: () => {
          this.paused = true;
        },
        resume: () => {
          this.paused = false;
        },
      },
      onFirst: () => undefined,
      backoff: { next: () => 0, reset: () => undefined },
    });
    this.publisher.start();
  }

  static async begin(site: MqttSite, change: Partial<MqttSettings> = {}): Promise<Play> {
    const broker = await ScriptedBroker.listen(site);
    return new Play(broker, mqttSettings(site, broker.port, change));
  }

  get link(): Link {
    if (this.#link === null) throw new Error("the gateway is not connected yet");
    return this.#link;
  }

  /** The gateway connects, with exactly this CONNECT. */
  async connects(options: { clean?: boolean } = {}): Promise<void> {
    this.#link = await this.#broker.connection();
    await this.gets(connectBytes(this.settings, options.clean ?? false).toString("hex"));
  }

  /** It connects, is accepted and says so. */
  async isAccepted(options: { sessionPresent?: boolean } = {}): Promise<void> {
    const told = this.#established();
    await this.connects({ clean: this.#highest() === 0 });
    this.sends(options.sessionPresent ? CONNACK_SESSION_PRESENT : CONNACK);
    await until(() => this.#established() > told);
  }

  /** It connects for nothing but a new session. */
  async forgets(): Promise<void> {
    await this.connects({ clean: true });
    this.sends(CONNACK);
    await this.gets(DISCONNECT);
    await this.ends();
  }

  /** The connections that come before the first message. */
  async starts(): Promise<void> {
    if (this.#highest() === 2) await this.forgets();
    await this.isAccepted();
  }

  publishes(...texts: readonly string[]): void {
    this.publishesTo(1, ...texts);
  }
  publishesTo(port: number, ...texts: readonly string[]): void {
    this.publisher.push(Buffer.concat(texts.map((text) => encodeFrame(port, text))));
  }

  /** The next bytes from the gateway are exactly these. */
  async gets(...parts: readonly Bytes[]): Promise<void> {
    const expected = bytesOf(...parts);
    const actual = await this.link.bytes(expected.length);
    assert.equal(actual.toString("hex"), expected.toString("hex"));
  }
  sends(...parts: readonly Bytes[]): void {
    this.link.raw(bytesOf(...parts));
  }

  /** The gateway closes the connection and sends nothing before it does. */
  async ends(): Promise<void> {
    const rest = await this.link.bytes(Number.MAX_SAFE_INTEGER);
    assert.equal(rest.toString("hex"), "");
  }

  /** The gateway closes the connection and says why. */
  async closes(why: RegExp): Promise<void> {
    await this.ends();
    await until(() => this.lines.some((line) => why.test(line)));
    const line = this.lines.find((each) => why.test(each)) ?? "";
    assert.match(line, /^MQTT Publisher (?:lost its connection|can't connect) to .*Cure: .*It keeps trying$/);
  }

  /** The line breaks. */
  cuts(): void {
    this.link.drop();
  }

  /** The gateway is switched off: it says good-bye. */
  async stops(): Promise<void> {
    const done = new Promise<void>((resolve) => this.publisher.stop(resolve));
    await this.gets(DISCONNECT);
    await this.ends();
    await done;
  }

  /** The highest quality of service of all messages. */
  #highest(): number {
    return Math.max(this.settings.qos, ...this.settings.topics.map((topic) => topic.qualityOfService));
  }

  /** How often R114's line has come. */
  #established(): number {
    return this.lines.filter((line) => line.startsWith("MQTT Publisher established connection to ")).length;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.publisher.stop(resolve));
    this.#link?.drop();
    this.#broker.close();
  }
}

/** Plays one script to its end, and clears up behind it. */
export async function play(
  site: MqttSite,
  change: Partial<MqttSettings>,
  script: (stage: Play) => Promise<void>,
): Promise<void> {
  const stage = await Play.begin(site, change);
  try {
    await script(stage);
  } finally {
    await stage.close();
  }
}
