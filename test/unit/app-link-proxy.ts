/** A link between client and server that can be cut, mended, and made to swallow what is sent. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class LinkProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  /** Nothing goes through, and nobody is told: a half-open connection. */
  stalled = false;
  /** What the server sends is lost. */
  swallowing = false;
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
    near.on("data", (chunk) => this.stalled || far.write(chunk));
    far.on("data", (chunk) => this.stalled || this.swallowing || near.write(chunk));
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
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
