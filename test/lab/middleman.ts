/** Stands between the device and a server, to cut connections or to let them hang. */

import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./ports.ts";
import type { Workbench } from "./workbench.ts";

/** `open`: passes everything on. `refusing`: closes what comes. `stalled`: takes connections and bytes, passes nothing on. */
type State = "open" | "refusing" | "stalled";

export class Middleman {
  readonly port: number;
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: State = "open";

  private constructor(port: number, target: number) {
    this.port = port;
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  static async start(options: { bench: Workbench; target: number }): Promise<Middleman> {
    const middleman = new Middleman(await freePort(), options.target);
    middleman.#server.listen(middleman.port, "127.0.0.1");
    await once(middleman.#server, "listening");
    options.bench.defer(() => middleman.#close());
    return middleman;
  }

  /** Every connection breaks, and there is no new one. */
  refuse(): void {
    this.#state = "refusing";
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Every connection hangs, new ones too: nobody is told anything. */
  stall(): void {
    this.#state = "stalled";
    for (const socket of this.#sockets) socket.pause();
  }

  /** All is well again; what hung goes on. */
  open(): void {
    this.#state = "open";
    for (const socket of this.#sockets) socket.resume();
  }

  #accept(near: Socket): void {
    if (this.#state === "refusing") {
      near.destroy();
      return;
    }
    const far = createConnection({ port: this.#target, host: "127.0.0.1", allowHalfOpen: true });
    this.#join(near, far);
    this.#join(far, near);
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay();
    from.on("data", (bytes) => {
      if (!to.write(bytes)) from.pause();
    });
    to.on("drain", () => {
      if (this.#state === "open") from.resume();
    });
    from.on("end", () => to.end());
    // A connection that breaks breaks on both sides; why is for the gateway to say.
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    if (this.#state === "stalled") from.pause();
  }

  #close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
