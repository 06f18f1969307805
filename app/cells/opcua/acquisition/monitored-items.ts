import {
  AttributeIds,
  type ClientSession,
  CreateMonitoredItemsRequest,
  CreateMonitoredItemsResponse,
  MonitoringMode,
  type StatusCode,
  StatusCodes,
  TimestampsToReturn,
} from "node-opcua-client";
import type { NodeSetting } from "../../../config/opcua-file.ts";
import { callService, isRefusal } from "../connection/library.ts";
import { inBatches } from "./operation-limits.ts";

/** Monitored items (R73; Part 4 §5.12.2). */

/**
 * Changes that the server keeps per node until they are fetched; beyond that the oldest are lost there. With the usual
 * reading cycle of a second it bridges a cut link for longer than the session lives.
 */
const QUEUE_SIZE = 200;
/** Intervals that are told one by one. */
const MOST_TOLD = 4;

/** A node and the number by which the server's notifications call it. */
export interface Watched {
  readonly node: NodeSetting;
  readonly handle: number;
}

/** What became of one item. */
export interface CreatedItem {
  readonly watched: Watched;
  readonly status: StatusCode;
  readonly samplingMs: number;
  readonly queueSize: number;
}

/** Creates items on a subscription, in batches that the server takes. */
export async function createItems(options: {
  session: ClientSession;
  subscriptionId: number;
  watched: readonly Watched[];
  /** 0: as fast as the server can. */
  samplingMs: number;
  perCall: number;
}): Promise<{ items: CreatedItem[]; calls: number }> {
  const { session, subscriptionId, watched, samplingMs, perCall } = options;
  let full: StatusCode | null = null;
  const create = async (batch: readonly Watched[]): Promise<readonly CreatedItem[]> => {
    const refuseAll = (status: StatusCode) =>
      batch.map((each) => ({ watched: each, status, samplingMs: 0, queueSize: 0 }));
    if (full) return refuseAll(full);
    const request = new CreateMonitoredItemsRequest({
      subscriptionId,
      timestampsToReturn: TimestampsToReturn.Both,
      itemsToCreate: batch.map(({ node, handle }) => ({
        itemToMonitor: { nodeId: node.nodeId, attributeId: AttributeIds.Value },
        monitoringMode: MonitoringMode.Reporting,
        requestedParameters: {
          clientHandle: handle,
          samplingInterval: samplingMs,
          discardOldest: true,
          queueSize: QUEUE_SIZE,
        },
      })),
    });
    try {
      const { results } = await callService(session, request, CreateMonitoredItemsResponse);
      return (results ?? []).map((result, index) => ({
        watched: batch[index] as Watched,
        status: result.statusCode,
        samplingMs: result.revisedSamplingInterval,
        queueSize: result.revisedQueueSize,
      }));
    } catch (error) {
      // Not even one more: to ask for each of the others would be in vain.
      if (batch.length > 1 || !isRefusal(error, [StatusCodes.BadTooManyMonitoredItems])) throw error;
      full = error.status;
      return refuseAll(full);
    }
  };
  const { results, calls } = await inBatches(watched, perCall, create);
  return { items: results, calls };
}

/** How many items the server samples how often, most of them first: `100 ms (990 nodes), 1000 ms (10 nodes)`. */
export function describeSampling(items: readonly CreatedItem[]): string {
  const counts = new Map<number, number>();
  for (const { samplingMs } of items) counts.set(samplingMs, (counts.get(samplingMs) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const told = sorted
    .slice(0, MOST_TOLD)
    .map(([ms, count]) => `${ms} ms (${count} node${count === 1 ? "" : "s"})`);
  const rest = sorted.slice(MOST_TOLD).reduce((sum, [, count]) => sum + count, 0);
  return [...told, ...(rest > 0 ? [`other intervals (${rest})`] : [])].join(", ");
}

/** The shortest queue that the server keeps for one of the items. */
export function shortestQueue(items: readonly CreatedItem[]): number {
  return items.reduce((least, { queueSize }) => Math.min(least, queueSize), QUEUE_SIZE);
}
