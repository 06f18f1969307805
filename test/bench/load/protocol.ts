/** What the bench and the load server's own process say to each other. */
import type { EndpointSettings } from "../../lab/opcua-protocol.ts";

/** Argument of server-main.ts, as JSON. */
export interface LoadSettings extends EndpointSettings {
  readonly items: number;
}

/** Bench → server: the first `items` items take `rounds` new values each, one per `everyMs`. */
export interface LoadCommand {
  readonly items: number;
  readonly rounds: number;
  readonly everyMs: number;
  /** All items of a round change at once, or one after the other over the round's time. */
  readonly spread: boolean;
}

/** Server → bench, when the changes of a command are made. */
export interface LoadReport {
  /** Changes made since the server started, the items' first values not counted. */
  readonly changes: number;
  /**
   * Number of values in each response so far, over secured channels; 0 for those that carry none. Only in answer to a
   * command without rounds.
   */
  readonly responses: readonly number[];
}

export const LOAD_NAMESPACE_URI = "urn:bench:load";

export function loadItem(index: number): { name: string; nodeId: string } {
  return { name: `Load ${String(index).padStart(4, "0")}`, nodeId: `ns=2;s=load.${index}` };
}

/**
 * Value number `sequence` of an item. Its integer part is the sequence number, so that a value that is lost, doubled or
 * swapped shows at the broker; the rest is what a 32-bit sensor value looks like as Double: 17 significant digits, the
 * longest text that a Double can need.
 */
export function loadValue(item: number, sequence: number): number {
  return Math.fround(sequence + 0.05 + ((item * 7919 + sequence * 104_729) % 900) / 1000);
}
