import type { ConnectionOptions } from "node:tls";
import type { MqttSettings } from "../../config/mqtt.ts";
import { Backoff } from "../../link/backoff.ts";
import { CauseLog } from "../../link/cause-log.ts";
import { type Frame, framePayload } from "../../link/frame.ts";
import type { Log } from "../../link/log-line.ts";
import { Connection } from "./connection.ts";
import { InFlight } from "./in-flight.ts";
import { type ConnectOptions, encodePublish, encodeTopic, type Inbound } from "./packet.ts";
import { tlsOptions } from "./tls-options.ts";

/** Messages that may be unacknowledged at a time; more of them would only move the waiting into the broker. */
const WINDOW = 64;
/** A connection that lasted this long was a good one. */
const GOOD_CONNECTION_MS = 10_000;

/** Where the publisher gets its frames from; paused while it can't send. */
export interface Source {
  pause(): void;
  resume(): void;
}

/**
 * Publishes frames over one connection after the other (R81–R116). A message leaves only with its acknowledgement; what
 * is in flight when a connection breaks is sent again on the next one, first and in order.
 */
export class Publisher {
  readonly #settings: MqttSettings;
  readonly #log: Log;
  readonly #causes: CauseLog;
  readonly #source: Source;
  readonly #tls: ConnectionOptions;
  readonly #topics: ReadonlyMap<number, Buffer>;
  readonly #inFlight = new InFlight({ window: WINDOW });
  readonly #backoff = new Backoff();
  /** Frames that were read and not sent yet: at most one read buffer full. */
  #waiting: Frame[] = [];
  #connection: Connection | null = null;
  #ready = false;
  #stopping = false;
  #paused = true;
  #connectedAt = 0;
  /** With quality of service 2 a new process must make the broker forget packet ids of its predecessor first. */
  #forget: boolean;

  constructor(options: { settings: MqttSettings; log: Log; source: Source }) {
    this.#settings = options.settings;
    this.#log = options.log;
    this.#causes = new CauseLog(options.log);
    this.#source = options.source;
    this.#tls = tlsOptions(options.settings);
    this.#topics = new Map(
      options.settings.topics.map(({ port, topicName }) => [port, encodeTopic(topicName)]),
    );
    this.#forget = options.settings.qos === 2;
    this.#source.pause();
  }

  /** Connects, and from then on stays connected. */
  start(): void {
    this.#connect();
  }

  /** Takes frames in the order of their arrival. */
  push(frames: readonly Frame[]): void {
    this.#waiting.push(...frames);
    this.#pump();
  }

  /** Ends the connection in a way that does not trigger the last will. */
  stop(onDone: () => void): void {
    this.#stopping = true;
    if (this.#connection) this.#connection.end(onDone);
    else onDone();
  }

  #connectOptions(): ConnectOptions {
    const { clientId, keepAlive, user, will, qos } = this.#settings;
    return {
      clientId,
      keepAlive,
      user,
      will: will ? { ...will, qos } : null,
      cleanSession: qos === 0 || this.#forget,
    };
  }

  #connect(): void {
    if (this.#stopping) return;
    this.#connection = new Connection({
      tls: this.#tls,
      mqtt: this.#connectOptions(),
      handlers: {
        onReady: (sessionPresent) => this.#onReady(sessionPresent),
        onAck: (packet) => this.#onAck(packet),
        onDrain: () => this.#pump(),
        onClosed: (cause) => this.#onClosed(cause),
        oldestSentAt: () => this.#inFlight.oldestSentAt,
      },
    });
  }

  #onReady(sessionPresent: boolean): void {
    if (this.#forget) {
      this.#forget = false;
      this.#connection?.end(() => this.#connect());
      return;
    }
    this.#ready = true;
    this.#connectedAt = Date.now();
    this.#causes.clear();
    this.#log.info(
      `MQTT Publisher established connection to ${this.#settings.host} port ${this.#settings.port}`,
    );
    const again = this.#inFlight.resume(sessionPresent);
    if (again.length > 0) this.#connection?.write(again);
    this.#pump();
  }

  #onAck(packet: Extract<Inbound, { id: number }>): void {
    switch (packet.kind) {
      case "puback":
        this.#inFlight.acknowledge(packet.id);
        break;
      case "pubrec":
        this.#connection?.write([this.#inFlight.receive(packet.id)]);
        break;
      case "pubcomp":
        this.#inFlight.complete(packet.id);
        break;
    }
    this.#pump();
  }

  /** Sends as much as window and socket take, in one write, and reads on only when nothing is left over. */
  #pump(): void {
    const connection = this.#connection;
    if (this.#ready && connection && !connection.congested) {
      const packets: Buffer[] = [];
      let sent = 0;
      while (sent < this.#waiting.length && !this.#inFlight.isFull) {
        const frame = this.#waiting[sent];
        sent += 1;
        const packet = frame && this.#encode(frame);
        if (packet) packets.push(packet);
      }
      if (sent > 0) this.#waiting = this.#waiting.slice(sent);
      if (packets.length > 0) connection.write(packets);
    }
    this.#setPaused(!this.#ready || this.#waiting.length > 0 || (connection?.congested ?? true));
  }

  #encode(frame: Frame): Buffer | null {
    const topic = this.#topics.get(frame.port);
    // Navigation only uses ports of the same settings file; anything else is not ours to publish.
    if (!topic) return null;
    const payload = framePayload(frame.bytes);
    const { qos } = this.#settings;
    return qos === 0
      ? encodePublish({ topic, payload, qos, id: 0 })
      : this.#inFlight.add({ topic, payload, qos });
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#source.pause();
    else this.#source.resume();
  }

  #onClosed(cause: string | null): void {
    const lasted = this.#ready ? Date.now() - this.#connectedAt : 0;
    const had = this.#ready;
    this.#connection = null;
    this.#ready = false;
    this.#setPaused(true);
    if (this.#stopping || cause === null) return;
    if (lasted >= GOOD_CONNECTION_MS) this.#backoff.reset();
    const { host, port } = this.#settings;
    this.#causes.tell(
      `MQTT Publisher ${had ? "lost its connection to" : "can't connect to"} ${host} port ${port}`,
      cause,
    );
    setTimeout(() => this.#connect(), this.#backoff.next());
  }
}
