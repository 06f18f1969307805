import { type TLSSocket, connect as tlsConnect } from "node:tls";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type { MqttSettings } from "../../config/mqtt.ts";
import { AckReader, type AckType, MqttProtocolError } from "./ack-reader.ts";
import { explainError, explainReturnCode } from "./cause.ts";
import { tlsOptions } from "./tls-options.ts";
import { Wire } from "./wire.ts";

/**
 * One TLS connection to the broker after the other. mqtt.js says CONNECT, keeps alive and says good-bye; messages and
 * their acknowledgements pass it by, because they are what this device spends its time on.
 */

/** TCP, TLS and CONNACK together; a full handshake takes seconds on the device. */
const CONNECT_TIMEOUT_MS = 30_000;
/** How long the oldest message may stay unacknowledged, whatever else the broker says; less with a short keep-alive (L14). */
const ACK_TIMEOUT_MS = 30_000;
/** A broker that stops answering is noticed within so many keep-alive times (L14), as §3.1.2.10 has it for the other side. */
const KEEP_ALIVE_TIMES = 1.5;
/** Looks at what is unacknowledged in that time, at least; and the longest time between two of them. */
const CHECKS = 8;
const CHECK_INTERVAL_MS = 1_000;
const TCP_KEEP_ALIVE_MS = 30_000;
const PROTOCOL_LEVEL = 4;
/** A resumed TLS session saves the private key operation, half a second on the device; after this time all is checked anew. */
const RESUMPTION_MS = 3_600_000;
/** First byte of a PINGREQ (§3.12). */
const PINGREQ = 0xc0;
/** MQTT 3.1.1 §3.14. */
const DISCONNECT = Buffer.from([0xe0, 0]);

export interface SessionHandlers {
  /** Connected: messages can be written now. The broker remembers the session of the last connection, or not (§3.2.2.2). */
  onReady(sessionPresent: boolean): void;
  /** Acknowledgements of `count` messages with consecutive ids have come; throws when nothing waits for one. */
  onAck(type: AckType, id: number, count: number): void;
  /** Everything in a chunk of acknowledgements was told. */
  onHeard(): void;
  /** The identifier of the oldest message that is not acknowledged; 0: there is none. */
  waitingFor(): number;
  /** The socket takes more after it had enough. */
  onDrain(): void;
  /** A PINGREQ is on its way. */
  onPing(): void;
  /** The connection is over; null when `end()` asked for it. */
  onClosed(end: ConnectionEnd | null): void;
}

export interface ConnectionEnd {
  /** Names cause and cure. */
  readonly cause: string;
  /** The session at the broker has subscriptions of somebody else. */
  readonly subscribed: boolean;
}

/** The broker lives, perhaps, but acknowledges nothing. */
class AckTimeoutError extends Error {
  readonly code = "ERR_MQTT_ACK_TIMEOUT";
  constructor() {
    super("no acknowledgement");
    this.name = "AckTimeoutError";
  }
}

export class Session {
  readonly #settings: MqttSettings;
  readonly #handlers: SessionHandlers;
  readonly #client: MqttClient;
  readonly #watch: ReturnType<typeof setInterval>;
  #socket: TLSSocket | null = null;
  #end: ConnectionEnd | null = null;
  #ending = false;
  /** Which message was the oldest without acknowledgement at the last check, and at how many checks before. */
  #waitingFor = 0;
  #checks = 0;
  readonly #mostChecks: number;
  #tlsSession: Buffer | undefined;
  /** Whether the last handshake succeeded. */
  #tlsWorks = false;
  /** When the broker's certificate was last checked, in a full handshake. */
  #verifiedAt = 0;

  constructor(options: { settings: MqttSettings; handlers: SessionHandlers; clean: boolean }) {
    this.#settings = options.settings;
    this.#handlers = options.handlers;
    const { clean } = options;
    this.#client = new mqtt.MqttClient(() => this.#openStream(clean), this.#clientOptions(clean));
    this.#client.on("connect", ({ sessionPresent }) => this.#handlers.onReady(sessionPresent));
    this.#client.on("error", (error) => this.#blame(error));
    this.#client.on("close", () => this.#onClose());
    const patience = Math.min(ACK_TIMEOUT_MS, options.settings.keepAlive * 1000 * KEEP_ALIVE_TIMES);
    const interval = Math.min(CHECK_INTERVAL_MS, patience / CHECKS);
    // The first check that finds a message may come a whole interval after it was sent.
    this.#mostChecks = Math.floor(patience / interval) - 1;
    this.#watch = setInterval(() => this.#check(), interval);
  }

  /** Opens a connection; when it ends, `onClosed` says so, and this may be called again. */
  connect(): void {
    this.#end = null;
    this.#client.connect();
  }

  /** The connection can't be alive any more, whatever its socket thinks; `onClosed` will say so. */
  drop(cause: string): void {
    if (!this.#client.stream) return;
    this.#end ??= { cause, subscribed: false };
    this.#client.stream.destroy();
  }

  /** Writes whole PUBLISH or PUBREL packets; false: enough for now, `onDrain` will follow. */
  write(bytes: Buffer): boolean {
    return this.#socket?.write(bytes) ?? false;
  }

  /** Says DISCONNECT, so that the broker does not publish the last will (R110), and closes. */
  end(onDone: () => void): void {
    this.#ending = true;
    clearInterval(this.#watch);
    if (!this.#client.stream) {
      onDone();
      return;
    }
    const finish = (): void => void this.#client.end(true, {}, onDone);
    // mqtt.js would wait for every acknowledgement first. Without CONNACK there is nobody to say DISCONNECT to.
    if (this.#client.connected) this.#client.stream.end(DISCONNECT, finish);
    else finish();
  }

  #clientOptions(clean: boolean): IClientOptions {
    const { clientId, keepAlive, user, will, qos } = this.#settings;
    return {
      protocolId: "MQTT",
      protocolVersion: PROTOCOL_LEVEL,
      clientId,
      clean,
      keepalive: keepAlive,
      // A broker that takes everything and answers nothing must not pass for alive (L14): publishing does not put off the ping.
      reschedulePings: false,
      connectTimeout: CONNECT_TIMEOUT_MS,
      manualConnect: true,
      // The publisher decides when to try again, and keeps what is not sent yet out of mqtt.js' unbounded queue.
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      // mqtt-packet would make a Buffer for each of 65,536 numbers before the first packet: 1.3 s and 10 MB on the device.
      writeCache: false,
      ...(user ? { username: user.name } : {}),
      ...(user && user.password !== null ? { password: user.password } : {}),
      ...(will
        ? { will: { topic: will.topicName, payload: Buffer.from(will.message), qos, retain: will.retain } }
        : {}),
    };
  }

  #openStream(clean: boolean): Wire {
    const resumed = this.#usableTlsSession();
    this.#tlsWorks = false;
    const socket = tlsConnect({ ...tlsOptions(this.#settings), ...(resumed ? { session: resumed } : {}) });
    const acks = new AckReader({
      clean,
      onAck: (type, id, count) => this.#handlers.onAck(type, id, count),
    });
    this.#socket = socket;
    socket.on("session", (session: Buffer) => {
      this.#tlsSession = session;
    });
    socket.on("secureConnect", () => {
      // Values are small and shall not wait for each other.
      socket.setNoDelay(true);
      socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
      if (!socket.isSessionReused()) this.#verifiedAt = performance.now();
      this.#tlsWorks = true;
    });
    socket.on("drain", () => this.#handlers.onDrain());
    // mqtt.js passes on only errors that have a code; TLS alerts of some OpenSSL releases have none.
    socket.on("error", (error: Error) => this.#blame(error));
    return new Wire({
      socket,
      read: (chunk) => this.#read(socket, acks, chunk),
      onWrite: (chunk) => {
        if (chunk[0] !== PINGREQ) return;
        acks.pinged();
        this.#handlers.onPing();
      },
    });
  }

  #read(socket: TLSSocket, acks: AckReader, chunk: Uint8Array): Buffer | null {
    try {
      const rest = acks.read(chunk);
      this.#handlers.onHeard();
      return rest;
    } catch (error) {
      if (!(error instanceof MqttProtocolError)) throw error;
      this.#blame(error);
      socket.destroy();
      return null;
    }
  }

  /**
   * The newest session that the broker gave, while its certificate was checked lately. Used again when the broker gives no
   * new one, as with TLS 1.2: RFC 8446 appendix C.4 advises against it for the sake of clients that want to be nobody.
   */
  #usableTlsSession(): Buffer | undefined {
    // The last connection did not come to be: perhaps because of its session.
    if (!this.#tlsWorks) this.#tlsSession = undefined;
    return performance.now() - this.#verifiedAt < RESUMPTION_MS ? this.#tlsSession : undefined;
  }

  /** The first error of a connection is its cause, the later ones follow from it. */
  #blame(error: Error): void {
    const code = (error as { code?: unknown }).code;
    this.#end ??= {
      cause:
        typeof code === "number" ? explainReturnCode(code) : explainError(error, { secure: this.#tlsWorks }),
      subscribed: error instanceof MqttProtocolError && error.subscribed,
    };
  }

  /** Counts checks instead of looking at a clock: while this process gets no time, nobody waits in vain. */
  #check(): void {
    const waitingFor = this.#client.connected ? this.#handlers.waitingFor() : 0;
    this.#checks = waitingFor !== 0 && waitingFor === this.#waitingFor ? this.#checks + 1 : 0;
    this.#waitingFor = waitingFor;
    if (this.#checks < this.#mostChecks) return;
    this.#blame(new AckTimeoutError());
    this.#client.stream.destroy();
  }

  #onClose(): void {
    this.#waitingFor = 0;
    if (this.#ending) {
      this.#handlers.onClosed(null);
      return;
    }
    this.#blame(new Error("the broker closed the connection"));
    const end = this.#end;
    // `close` comes out of mqtt.js' own clean-up: a new connection starts only when that is done.
    setImmediate(() => this.#handlers.onClosed(end));
  }
}
