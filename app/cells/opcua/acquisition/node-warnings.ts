import type { NodeSetting } from "../../../config/opcua-file.ts";
import type { Log } from "../../../link/log-line.ts";

/** A node that goes wrong in ever new ways is known well enough by now. */
const MOST_PER_NODE = 4;
/** More lines at once than the log takes would be lost, and others with them. */
const MOST_PER_HOUR = 20;
const HOUR_MS = 3_600_000;

/** Warnings about single nodes: the same one comes once, however many values it is about (K49). */
export class NodeWarnings {
  readonly #log: Log;
  readonly #told = new Map<number, Set<string>>();
  #hourBegan = Number.NEGATIVE_INFINITY;
  #thisHour = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  tell(node: NodeSetting, text: string): void {
    const told = this.#told.get(node.port) ?? new Set();
    if (told.size >= MOST_PER_NODE || told.has(text)) return;
    const now = performance.now();
    if (now - this.#hourBegan >= HOUR_MS) {
      this.#hourBegan = now;
      this.#thisHour = 0;
    }
    this.#thisHour += 1;
    if (this.#thisHour <= MOST_PER_HOUR) {
      told.add(text);
      this.#told.set(node.port, told);
      this.#log.warning(`OPC UA Client: ${node.nodeId} (${JSON.stringify(node.name)}) ${text}`);
    } else if (this.#thisHour === MOST_PER_HOUR + 1) {
      // What is left out now counts as not told: it comes in another hour, if it still happens then.
      this.#log.warning(
        `OPC UA Client: more nodes have such faults; ${MOST_PER_HOUR} lines an hour are written. Cure: mend the nodes named above first`,
      );
    }
  }
}
