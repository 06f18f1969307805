import {
  AttributeIds,
  type ClientSession,
  type DataValue,
  ReadRequest,
  ReadResponse,
  StatusCodes,
  TimestampsToReturn,
} from "node-opcua-client";
import { callService, isRefusal, ServiceRefusedError } from "../connection/library.ts";

/** What a server takes at once (Part 5 §6.3.2, §6.3.11), and the way to keep to it (R73). */

/** Below Server/ServerCapabilities, namespace 0. */
const MAX_ITEMS_PER_CALL = 11714;
const MAX_NODES_PER_READ = 11705;
const MAX_ITEMS_PER_SUBSCRIPTION = 24104;
const MAX_SUBSCRIPTIONS_PER_SESSION = 24098;
/** A server that names no limit gets no more than this at once: its answer stays below usual message sizes. */
const MOST_AT_ONCE = 1000;
/** Who says so may well take less at once. */
const TOO_MUCH_AT_ONCE = [
  StatusCodes.BadTooManyOperations,
  StatusCodes.BadRequestTooLarge,
  StatusCodes.BadResponseTooLarge,
  StatusCodes.BadEncodingLimitsExceeded,
  StatusCodes.BadTcpMessageTooLarge,
  StatusCodes.BadTooManyMonitoredItems,
];

export interface OperationLimits {
  readonly itemsPerCall: number;
  readonly nodesPerRead: number;
  readonly itemsPerSubscription: number;
  readonly subscriptions: number;
}

/** 0 and absent are the same: no limit (Part 5 §6.3.11). */
function limit(read: DataValue | undefined, most: number): number {
  const value: unknown = read?.statusCode.isGoodish() ? read.value?.value : undefined;
  return typeof value === "number" && value >= 1 ? Math.min(value, most) : most;
}

/** Reads the server's limits; a server that has none of them, or does not tell, gets our own. */
export async function readOperationLimits(session: ClientSession): Promise<OperationLimits> {
  const wanted = [
    MAX_ITEMS_PER_CALL,
    MAX_NODES_PER_READ,
    MAX_ITEMS_PER_SUBSCRIPTION,
    MAX_SUBSCRIPTIONS_PER_SESSION,
  ];
  let values: readonly DataValue[] = [];
  try {
    const { results } = await inBatches(wanted, MOST_AT_ONCE, (nodes) =>
      readValues(
        session,
        nodes.map((id) => `ns=0;i=${id}`),
      ),
    );
    values = results;
  } catch (error) {
    if (!(error instanceof ServiceRefusedError)) throw error;
  }
  return {
    itemsPerCall: limit(values[0], MOST_AT_ONCE),
    nodesPerRead: limit(values[1], MOST_AT_ONCE),
    itemsPerSubscription: limit(values[2], Number.POSITIVE_INFINITY),
    subscriptions: limit(values[3], Number.POSITIVE_INFINITY),
  };
}

/** The Value attributes of nodes, from the device itself, in one Read (Part 4 §5.10.2). */
export async function readValues(session: ClientSession, nodeIds: readonly string[]): Promise<DataValue[]> {
  const request = new ReadRequest({
    maxAge: 0,
    timestampsToReturn: TimestampsToReturn.Both,
    nodesToRead: nodeIds.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })),
  });
  const { results } = await callService(session, request, ReadResponse);
  return results ?? [];
}

/**
 * Calls a service for many operands, `size` at once and fewer when the server finds that too many. Throws the server's
 * refusal when it refuses a single one. Tells how many calls it took, and what size the server takes.
 */
export async function inBatches<T, R>(
  operands: readonly T[],
  size: number,
  call: (batch: readonly T[]) => Promise<readonly R[]>,
): Promise<{ results: R[]; calls: number; size: number }> {
  const results: R[] = [];
  let calls = 0;
  let most = size;
  for (let at = 0; at < operands.length; ) {
    const batch = operands.slice(at, at + most);
    calls += 1;
    try {
      const answers = await call(batch);
      if (answers.length !== batch.length)
        throw new Error(`the server answered ${answers.length} of ${batch.length} operations`);
      results.push(...answers);
      at += batch.length;
    } catch (error) {
      const refused = isRefusal(error, TOO_MUCH_AT_ONCE);
      if (!refused || batch.length === 1) throw error;
      most = Math.floor(batch.length / 2);
    }
  }
  return { results, calls, size: most };
}
