/**
 * The connection as mqtt.js sees it: it writes through here, and of what the broker sends it gets everything but the
 * acknowledgements of messages, which it never published.
 */
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

export class Wire extends Duplex {
  readonly #socket: TLSSocket;
  readonly #onWrite: (chunk: Buffer) => void;

  /** `read` says what of a chunk is for mqtt.js; `onWrite` hears what mqtt.js writes. */
  constructor(options: {
    socket: TLSSocket;
    read: (chunk: Uint8Array) => Buffer | null;
    onWrite: (chunk: Buffer) => void;
  }) {
    super({ allowHalfOpen: false });
    const { socket, read, onWrite } = options;
    this.#socket = socket;
    this.#onWrite = onWrite;
    socket.on("data", (chunk: Uint8Array) => {
      const rest = read(chunk);
      if (rest !== null) this.push(rest);
    });
    socket.on("error", (error: Error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#onWrite(chunk);
    this.#socket.write(chunk, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end(() => callback());
  }

  /** Closed is what the socket below is, so that a new connection never meets the old one. */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (this.#socket.closed) {
      callback(error);
      return;
    }
    this.#socket.once("close", () => callback(error));
    this.#socket.destroy();
  }
}
