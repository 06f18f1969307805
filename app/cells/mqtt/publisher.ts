import type { MqttSettings } from "../../config/mqtt.ts";
import { Backoff } from "../../link/backoff.ts";
import { CauseLog, NETWORK_RETRY_MS } from "../../link/cause-log.ts";
import { FrameReader } from "../../link/frame.ts";
import type { Log } from "../../link/log-line.ts";
import type { Progress } from "../../link/progress.ts";
import { explainError } from "./cause.ts";
import { Outbox } from "./outbox.ts";
import { topicTable } from "./packets.ts";
import { type ConnectionEnd, Session } from "./session.ts";

/** A connection that lasted this long was a good one. */
const GOOD_CONNECTION_MS = 10_000;

/** Where the publisher gets its frames from; paused while it can't send. */
export interface Source {
  pause(): void;
  resume(): void;
}

export interface PublisherOptions {
  readonly settings: MqttSettings;
  readonly log: Log;
  readonly source: Source;
  /** Called once, with the first message that the broker has. */
  readonly onFirst: () => void;
  /** Null: the connection stands; otherwise why it does not. */
  readonly onState?: (reason: string | null) => void;
  /** Before every attempt: the way to the broker is opened; rejects when its name can't be resolved. */
  readonly openWay?: () => Promise<void>;
  /** How long to wait before each attempt to connect. */
  readonly backoff?: Pick<Backoff, "next" | "reset">;
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
  readonly #backoff: Pick<Backoff, "next" | "reset">;
  /** What was read and not looked at yet: at most one read buffer full. */
  readonly #chunks: Uint8Array[] = [];
  readonly #frames = new FrameReader();
  /** Of the frames that the reader has found: how many, and how many of them have left. */
  #found = 0;
  #sent = 0;
  readonly #outbox: Outbox;
  #session: Session;
  #ready = false;
  #started = false;
  #stopping = false;
  #steps = 0;
  #paused = true;
  #connectedAt = 0;
  /** The highest quality of service of all messages: from 1 on the broker shall remember the session (L15). */
  readonly #highestQos: number;
  /** The broker must forget the session first: packet ids of a predecessor of this process, or somebody's subscriptions. */
  #forget: boolean;
  /** The pause before the next attempt. */
  #pause: ReturnType<typeof setTimeout> | null = null;
  #connections = 0;
  #onFirst: (() => void) | null;
  /** Null: the connection stands; otherwise why it does not. */
  readonly #onState: (reason: string | null) => void;
  readonly #openWay: (() => Promise<void>) | null;

  constructor(options: PublisherOptions) {
    this.#settings = options.settings;
    this.#log = options.log;
    this.#causes = new CauseLog(options.log);
    this.#source = options.source;
    this.#onFirst = options.onFirst;
    this.#onState = options.onState ?? (() => undefined);
    this.#openWay = options.openWay ?? null;
    this.#backoff = options.backoff ?? new Backoff();
    const { qos, topics } = options.settings;
    this.#outbox = new Outbox(topicTable(topics));
    this.#highestQos = topics.reduce<number>(
      (most, { qualityOfService }) => Math.max(most, qualityOfService),
      qos,
    );
    this.#forget = this.#highestQos === 2;
    this.#session = this.#newSession();
    this.#source.pause();
  }

  /** Connects, and from then on stays connected. */
  start(): void {
    this.#started = true;
    this.#connect();
  }

  /** Link and address have come back: there is nothing to wait for (L20). */
  retry(): void {
    this.#backoff.reset();
    if (this.#pause !== null) this.#connect();
  }

  /** The connection can't be alive any more, whatever its socket thinks. */
  drop(cause: string): void {
    this.#session.drop(cause);
  }

  #connect(): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = null;
    if (this.#stopping) return;
    this.#steps += 1;
    this.#debugConnect();
    if (!this.#openWay) {
      this.#session.connect();
      return;
    }
    this.#openWay().then(
      () => {
        if (!this.#stopping) this.#session.connect();
      },
      (error: unknown) => {
        const cause = explainError(error instanceof Error ? error : new Error(String(error)), {
          secure: false,
        });
        this.#onClosed({ cause, subscribed: false });
      },
    );
  }

  #debugConnect(): void {
    const { host, port, clientId, keepAlive, user, will } = this.#settings;
    const flags = [
      this.#isClean ? "clean session" : "session kept",
      ...(user ? ["user name"] : []),
      ...(user && user.password !== null ? ["password"] : []),
      ...(will ? [`last will${will.retain ? " retained" : ""}`] : []),
    ];
    this.#log.debug(
      `MQTT Publisher: CONNECT to ${host} port ${port} as ${JSON.stringify(clientId)}: ${flags.join(", ")}, keep alive ${keepAlive} s`,
    );
  }

  /** Whether the next connection asks for a new session. */
  get #isClean(): boolean {
    return this.#highestQos === 0 || this.#forget;
  }

  /** Messages that the broker has not acknowledged yet. */
  get inFlight(): number {
    return this.#outbox.inFlight;
  }

  /** What the broker has to acknowledge is no business of ours: the session ends when it does not. */
  get progress(): Progress {
    const isHeldUp = this.#ready ? this.#paused && this.#outbox.inFlight === 0 : this.#started;
    return { steps: this.#steps, busy: isHeldUp };
  }

  /** Takes what navigation wrote, and its memory. */
  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#pump();
  }

  /** Ends the connection in a way that does not trigger the last will. */
  stop(onDone: () => void): void {
    this.#stopping = true;
    this.#session.end(onDone);
  }

  /** How many messages of each port the broker has acknowledged since the start; with quality of service 0, how many were written. */
  published(): Map<number, number> {
    return this.#outbox.published();
  }

  /** How often a connection was there again after one was lost. */
  get reconnects(): number {
    return Math.max(0, this.#connections - 1);
  }

  /** The next connection asks for a new session, the one after it keeps that. */
  #startForgetting(): void {
    this.#forget = true;
    this.#session.end(() => undefined);
    this.#session = this.#newSession();
  }

  #newSession(): Session {
    return new Session({
      settings: this.#settings,
      clean: this.#isClean,
      handlers: {
        onReady: (sessionPresent) => this.#onReady(sessionPresent),
        onAck: (type, id, count) => this.#outbox.acknowledge(type, id, count),
        onHeard: () => this.#onHeard(),
        waitingFor: () => this.#outbox.waitingFor,
        onDrain: () => this.#onDrain(),
        onPing: () => this.#log.debug("MQTT Publisher: PINGREQ"),
        onClosed: (end) => this.#onClosed(end),
      },
    });
  }

  #onReady(sessionPresent: boolean): void {
    this.#log.debug(
      `MQTT Publisher: CONNACK: accepted, session ${sessionPresent ? "present" : "not present"}`,
    );
    if (this.#forget) {
      this.#forget = false;
      const forgetful = this.#session;
      this.#session = this.#newSession();
      forgetful.end(() => this.#connect());
      return;
    }
    this.#ready = true;
    this.#steps += 1;
    this.#connections += 1;
    this.#connectedAt = performance.now();
    this.#causes.clear();
    this.#onState(null);
    const { host, port } = this.#settings;
    this.#log.info(`MQTT Publisher established connection to ${host} port ${port}`);
    const session = this.#session;
    this.#outbox.connected((bytes) => session.write(bytes), sessionPresent);
    this.#pump();
  }

  #onHeard(): void {
    // Reading on means that nothing waits for room.
    if (this.#ready && (this.#paused || this.#onFirst !== null)) this.#pump();
  }

  #onDrain(): void {
    if (!this.#ready) return;
    this.#outbox.drained();
    this.#pump();
  }

  /** Whether frames wait. */
  #hasMore(): boolean {
    while (this.#sent === this.#found) {
      this.#sent = 0;
      this.#found = this.#frames.next();
      if (this.#found > 0) break;
      const chunk = this.#chunks.shift();
      if (chunk === undefined) return false;
      this.#frames.feed(chunk);
    }
    return true;
  }

  /** Sends what has been read, in one piece, as far as the window takes it; reads on only when nothing is left over. */
  #pump(): void {
    const outbox = this.#outbox;
    let hasMore = true;
    while (this.#ready && hasMore) {
      hasMore = this.#hasMore();
      if (!hasMore) break;
      const { bytes, found } = this.#frames;
      const taken = outbox.add(bytes, found, this.#sent, this.#found);
      if (taken === 0) break;
      this.#sent += taken;
      this.#steps += taken;
    }
    outbox.flush();
    this.#setPaused(hasMore);
    if (this.#onFirst !== null && outbox.delivered) {
      this.#onFirst();
      this.#onFirst = null;
    }
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#source.pause();
    else this.#source.resume();
  }

  #onClosed(end: ConnectionEnd | null): void {
    const lasted = this.#ready ? performance.now() - this.#connectedAt : 0;
    const had = this.#ready;
    this.#ready = false;
    this.#steps += 1;
    this.#outbox.disconnected();
    this.#setPaused(true);
    if (this.#stopping || end === null) return;
    const { cause } = end;
    if (end.subscribed && !this.#forget) this.#startForgetting();
    if (lasted >= GOOD_CONNECTION_MS) this.#backoff.reset();
    const { host, port } = this.#settings;
    this.#causes.tell(
      `MQTT Publisher ${had ? "lost its connection to" : "can't connect to"} ${host} port ${port}`,
      cause,
    );
    const starting = this.#causes.isNetworkStarting(cause);
    if (!starting) this.#onState(cause);
    const delay = starting ? NETWORK_RETRY_MS : this.#backoff.next();
    this.#log.debug(
      `MQTT Publisher: ${cause}; ${this.#outbox.inFlight} in flight; next attempt in ${Math.round(delay)} ms`,
    );
    this.#pause = setTimeout(() => this.#connect(), delay);
  }
}
