import type { NodeSetting } from "../../../config/opcua-file.ts";
import type { Log } from "../../../link/log-line.ts";

/** A node that goes wrong in ever new ways is known well enough by now. */
const MOST_PER_NODE = 4;

/** Warnings about single nodes: the same one comes once, however many values it is about (K49). */
export class NodeWarnings {
  readonly #log: Log;
  readonly #told = new Map<number, Set<string>>();

  constructor(log: Log) {
    this.#log = log;
  }

  tell(node: NodeSetting, text: string): void {
    let told = this.#told.get(node.port);
    if (!told) {
      told = new Set();
      this.#told.set(node.port, told);
    }
    if (told.size >= MOST_PER_NODE || told.has(text)) return;
    told.add(text);
    this.#log.warning(`OPC UA Client: ${node.nodeId} (${JSON.stringify(node.name)}) ${text}`);
  }
}
