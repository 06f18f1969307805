import { codec } from "#codec";
import { FrameReader } from "../../link/frame.ts";
import type { FrameSender } from "../../link/frame-sender.ts";
import { FOUND_FIELDS } from "../../runtime/codec-types.ts";

/**
 * Moves frames from the OPC UA cell to the MQTT cell, each to the port that its source is routed to: readdressed where
 * they lie, and sent on in runs as long as they arrive.
 */
export class Forwarder {
  readonly #routes: ReadonlyMap<number, number>;
  readonly #sender: FrameSender;
  readonly #reader = new FrameReader();

  constructor(options: { routes: ReadonlyMap<number, number>; sender: FrameSender }) {
    this.#routes = options.routes;
    this.#sender = options.sender;
  }

  /** Takes in what the OPC UA cell wrote, and its memory; what no topic belongs to ends here. */
  push(chunk: Uint8Array): void {
    const reader = this.#reader;
    reader.feed(chunk);
    for (let count = reader.next(); count > 0; count = reader.next()) this.#forward(count);
  }

  #forward(count: number): void {
    const { found } = this.#reader;
    const routes = this.#routes;
    let run = 0;
    let portAt = FOUND_FIELDS - 1;
    for (let each = 0; each < count; each += 1) {
      const target = routes.get(found[portAt] as number);
      if (target === undefined) {
        this.#send(run, each);
        run = each + 1;
      } else {
        found[portAt] = target;
      }
      portAt += FOUND_FIELDS;
    }
    this.#send(run, count);
  }

  /** Sends the frames from number `from` to `to` of those found. */
  #send(from: number, to: number): void {
    if (from === to) return;
    const { bytes, found } = this.#reader;
    codec.readdressFrames(bytes, found, from, to);
    const start = found[from * FOUND_FIELDS] as number;
    this.#sender.sendFrames(bytes, start, found[to * FOUND_FIELDS - 2] as number);
  }
}
