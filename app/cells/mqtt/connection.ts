import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { explainError, explainReturnCode } from "./cause.ts";
import {
  type ConnectOptions,
  DISCONNECT,
  encodeConnect,
  type Inbound,
  InboundParser,
  PINGREQ,
} from "./packet.ts";

/** One connection to the broker, from the first TCP packet to its end. It is never reused. */

/** TCP, TLS and CONNACK together; a full handshake takes seconds on the device. */
const CONNECT_TIMEOUT_MS = 30_000;
/** How long a message may stay unacknowledged while the broker says nothing at all (L14). */
const ACK_TIMEOUT_MS = 30_000;
const CHECK_INTERVAL_MS = 1_000;
/** PINGREQ goes out after this part of the keep-alive time without a word from the broker (§3.1.2.10). */
const PING_AFTER = 0.9;
/** The connection is given up after this part of it (L14: within 1.5 times). */
const DEAD_AFTER = 1.4;
const TCP_KEEP_ALIVE_MS = 30_000;

export interface ConnectionHandlers {
  /** CONNACK with return code 0 has arrived. */
  onReady(sessionPresent: boolean): void;
  /** An acknowledgement has arrived. */
  onAck(packet: Extract<Inbound, { id: number }>): void;
  /** What was written has left; there is room again. */
  onDrain(): void;
  /** The connection is over; called exactly once. The text names cause and cure, null after `end()`. */
  onClosed(cause: string | null): void;
  /** When the oldest unacknowledged message was sent. */
  oldestSentAt(): number | null;
}

export class Connection {
  readonly #socket: TLSSocket;
  readonly #handlers: ConnectionHandlers;
  readonly #parser = new InboundParser();
  readonly #keepAliveMs: number;
  readonly #watch: ReturnType<typeof setInterval>;
  #deadline: ReturnType<typeof setTimeout> | null;
  #heardAt = Date.now();
  #pinged = false;
  #ready = false;
  #over = false;

  constructor(options: { tls: ConnectionOptions; mqtt: ConnectOptions; handlers: ConnectionHandlers }) {
    this.#handlers = options.handlers;
    this.#keepAliveMs = options.mqtt.keepAlive * 1000;
    const socket = connect(options.tls);
    this.#socket = socket;
    this.#deadline = setTimeout(
      () => this.#close("ETIMEDOUT: the connection was not ready in time"),
      CONNECT_TIMEOUT_MS,
    );
    this.#watch = setInterval(() => this.#check(), CHECK_INTERVAL_MS);
    socket.on("secureConnect", () => {
      // Values are small and shall not wait for each other.
      socket.setNoDelay(true);
      socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
      socket.write(encodeConnect(options.mqtt));
    });
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("drain", () => this.#handlers.onDrain());
    socket.on("error", (error: Error) => this.#finish(explainError(error)));
    socket.on("close", () => this.#finish(explainError(new Error("the broker closed the connection"))));
  }

  /** Writes packets in one go; false when the socket has enough for now. */
  write(packets: readonly Buffer[]): boolean {
    return this.#socket.write(packets.length === 1 && packets[0] ? packets[0] : Buffer.concat(packets));
  }

  /** Whether the socket waits for `onDrain`. */
  get congested(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Says DISCONNECT, so that the broker does not publish the last will (R110), and closes. */
  end(onDone: () => void): void {
    if (!this.#ready || this.#over) {
      this.#finish(null);
      onDone();
      return;
    }
    this.#over = true;
    this.#stopTimers();
    this.#socket.end(DISCONNECT, onDone);
  }

  #onData(chunk: Buffer): void {
    this.#heardAt = Date.now();
    this.#pinged = false;
    try {
      this.#parser.push(chunk, (packet) => {
        if (!this.#over) this.#onPacket(packet);
      });
    } catch (error) {
      this.#close(error instanceof Error ? error.message : String(error));
    }
  }

  #onPacket(packet: Inbound): void {
    if (packet.kind === "connack") {
      if (this.#ready) return this.#close("the broker sent a second CONNACK");
      if (packet.returnCode !== 0) return this.#close(explainReturnCode(packet.returnCode));
      this.#ready = true;
      if (this.#deadline) clearTimeout(this.#deadline);
      this.#deadline = null;
      return this.#handlers.onReady(packet.sessionPresent);
    }
    if (!this.#ready) return this.#close("the broker did not begin with CONNACK");
    if (packet.kind !== "pingresp") this.#handlers.onAck(packet);
  }

  #check(): void {
    if (!this.#ready || this.#over) return;
    const now = Date.now();
    const silent = now - this.#heardAt;
    const oldest = this.#handlers.oldestSentAt();
    if (silent >= this.#keepAliveMs * DEAD_AFTER) {
      this.#close(
        `the broker has said nothing for ${Math.round(silent / 1000)} s. Cure: check broker and network`,
      );
    } else if (oldest !== null && now - oldest >= ACK_TIMEOUT_MS && silent >= ACK_TIMEOUT_MS) {
      this.#close(
        `the broker has acknowledged nothing for ${Math.round(silent / 1000)} s. Cure: check broker and network`,
      );
    } else if (silent >= this.#keepAliveMs * PING_AFTER && !this.#pinged) {
      this.#pinged = true;
      this.#socket.write(PINGREQ);
    }
  }

  #close(cause: string): void {
    this.#finish(cause.startsWith("ETIMEDOUT") ? explainError(new Error(cause)) : cause);
  }

  #stopTimers(): void {
    clearInterval(this.#watch);
    if (this.#deadline) clearTimeout(this.#deadline);
  }

  #finish(cause: string | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimers();
    this.#socket.destroy();
    this.#handlers.onClosed(cause);
  }
}
