/** A link between client and server that can be cut, broken at a byte, mended, and made to swallow what is sent. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class LinkProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  #carried = 0;
  #breaks = 0;
  /** The connection breaks with this byte. */
  #last = Number.POSITIVE_INFINITY;
  /** Nothing goes through, and nobody is told: a half-open connection. */
  stalled = false;
  /** What the server sends is lost. */
  swallowing = false;
  /** Hears what the client sends. */
  onSent: (chunk: Buffer) => void = () => undefined;
  /** Connections that were asked for, whether or not they came about. */
  attempts = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(target: () => number): Promise<LinkProxy> {
    const server = createServer();
    const proxy = new LinkProxy(server);
    server.on("connection", (near) => proxy.#connect(near, target()));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #connect(near: Socket, port: number): void {
    this.attempts += 1;
    near.on("error", () => undefined);
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
    }
    near.on("data", (chunk) => {
      this.onSent(chunk);
      if (!this.stalled) this.#carry(chunk, near, far);
    });
    far.on("data", (chunk) => this.stalled || this.swallowing || this.#carry(chunk, far, near));
    near.on("close", () => far.end());
    far.on("close", () => near.end());
  }

  #carry(chunk: Buffer, from: Socket, to: Socket): void {
    const left = this.#last - this.#carried;
    this.#carried += Math.min(left, chunk.length);
    if (left > chunk.length) {
      to.write(chunk);
      return;
    }
    this.#last = Number.POSITIVE_INFINITY;
    this.#breaks += 1;
    from.destroy();
    to.end(chunk.subarray(0, left));
  }

  /** Bytes that have got through, both ways. */
  get carried(): number {
    return this.#carried;
  }

  /** How often `breakAfter` has come true. */
  get breaks(): number {
    return this.#breaks;
  }

  /** The connection breaks when so many more bytes have got through; a new one may come at once. */
  breakAfter(bytes: number): void {
    this.#last = this.#carried + bytes;
  }

  /** Every connection ends, and no other one comes about. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
    this.stalled = false;
    this.swallowing = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
