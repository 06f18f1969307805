import { type ClientSession, type DataValue, sameVariant } from "node-opcua-client";
import type { NodeSetting } from "../../../config/opcua-file.ts";
import { explainError } from "../connection/cause.ts";
import { isNotDelivered, type MissingNodes } from "./missing-nodes.ts";
import { inBatches, type OperationLimits, readValues } from "./operation-limits.ts";
import type { SessionWay, Source, SourceHandlers } from "./source.ts";

/** Cyclic reading, for servers without subscriptions (L8; Part 4 §5.10.2). */

/** readingCycle 0: a pause that neither the server nor the gateway's CPU minds. */
const FASTEST_CYCLE_MS = 100;
/** Long reading cycles are no reason for the server to end the session: something is read this often. */
const PROOF_OF_LIFE_MS = 30_000;
/** Server/ServerStatus/State. */
const SERVER_STATE = "ns=0;i=2259";

/** Whether a subscription would report the second value after the first: another status or value (Part 4 §7.22.2). */
function differs(before: DataValue, now: DataValue): boolean {
  if (!before.statusCode.equals(now.statusCode)) return true;
  if (!before.value || !now.value) return Boolean(before.value) !== Boolean(now.value);
  return !Object.is(before.value.value, now.value.value) && !sameVariant(before.value, now.value);
}

export class CyclicReader implements Source {
  readonly isCyclic = true;
  readonly description: string;
  readonly #options: {
    readonly nodes: readonly NodeSetting[];
    readonly missing: MissingNodes;
    readonly handlers: SourceHandlers;
  };
  readonly #cycleMs: number;
  readonly #last = new Map<number, DataValue>();
  #perRead: number;
  #session: ClientSession | null = null;
  #onLost: (reason: string) => void = () => undefined;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #heard = false;

  constructor(options: {
    nodes: readonly NodeSetting[];
    readingCycle: number;
    limits: OperationLimits;
    missing: MissingNodes;
    handlers: SourceHandlers;
    /** Why the server's values are read. */
    reason: string;
  }) {
    const { readingCycle, limits, nodes, reason } = options;
    this.#options = options;
    this.#cycleMs = readingCycle === 0 ? FASTEST_CYCLE_MS : readingCycle * 1000;
    this.#perRead = limits.nodesPerRead;
    this.description = `the server has no subscriptions (${reason}); ${nodes.length} nodes are read every ${this.#cycleMs / 1000} s`;
  }

  get heard(): boolean {
    return this.#heard;
  }

  /** Reads once, so that it is known which nodes there are, and then again and again. */
  async begin({ session, onLost }: SessionWay): Promise<void> {
    this.#session = session;
    this.#onLost = onLost;
    this.#heard = false;
    const begun = performance.now();
    await this.#read(this.#options.nodes);
    if (this.#session === session) this.#plan(session, begun + this.#cycleMs);
  }

  /** What was published before is known: only what has changed meanwhile is published. */
  async resume(way: SessionWay): Promise<number> {
    this.stop();
    await this.begin(way);
    return 0;
  }

  async retry(nodes: readonly NodeSetting[]): Promise<void> {
    await this.#read(nodes);
  }

  stop(): void {
    this.#session = null;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Waits until the next reading is due; with a sign of life now and then. */
  #plan(session: ClientSession, due: number): void {
    const pause = Math.max(due - performance.now(), 0);
    const next = pause > PROOF_OF_LIFE_MS ? this.#live(session, due) : this.#cycle(session);
    this.#timer = setTimeout(() => void next(), Math.min(pause, PROOF_OF_LIFE_MS));
  }

  #live(session: ClientSession, due: number): () => Promise<void> {
    return () =>
      this.#guard(session, async () => {
        await readValues(session, [SERVER_STATE]);
        return due;
      });
  }

  #cycle(session: ClientSession): () => Promise<void> {
    return () =>
      this.#guard(session, async () => {
        const begun = performance.now();
        const { nodes, missing } = this.#options;
        await this.#read(nodes.filter((node) => !missing.has(node)));
        missing.tell();
        return begun + this.#cycleMs;
      });
  }

  async #guard(session: ClientSession, work: () => Promise<number>): Promise<void> {
    try {
      const due = await work();
      if (this.#session === session) this.#plan(session, due);
    } catch (error) {
      if (this.#session !== session) return;
      this.#onLost(explainError(error instanceof Error ? error : new Error(String(error))));
    }
  }

  async #read(nodes: readonly NodeSetting[]): Promise<void> {
    const session = this.#session;
    if (!session || nodes.length === 0) return;
    const { missing, handlers } = this.#options;
    const { size } = await inBatches(nodes, this.#perRead, async (batch) => {
      const values = await readValues(
        session,
        batch.map(({ nodeId }) => nodeId),
      );
      if (this.#session !== session) return values;
      this.#heard = true;
      for (const [index, node] of batch.entries()) {
        const value = values[index];
        if (!value) continue;
        if (isNotDelivered(value.statusCode)) {
          missing.add(node, value.statusCode);
          this.#last.delete(node.port);
          continue;
        }
        missing.remove(node);
        const before = this.#last.get(node.port);
        if (before && !differs(before, value)) continue;
        this.#last.set(node.port, value);
        handlers.values.decoded(node.port, value);
      }
      return values;
    });
    this.#perRead = size;
  }
}
