import {
  AttributeIds,
  ClientMonitoredItemGroup,
  type ClientSession,
  type ClientSubscription,
  type StatusCode,
  TimestampsToReturn,
} from "node-opcua-client";
import type { NodeSetting } from "../../config/opcua-file.ts";
import type { FastLane } from "./fast-lane.ts";
import { PublishLoop, type PublishLoopHandlers } from "./publish-loop.ts";

/** Subscription and monitored items (R73, R46; Part 4 §5.12, §5.13). */

/** readingCycle 0: servers revise this to the fastest they can. */
const FASTEST_PUBLISHING_MS = 10;
/** Changes are sent at least this often, and an idle server proves that it lives within a few of these. */
const SLOWEST_PUBLISHING_MS = 5_000;
/** With no change to tell, the server says so after about this time (keep-alive notification). */
const PROOF_OF_LIFE_MS = 5_000;
const MIN_KEEP_ALIVE_COUNT = 3;
const MAX_KEEP_ALIVE_COUNT = 100;
/** The subscription outlives this many missed proofs of life. */
const LIFETIME_FACTOR = 10;
/** Changes that the server keeps per node between two publishings; beyond that the oldest are lost there. */
const QUEUE_SIZE = 200;
/** Values in one message at most: it then fits into one chunk, and the fast path takes it. */
const MOST_NOTIFICATIONS = 1000;
/** Silence is a fault after this many times the revised keep-alive time, and never before the minimum. */
const SILENCE_FACTOR = 2.5;
const MIN_SILENCE_MS = 10_000;

/** A node that the server does not deliver, and why. */
export interface RefusedNode {
  readonly node: NodeSetting;
  readonly status: StatusCode;
}

/** Publishing interval and keep-alive count that are asked for. */
export function subscriptionRequest(readingCycle: number): { publishingMs: number; keepAliveCount: number } {
  const publishingMs =
    readingCycle === 0 ? FASTEST_PUBLISHING_MS : Math.min(readingCycle * 1000, SLOWEST_PUBLISHING_MS);
  const wanted = Math.ceil(PROOF_OF_LIFE_MS / publishingMs);
  return {
    publishingMs,
    keepAliveCount: Math.min(Math.max(wanted, MIN_KEEP_ALIVE_COUNT), MAX_KEEP_ALIVE_COUNT),
  };
}

/** Reports a silent subscription: connected, but nothing comes any more. Returns what stops the watching. */
function watchSilence(loop: PublishLoop, silenceMs: number, onSilent: (ms: number) => void): () => void {
  const timer = setInterval(() => {
    const silent = performance.now() - loop.heardAt;
    if (silent >= silenceMs) onSilent(silent);
  }, silenceMs / 4);
  return () => clearInterval(timer);
}

async function monitor(
  subscription: ClientSubscription,
  loop: PublishLoop,
  nodes: readonly NodeSetting[],
  samplingInterval: number,
): Promise<RefusedNode[]> {
  const items = nodes.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value }));
  // All items in one request. Values come to the loop, maybe before the answer to it.
  const group = ClientMonitoredItemGroup.create(
    subscription,
    items,
    { samplingInterval, discardOldest: true, queueSize: QUEUE_SIZE },
    TimestampsToReturn.Both,
  );
  loop.watch(group.monitoredItems, nodes);
  await new Promise<void>((resolve, reject) => {
    group.on("initialized", () => resolve());
    group.on("err", (message: string) => reject(new Error(message)));
  });
  return group.monitoredItems.flatMap((item, index) => {
    const node = nodes[index];
    return node && !item.statusCode.isGoodish() ? [{ node, status: item.statusCode }] : [];
  });
}

/** Creates subscription and items on a session. Returns what ends the watching over them. */
export async function subscribe(options: {
  session: ClientSession;
  lane: FastLane;
  nodes: readonly NodeSetting[];
  readingCycle: number;
  handlers: PublishLoopHandlers;
}): Promise<{ refused: readonly RefusedNode[]; unwatch: () => void }> {
  const { session, lane, nodes, readingCycle, handlers } = options;
  const { publishingMs, keepAliveCount } = subscriptionRequest(readingCycle);
  const loop = new PublishLoop({ lane, session, handlers });
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: publishingMs,
    requestedMaxKeepAliveCount: keepAliveCount,
    requestedLifetimeCount: keepAliveCount * LIFETIME_FACTOR,
    maxNotificationsPerPublish: MOST_NOTIFICATIONS,
    publishingEnabled: true,
    priority: 1,
  });
  loop.subscription = subscription;
  const keepAliveMs = subscription.publishingInterval * subscription.maxKeepAliveCount;
  const silenceMs = Math.max(keepAliveMs * SILENCE_FACTOR, MIN_SILENCE_MS);
  subscription.on("terminated", () => handlers.onLost("the subscription has ended"));
  subscription.on("status_changed", (status: StatusCode) =>
    handlers.onLost(`the subscription has ended (${status.name})`),
  );
  subscription.on("error", (error: Error) => handlers.onLost(error.message));
  const stopWatching = watchSilence(loop, silenceMs, (silent) =>
    handlers.onLost(
      `the server is connected but has sent nothing for ${Math.round(silent / 1000)} s. Cure: check the server`,
    ),
  );
  const unwatch = (): void => {
    stopWatching();
    lane.close();
  };
  try {
    const refused = await monitor(subscription, loop, nodes, readingCycle * 1000);
    return { refused, unwatch };
  } catch (error) {
    unwatch();
    throw error;
  }
}
