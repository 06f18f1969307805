/** What a TLSSocket passes on to the TCP connection below it. */
import type { Socket } from "../net.ts";
import { Duplex } from "../stream.ts";

export class Carried extends Duplex {
  protected readonly carrier: Socket;

  constructor(carrier: Socket, highWaterMark: number | undefined) {
    super({
      allowHalfOpen: false,
      emitClose: false,
      ...(highWaterMark === undefined ? {} : { highWaterMark }),
    });
    this.carrier = carrier;
  }

  setKeepAlive(on?: boolean, delay?: number): this {
    this.carrier.setKeepAlive(on, delay);
    return this;
  }
  setNoDelay(on?: boolean): this {
    this.carrier.setNoDelay(on);
    return this;
  }
  setTimeout(ms: number, callback?: () => void): this {
    this.carrier.setTimeout(ms);
    if (callback) this.once("timeout", callback);
    return this;
  }
  ref(): this {
    this.carrier.ref();
    return this;
  }
  unref(): this {
    this.carrier.unref();
    return this;
  }
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }
  address(): ReturnType<Socket["address"]> {
    return this.carrier.address();
  }

  get connecting(): boolean {
    return this.carrier.connecting;
  }
  get pending(): boolean {
    return this.carrier.pending;
  }
  get readyState(): string {
    return this.carrier.readyState;
  }
  get timeout(): number | undefined {
    return this.carrier.timeout;
  }
  get bytesRead(): number {
    return this.carrier.bytesRead;
  }
  get bytesWritten(): number {
    return this.carrier.bytesWritten;
  }
  get remoteAddress(): string | undefined {
    return this.carrier.remoteAddress;
  }
  get remotePort(): number | undefined {
    return this.carrier.remotePort;
  }
  get remoteFamily(): string | undefined {
    return this.carrier.remoteFamily;
  }
  get localAddress(): string | undefined {
    return this.carrier.localAddress;
  }
  get localPort(): number | undefined {
    return this.carrier.localPort;
  }
}
