import { type StatusCode, StatusCodes } from "node-opcua-client";
import type { NodeSetting } from "../../../config/opcua-file.ts";
import type { Log } from "../../../link/log-line.ts";

/** Nodes that the server does not deliver: told once, tried again for as long as the connection lasts. */

/** The first pause; each one is twice as long as the one before. */
export const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 300_000;
const GROWTH = 2;

/** So many nodes are named for one reason, the others are counted: more lines at once than the log takes would be lost. */
const MOST_NAMED = 10;

/** With such a status a node has no value that could be published. */
const NOT_DELIVERED = [
  StatusCodes.BadNodeIdUnknown,
  StatusCodes.BadNodeIdInvalid,
  StatusCodes.BadAttributeIdInvalid,
  StatusCodes.BadUserAccessDenied,
  StatusCodes.BadNotReadable,
];

/** Whether a status says that there is no such node, or not for us. */
export function isNotDelivered(status: StatusCode): boolean {
  return NOT_DELIVERED.some((each) => each.equals(status));
}

/** Asks the server for nodes once more, and tells with `add` and `remove` what came of it. */
export interface Retry {
  again(nodes: readonly NodeSetting[]): Promise<void>;
  failed(error: Error): void;
}

interface Missing {
  readonly node: NodeSetting;
  readonly status: StatusCode;
}

export class MissingNodes {
  readonly #log: Log;
  readonly #firstRetryMs: number;
  /** By port. */
  readonly #missing = new Map<number, Missing>();
  /** What the log says about them. */
  readonly #told = new Map<number, Missing>();
  #crowded = 0;
  #retry: Retry | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(options: { log: Log; firstRetryMs: number }) {
    this.#log = options.log;
    this.#firstRetryMs = options.firstRetryMs;
  }

  /** Nothing is known about any node: a new session begins. */
  reset(): void {
    this.#missing.clear();
  }

  add(node: NodeSetting, status: StatusCode): void {
    this.#missing.set(node.port, { node, status });
    if (this.#retry && !this.#timer) this.#schedule(this.#retry, this.#firstRetryMs);
  }

  /** The server delivers it, from now on or as ever. */
  remove(node: NodeSetting): void {
    this.#missing.delete(node.port);
  }

  /** Whether the server is known not to deliver it. */
  has(node: NodeSetting): boolean {
    return this.#missing.has(node.port);
  }

  /** Logs what has changed since the last time. */
  tell(): void {
    let crowded = 0;
    const refused = new Map<string, number>();
    for (const [port, missing] of this.#missing) {
      const { node, status } = missing;
      if (status.equals(StatusCodes.BadTooManyMonitoredItems)) {
        crowded += 1;
        continue;
      }
      if (this.#told.get(port)?.status.equals(status)) continue;
      this.#told.set(port, missing);
      const count = (refused.get(status.name) ?? 0) + 1;
      refused.set(status.name, count);
      if (count > MOST_NAMED) continue;
      this.#log.warning(
        `OPC UA Client: the server does not deliver ${node.nodeId} (${JSON.stringify(node.name)}): ${status.name}. Cure: correct the nodeId, or allow the user to read it`,
      );
    }
    for (const [name, count] of refused) {
      if (count > MOST_NAMED) {
        this.#log.warning(
          `OPC UA Client: the server does not deliver ${count - MOST_NAMED} more nodes: ${name}. Cure: as above; if it is all of one namespace, its index has changed on the server`,
        );
      }
    }
    let delivered = 0;
    for (const [port, { node }] of this.#told) {
      if (this.#missing.has(port)) continue;
      this.#told.delete(port);
      delivered += 1;
      if (delivered > MOST_NAMED) continue;
      this.#log.info(`OPC UA Client: the server now delivers ${node.nodeId} (${JSON.stringify(node.name)})`);
    }
    if (delivered > MOST_NAMED)
      this.#log.info(`OPC UA Client: the server now delivers ${delivered - MOST_NAMED} more nodes`);
    if (crowded > 0 && crowded !== this.#crowded) {
      this.#log.warning(
        `OPC UA Client: the server takes no more items; ${crowded} nodes are not delivered (BadTooManyMonitoredItems). Cure: raise the server's limit, or configure fewer nodes`,
      );
    }
    this.#crowded = crowded;
  }

  /** A connection is there: what is missing is asked for again, ever more seldom. */
  begin(retry: Retry): void {
    this.end();
    this.#retry = retry;
    if (this.#missing.size > 0) this.#schedule(retry, this.#firstRetryMs);
  }

  /** The connection is gone. */
  end(): void {
    this.#retry = null;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #schedule(retry: Retry, delay: number): void {
    this.#timer = setTimeout(() => void this.#again(retry, delay), delay);
  }

  async #again(retry: Retry, delay: number): Promise<void> {
    try {
      await retry.again([...this.#missing.values()].map(({ node }) => node));
      // Another connection has begun meanwhile.
      if (this.#retry !== retry) return;
      this.tell();
      this.#timer = null;
      if (this.#missing.size > 0) this.#schedule(retry, Math.min(delay * GROWTH, LONGEST_RETRY_MS));
    } catch (error) {
      if (this.#retry === retry) retry.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
