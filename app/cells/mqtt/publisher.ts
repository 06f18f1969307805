import type { MqttSettings } from "../../config/mqtt.ts";
import { Backoff } from "../../link/backoff.ts";
import { CauseLog, NETWORK_RETRY_MS } from "../../link/cause-log.ts";
import type { Log } from "../../link/log-line.ts";
import { Session } from "./session.ts";

/** Messages that may be unacknowledged at a time; more of them would only move the waiting into the broker. */
const WINDOW = 64;
/** A connection that lasted this long was a good one. */
const GOOD_CONNECTION_MS = 10_000;

/** A value for the topic that belongs to the port. */
export interface Message {
  readonly port: number;
  readonly payload: Buffer;
}

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
  readonly #topics: ReadonlyMap<number, string>;
  readonly #backoff = new Backoff();
  /** Frames that were read and not sent yet: at most one read buffer full. */
  #waiting: Message[] = [];
  #inFlight = 0;
  #session: Session;
  #ready = false;
  #pumping = false;
  #stopping = false;
  #paused = true;
  #connectedAt = 0;
  /** With quality of service 2 a new process must make the broker forget packet ids of its predecessor first. */
  #forget: boolean;
  /** Called once, with the first message that the broker has. */
  #onFirst: (() => void) | null;

  constructor(options: { settings: MqttSettings; log: Log; source: Source; onFirst: () => void }) {
    this.#settings = options.settings;
    this.#log = options.log;
    this.#causes = new CauseLog(options.log);
    this.#source = options.source;
    this.#onFirst = options.onFirst;
    this.#topics = new Map(options.settings.topics.map(({ port, topicName }) => [port, topicName]));
    this.#forget = options.settings.qos === 2;
    this.#session = this.#newSession();
    this.#source.pause();
  }

  /** Connects, and from then on stays connected. */
  start(): void {
    this.#session.connect();
  }

  /** Takes frames in the order of their arrival. */
  push(frames: readonly Message[]): void {
    this.#waiting.push(...frames);
    this.#pump();
  }

  /** Ends the connection in a way that does not trigger the last will. */
  stop(onDone: () => void): void {
    this.#stopping = true;
    this.#session.end(onDone);
  }

  #newSession(): Session {
    return new Session({
      settings: this.#settings,
      clean: this.#settings.qos === 0 || this.#forget,
      handlers: { onReady: () => this.#onReady(), onClosed: (cause) => this.#onClosed(cause) },
    });
  }

  #onReady(): void {
    if (this.#forget) {
      this.#forget = false;
      const forgetful = this.#session;
      this.#session = this.#newSession();
      forgetful.end(() => this.#session.connect());
      return;
    }
    this.#ready = true;
    this.#connectedAt = Date.now();
    this.#causes.clear();
    const { host, port } = this.#settings;
    this.#log.info(`MQTT Publisher established connection to ${host} port ${port}`);
    this.#pump();
  }

  /** Sends as much as the window takes, and reads on only when nothing is left over. */
  #pump(): void {
    // With quality of service 0 a message is done within publish() and leads back to here.
    if (this.#pumping) return;
    this.#pumping = true;
    let sent = 0;
    while (this.#ready && sent < this.#waiting.length && this.#inFlight < WINDOW) {
      const frame = this.#waiting[sent];
      sent += 1;
      if (frame) this.#publish(frame);
    }
    if (sent > 0) this.#waiting = this.#waiting.slice(sent);
    this.#pumping = false;
    this.#setPaused(!this.#ready || this.#waiting.length > 0);
  }

  #publish(frame: Message): void {
    const topicName = this.#topics.get(frame.port);
    // Navigation only uses ports of the same settings file; anything else is not ours to publish.
    if (topicName === undefined) return;
    this.#inFlight += 1;
    this.#session.publish({
      topicName,
      payload: frame.payload,
      onDone: () => {
        this.#inFlight -= 1;
        this.#onFirst?.();
        this.#onFirst = null;
        if (this.#waiting.length > 0) this.#pump();
      },
    });
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
    this.#ready = false;
    this.#setPaused(true);
    if (this.#stopping || cause === null) return;
    // Without a session the broker owes no acknowledgement for what was on its way (quality of service 0).
    if (this.#settings.qos === 0) this.#inFlight = 0;
    if (lasted >= GOOD_CONNECTION_MS) this.#backoff.reset();
    const { host, port } = this.#settings;
    this.#causes.tell(
      `MQTT Publisher ${had ? "lost its connection to" : "can't connect to"} ${host} port ${port}`,
      cause,
    );
    const delay = this.#causes.isNetworkStarting(cause) ? NETWORK_RETRY_MS : this.#backoff.next();
    setTimeout(() => {
      if (!this.#stopping) this.#session.connect();
    }, delay);
  }
}
