import { FrameReader, readdressFrame } from "../../link/frame.ts";
import type { FrameSender } from "../../link/frame-sender.ts";

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
    const routes = this.#routes;
    reader.feed(chunk);
    const { bytes } = reader;
    let runStart = 0;
    let runEnd = 0;
    while (reader.next()) {
      const { start } = reader;
      const target = routes.get(reader.port);
      if (target === undefined) continue;
      readdressFrame(bytes, start, target);
      if (start !== runEnd) {
        if (runEnd > runStart) this.#sender.sendFrames(bytes, runStart, runEnd);
        runStart = start;
      }
      runEnd = reader.end;
    }
    if (runEnd > runStart) this.#sender.sendFrames(bytes, runStart, runEnd);
  }
}
