/** Between client and server; hears all that the client sends. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";

export class Eavesdropper {
  readonly #server: Server;
  #heard: Buffer[] = [];

  private constructor(target: number) {
    this.#server = createServer((near) => {
      const far = connect(target, "127.0.0.1");
      near.on("data", (chunk) => void this.#heard.push(chunk));
      near.pipe(far).pipe(near);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        one.on("error", () => undefined);
        one.on("close", () => other.destroy());
      }
    });
  }

  static async open(target: number): Promise<Eavesdropper> {
    const eavesdropper = new Eavesdropper(target);
    eavesdropper.#server.listen(0, "127.0.0.1");
    await once(eavesdropper.#server, "listening");
    return eavesdropper;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whether these bytes have come since the last `forget`. */
  heard(bytes: Buffer): boolean {
    return Buffer.concat(this.#heard).includes(bytes);
  }

  forget(): void {
    this.#heard = [];
  }

  close(): void {
    this.#server.close();
  }
}
