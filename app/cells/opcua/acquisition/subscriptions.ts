import {
  type ClientSession,
  DeleteSubscriptionsRequest,
  DeleteSubscriptionsResponse,
  StatusCodes,
} from "node-opcua-client";
import type { NodeSetting } from "../../../config/opcua-file.ts";
import { callService, isRefusal, ServiceRefusedError } from "../connection/library.ts";
import type { MissingNodes } from "./missing-nodes.ts";
import {
  type CreatedItem,
  createItems,
  describeSampling,
  shortestQueue,
  type Watched,
} from "./monitored-items.ts";
import type { OperationLimits } from "./operation-limits.ts";
import { PublishLoop } from "./publish-loop.ts";
import type { SessionWay, Source, SourceHandlers } from "./source.ts";
import {
  createSubscription,
  describeSubscription,
  type Subscription,
  transferSubscriptions,
} from "./subscription.ts";

/** Silence is a fault after this many times the revised keep-alive time, and never before the minimum. */
const SILENCE_FACTOR = 2.5;
const MIN_SILENCE_MS = 10_000;
/** A server answers a PublishRequest within its keep-alive time and this many publishing intervals. */
const SPARE_INTERVALS = 10;

/** The server knows subscriptions as little as a service from the future (L8). */
export const UNSUPPORTED = [
  StatusCodes.BadServiceUnsupported,
  StatusCodes.BadNotImplemented,
  StatusCodes.BadNotSupported,
  StatusCodes.BadSubscriptionIdInvalid,
];

interface SubscriptionsOptions {
  readonly nodes: readonly NodeSetting[];
  readonly readingCycle: number;
  readonly limits: OperationLimits;
  readonly missing: MissingNodes;
  readonly handlers: SourceHandlers;
}

/** Values as the server reports them: as many subscriptions as its limits make it, usually one (R73; Part 4 §5.12, §5.13). */
export class Subscriptions implements Source {
  readonly isCyclic = false;
  readonly #options: SubscriptionsOptions;
  readonly #loop: PublishLoop;
  /** The client handle of a node is its place in the settings, counted from 1. */
  readonly #watched: readonly Watched[];
  readonly #perSubscription: number;
  #subscriptions: readonly Subscription[] = [];
  #description = "";
  #session: ClientSession | null = null;
  #silence: ReturnType<typeof setInterval> | null = null;
  /** One has died without a word while others live: going on with them would be going on without it. */
  #someDied = false;

  /** `begin` must follow. */
  constructor(options: SubscriptionsOptions) {
    const { nodes, limits, handlers } = options;
    this.#options = options;
    this.#watched = nodes.map((node, index) => ({ node, handle: index + 1 }));
    this.#perSubscription = Math.min(limits.itemsPerSubscription, Math.max(nodes.length, 1));
    this.#loop = new PublishLoop(handlers);
    this.#loop.nodes = [undefined, ...nodes];
  }

  get description(): string {
    return this.#description;
  }

  get heard(): boolean {
    return this.#loop.heard;
  }

  /** Creates subscriptions and items. Throws `ServiceRefusedError`, by one of `UNSUPPORTED` when the server has none of it. */
  async begin(way: SessionWay): Promise<void> {
    const { readingCycle, limits } = this.#options;
    const needed = Math.ceil(this.#watched.length / this.#perSubscription);
    const created: Subscription[] = [];
    for (let count = Math.min(Math.max(needed, 1), limits.subscriptions); count > 0; count -= 1) {
      try {
        created.push(await createSubscription(way.session, readingCycle));
      } catch (error) {
        // Better some of the nodes than none.
        if (created.length === 0 || !(error instanceof ServiceRefusedError)) throw error;
        break;
      }
    }
    this.#subscriptions = created;
    this.#session = way.session;
    this.#loop.start({ ...way, ...this.#publishing() });
    this.#watchSilence(way);
    const { items, calls } = await this.#createItems(way.session, this.#watched);
    const good = items.filter(({ status }) => status.isGoodish());
    const unsupported = items.find(({ status }) => UNSUPPORTED.some((each) => each.equals(status)));
    if (good.length === 0 && unsupported)
      throw new ServiceRefusedError("CreateMonitoredItems", unsupported.status);
    this.#describe(good, calls);
  }

  async resume(way: SessionWay, sessionIsNew: boolean): Promise<number> {
    if (this.#someDied) throw new ServiceRefusedError("Publish", StatusCodes.BadNoSubscription);
    if (sessionIsNew) await transferSubscriptions(way.session, this.#subscriptions);
    this.#session = way.session;
    const fetched = await this.#loop.resume({ ...way, ...this.#publishing() });
    this.#watchSilence(way);
    return fetched;
  }

  async retry(nodes: readonly NodeSetting[]): Promise<void> {
    const ports = new Set(nodes.map(({ port }) => port));
    const session = this.#session;
    if (!session) return;
    await this.#createItems(
      session,
      this.#watched.filter(({ node }) => ports.has(node.port)),
    );
  }

  stop(): void {
    if (this.#silence) clearInterval(this.#silence);
    this.#silence = null;
    this.#session = null;
    this.#loop.stop();
  }

  /** Nothing of it may go on next to what takes its place; a server that knows nothing of it any more is fine. */
  async delete(session: ClientSession): Promise<void> {
    const subscriptionIds = this.#subscriptions.map(({ id }) => id);
    if (subscriptionIds.length === 0) return;
    try {
      const request = new DeleteSubscriptionsRequest({ subscriptionIds });
      await callService(session, request, DeleteSubscriptionsResponse);
    } catch (error) {
      if (!(error instanceof ServiceRefusedError)) throw error;
    }
  }

  /** Items for nodes, each on the subscription where its handle belongs; the nodes that get none are missing. */
  async #createItems(
    session: ClientSession,
    watched: readonly Watched[],
  ): Promise<{ items: CreatedItem[]; calls: number }> {
    const { readingCycle, limits, missing } = this.#options;
    const items: CreatedItem[] = [];
    let calls = 0;
    for (const [index, { id: subscriptionId }] of this.#subscriptions.entries()) {
      const own = watched.filter(({ handle }) => Math.floor((handle - 1) / this.#perSubscription) === index);
      const options = { samplingMs: readingCycle * 1000, perCall: limits.itemsPerCall };
      const created = await createItems({ session, subscriptionId, watched: own, ...options });
      items.push(...created.items);
      calls += created.calls;
    }
    for (const { watched: each, status } of items) {
      if (status.isGoodish()) missing.remove(each.node);
      else missing.add(each.node, status);
    }
    const room = this.#subscriptions.length * this.#perSubscription;
    for (const { node, handle } of watched) {
      if (handle > room) missing.add(node, StatusCodes.BadTooManyMonitoredItems);
    }
    return { items, calls };
  }

  #describe(items: readonly CreatedItem[], calls: number): void {
    const [first] = this.#subscriptions;
    if (!first) return;
    const more = this.#subscriptions.length > 1 ? `, in ${this.#subscriptions.length} subscriptions` : "";
    const sampled = items.length === 0 ? "" : `; sampled every ${describeSampling(items)}`;
    const queue = items.length === 0 ? "" : `, up to ${shortestQueue(items)} changes queued per node`;
    const times = calls === 1 ? "1 call" : `${calls} calls`;
    this.#description = `${items.length} of ${this.#watched.length} nodes are monitored${more} (${times}): ${describeSubscription(first, this.#options.readingCycle)}${sampled}${queue}`;
  }

  #publishing(): { subscriptionIds: number[]; timeoutHint: number } {
    const spans = this.#subscriptions.map(
      ({ keepAliveCount, publishingMs }) => (keepAliveCount + SPARE_INTERVALS) * publishingMs,
    );
    return { subscriptionIds: this.#subscriptions.map(({ id }) => id), timeoutHint: Math.max(...spans) };
  }

  /**
   * Connected, but nothing comes any more: not even the proof of life that was agreed, by each subscription for itself.
   * One that has died must not hide behind the others.
   */
  #watchSilence({ onLost }: SessionWay): void {
    if (this.#silence) clearInterval(this.#silence);
    const patience = this.#subscriptions.map(({ id, keepAliveCount, publishingMs }) => ({
      id,
      silenceMs: Math.max(keepAliveCount * publishingMs * SILENCE_FACTOR, MIN_SILENCE_MS),
    }));
    const shortest = Math.min(...patience.map(({ silenceMs }) => silenceMs));
    this.#silence = setInterval(() => {
      const now = performance.now();
      const silent = patience.filter(({ id, silenceMs }) => now - this.#loop.heardAt(id) >= silenceMs);
      if (silent.length === 0) return;
      if (this.#silence) clearInterval(this.#silence);
      const silentFor = (all: typeof patience): number =>
        now - Math.max(...all.map(({ id }) => this.#loop.heardAt(id)));
      // When all have died together, none was heard as lately as that.
      this.#someDied = silentFor(patience) < shortest / 2;
      const what = this.#someDied
        ? `nothing of ${silent.length} of its ${patience.length} subscriptions`
        : "nothing";
      const seconds = Math.round(silentFor(this.#someDied ? silent : patience) / 1000);
      onLost(`the server is connected but has sent ${what} for ${seconds} s. Cure: check the server`);
    }, shortest / 4);
  }
}

/** Whether the server can't do subscriptions at all, so that values must be read. */
export function lacksSubscriptions(error: unknown): error is ServiceRefusedError {
  return isRefusal(error, UNSUPPORTED);
}
