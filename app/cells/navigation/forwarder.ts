import { type Frame, FrameReader, readdressFrame } from "../../link/frame.ts";
import type { FrameSender } from "../../link/frame-sender.ts";

/** Moves frames from the OPC UA cell to the MQTT cell, each to the port that its source is routed to. */
export class Forwarder {
  readonly #routes: ReadonlyMap<number, number>;
  readonly #sender: FrameSender;
  readonly #reader = new FrameReader();

  constructor(options: { routes: ReadonlyMap<number, number>; sender: FrameSender }) {
    this.#routes = options.routes;
    this.#sender = options.sender;
  }

  /** Takes in what the OPC UA cell wrote; what no topic belongs to ends here. */
  push(chunk: Uint8Array): void {
    this.#reader.push(chunk, (frame) => this.#forward(frame));
  }

  #forward(frame: Frame): void {
    const target = this.#routes.get(frame.port);
    if (target === undefined) return;
    // A copy: the frame must not keep the read buffer around it alive.
    const own = Buffer.from(frame.bytes);
    readdressFrame(own, target);
    this.#sender.send(own);
  }
}
