import {
  type ClientSession,
  CreateSubscriptionRequest,
  CreateSubscriptionResponse,
  TransferSubscriptionsRequest,
  TransferSubscriptionsResponse,
} from "node-opcua-client";
import { KEPT_MS } from "../connection/client-options.ts";
import { callService, ServiceRefusedError } from "../connection/library.ts";

/** One subscription: what is asked of the server, and what it gives (R73, R46; Part 4 §5.13). */

/** readingCycle 0: servers revise this to the fastest they can. */
const FASTEST_PUBLISHING_MS = 10;
/** Changes are sent at least this often, and an idle server proves that it lives within a few of these. */
const SLOWEST_PUBLISHING_MS = 5_000;
/** With no change to tell, the server says so after about this time (keep-alive notification). */
const PROOF_OF_LIFE_MS = 5_000;
const MIN_KEEP_ALIVE_COUNT = 3;
const MAX_KEEP_ALIVE_COUNT = 100;
/** Part 4 §5.13.2: the lifetime is at least three times the keep-alive time. */
const MIN_LIFETIME_FACTOR = 3;
/**
 * Values in one message at most: it then fits into one chunk, and the fast path takes it. What a server has queued during
 * an outage comes in messages of this size, and a heap keeps the size of the largest one that it ever held.
 */
const MOST_NOTIFICATIONS = 250;

/** As the server revised it. */
export interface Subscription {
  readonly id: number;
  readonly publishingMs: number;
  readonly keepAliveCount: number;
  readonly lifetimeCount: number;
}

/** Publishing interval, keep-alive count and lifetime count that are asked for. */
export function subscriptionRequest(readingCycle: number): {
  publishingMs: number;
  keepAliveCount: number;
  lifetimeCount: number;
} {
  const publishingMs =
    readingCycle === 0 ? FASTEST_PUBLISHING_MS : Math.min(readingCycle * 1000, SLOWEST_PUBLISHING_MS);
  const wanted = Math.ceil(PROOF_OF_LIFE_MS / publishingMs);
  const keepAliveCount = Math.min(Math.max(wanted, MIN_KEEP_ALIVE_COUNT), MAX_KEEP_ALIVE_COUNT);
  const kept = Math.ceil(KEPT_MS / publishingMs);
  return {
    publishingMs,
    keepAliveCount,
    lifetimeCount: Math.max(kept, keepAliveCount * MIN_LIFETIME_FACTOR),
  };
}

/** Throws `ServiceRefusedError`. */
export async function createSubscription(
  session: ClientSession,
  readingCycle: number,
): Promise<Subscription> {
  const { publishingMs, keepAliveCount, lifetimeCount } = subscriptionRequest(readingCycle);
  const request = new CreateSubscriptionRequest({
    requestedPublishingInterval: publishingMs,
    requestedMaxKeepAliveCount: keepAliveCount,
    requestedLifetimeCount: lifetimeCount,
    maxNotificationsPerPublish: MOST_NOTIFICATIONS,
    publishingEnabled: true,
    priority: 1,
  });
  const answer = await callService(session, request, CreateSubscriptionResponse);
  return {
    id: answer.subscriptionId,
    publishingMs: answer.revisedPublishingInterval,
    keepAliveCount: answer.revisedMaxKeepAliveCount,
    lifetimeCount: answer.revisedLifetimeCount,
  };
}

/** Takes subscriptions over from a session that is gone (Part 4 §5.13.7). Throws `ServiceRefusedError`. */
export async function transferSubscriptions(
  session: ClientSession,
  subscriptions: readonly Subscription[],
): Promise<void> {
  // Initial values would be values that were published before.
  const request = new TransferSubscriptionsRequest({
    subscriptionIds: subscriptions.map(({ id }) => id),
    sendInitialValues: false,
  });
  const { results } = await callService(session, request, TransferSubscriptionsResponse);
  for (const { statusCode } of results ?? []) {
    if (!statusCode.isGoodish()) throw new ServiceRefusedError("TransferSubscriptions", statusCode);
  }
}

/** `published every 100 ms (10 ms asked for), keep-alive every 10 s, lifetime 180 s`. */
export function describeSubscription(subscription: Subscription, readingCycle: number): string {
  const { publishingMs, keepAliveCount, lifetimeCount } = subscription;
  const asked = subscriptionRequest(readingCycle).publishingMs;
  const seconds = (count: number): string => `${Math.round((count * publishingMs) / 100) / 10} s`;
  const revised = asked === publishingMs ? "" : ` (${asked} ms asked for)`;
  return `published every ${publishingMs} ms${revised}, keep-alive every ${seconds(keepAliveCount)}, lifetime ${seconds(lifetimeCount)}`;
}
