import { codec } from "#codec";
import { FrameReader } from "../../link/frame.ts";
import type { FrameSender } from "../../link/frame-sender.ts";
import { FOUND_FIELDS, ROUTE_FIELDS, Route } from "../../runtime/codec-types.ts";

/**
 * Moves frames from the OPC UA cell to the MQTT cell, each to the port that its source is routed to: readdressed and
 * counted where they lie, and sent on in runs as long as they arrive.
 */
export class Forwarder {
  readonly #routes: Uint32Array;
  readonly #sender: FrameSender;
  readonly #reader = new FrameReader();

  constructor(options: { routes: ReadonlyMap<number, number>; sender: FrameSender }) {
    const routes = [...options.routes].sort(([one], [other]) => one - other);
    this.#routes = Uint32Array.from(routes.flatMap(([source, target]) => [source, target, 0]));
    this.#sender = options.sender;
  }

  /** Takes in what the OPC UA cell wrote, and its memory; what no topic belongs to ends here. */
  push(chunk: Uint8Array): void {
    const reader = this.#reader;
    reader.feed(chunk);
    for (let count = reader.next(); count > 0; count = reader.next()) this.#forward(count);
  }

  /** How many values have come in since the start by source port, those without a route left out; modulo 2^32. */
  received(): Map<number, number> {
    const counts = new Map<number, number>();
    const routes = this.#routes;
    for (let at = 0; at < routes.length; at += ROUTE_FIELDS)
      counts.set(routes[at + Route.source] as number, routes[at + Route.taken] as number);
    return counts;
  }

  #forward(count: number): void {
    const { bytes, found } = this.#reader;
    for (let from = 0; from < count; ) {
      const to = codec.routeFrames(bytes, found, from, count, this.#routes);
      if (to > from) {
        const start = found[from * FOUND_FIELDS] as number;
        this.#sender.sendFrames(bytes, start, found[to * FOUND_FIELDS - 2] as number);
      }
      from = to + 1;
    }
  }
}
