/** What the soak and its server's own process say to each other. */
import type { EndpointSettings } from "../lab/opcua-protocol.ts";

export const SOAK_NAMESPACE_URI = "urn:soak:plant";

/** Argument of server-main.ts, as JSON. */
export interface SoakServerSettings extends EndpointSettings {
  readonly items: number;
  readonly roundEveryMs: number;
  /** Number of the first round: a restarted server goes on where it was stopped. */
  readonly firstRound: number;
}

/** Soak → server: no more rounds; the server itself goes on. */
export interface SoakCommand {
  readonly hold: true;
}

/** Server → soak: every item has just taken this number as its value. */
export interface RoundReport {
  readonly round: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export function soakItem(index: number): { name: string; nodeId: string } {
  return { name: `Soak ${String(index).padStart(2, "0")}`, nodeId: `ns=2;s=soak.${index}` };
}
