import type { ClientSession } from "node-opcua-client";
import type { NodeSetting } from "../../../config/opcua-file.ts";
import type { FastLane } from "../connection/fast-lane.ts";
import type { Values } from "../values/values.ts";

/** Where values come from on a session: subscriptions, or cyclic reading where the server has none (L8). */

export interface SourceHandlers {
  /** Takes what arrives. */
  readonly values: Values;
  /** This many messages are lost: the server no longer has them. */
  onMissed(messages: number): void;
}

/** A session and the way of its messages. */
export interface SessionWay {
  readonly session: ClientSession;
  readonly lane: FastLane;
  /** Nothing more will come over this connection. */
  onLost(reason: string): void;
}

export interface Source {
  /** What the server has granted, for the log. */
  readonly description: string;
  readonly isCyclic: boolean;
  /** Whether the server has told anything since it began or was resumed. */
  readonly heard: boolean;
  /**
   * Goes on over another connection, with the same session or a new one. Returns how many missed messages were fetched.
   * Throws `ServiceRefusedError` when the server has nothing left to go on with.
   */
  resume(way: SessionWay, sessionIsNew: boolean): Promise<number>;
  /** Asks once more for nodes that the server did not deliver. */
  retry(nodes: readonly NodeSetting[]): Promise<void>;
  /** The connection is gone. */
  stop(): void;
}
