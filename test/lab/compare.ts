/** The judge: what arrived at the broker against what the server really did, change by change. */
import { isDeepStrictEqual } from "node:util";
import { LabError } from "./errors.ts";
import type { Message } from "./observer.ts";
import type { Change } from "./opcua-protocol.ts";
import { payloadFault, valueFault } from "./payload-schema.ts";

export interface TopicVerdict {
  /** Number of the last change that has arrived; -1 = none. */
  readonly lastIndex: number;
  /** Messages that repeat an earlier one, as MQTT §4.4 allows at QoS 1 after a lost connection. */
  readonly repeated: number;
}

export interface CompareOptions {
  readonly name: string;
  /** All changes of this variable that must arrive, in order. */
  readonly truth: readonly Change[];
  readonly messages: readonly Message[];
  /**
   * Indexes that need not arrive: values that a server held only while nobody was connected to it. If they arrive,
   * they must be right.
   */
  readonly optional?: ReadonlySet<number>;
}

/** Throws with the place of the first difference. A tail of the truth may still be on its way. */
export function compareTopic(options: CompareOptions): TopicVerdict {
  const { name, truth, messages, optional } = options;
  const byTime = new Map(truth.map((change) => [Date.parse(change.sourceTimestamp), change]));
  let lastIndex = (truth[0]?.index ?? 0) - 1;
  let repeated = 0;
  for (const [position, message] of messages.entries()) {
    const where = `${name}: message ${position + 1} of ${messages.length}, ${message.payload}`;
    const fail = (why: string) => new LabError("LAB_VALUES_DIFFER", `${where}: ${why}`);
    const payload = parsePayload(message, fail);
    const odd = payloadFault(payload);
    if (odd !== null) throw fail(`the published schema does not allow it: ${odd}`);
    const change = byTime.get(Date.parse(String(payload.SourceTimestamp)));
    if (change === undefined) throw fail("the server has no change with this SourceTimestamp");
    if (!isDeepStrictEqual(payload.Value, change.json)) {
      throw fail(
        `the server's value was ${JSON.stringify(change.json)} (${change.type}, change ${change.index})`,
      );
    }
    const untyped = valueFault(payload.Value, change);
    if (untyped !== null) throw fail(`the published schema has another form for ${change.type}: ${untyped}`);
    if (payload.StatusCode !== undefined) throw fail("a Good value has no StatusCode (design §7)");
    if (Number.isNaN(Date.parse(String(payload.ServerTimestamp)))) throw fail("ServerTimestamp is no time");
    if (change.index <= lastIndex) {
      repeated++;
      continue;
    }
    for (let missing = lastIndex + 1; missing < change.index; missing++) {
      if (!optional?.has(missing)) {
        throw fail(`change ${missing} is missing: after change ${lastIndex} came change ${change.index}`);
      }
    }
    lastIndex = change.index;
  }
  return { lastIndex, repeated };
}

function parsePayload(message: Message, fail: (why: string) => LabError): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(message.payload);
  } catch (error) {
    throw fail(`the payload is no JSON: ${(error as Error).message}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw fail("the payload is no object");
  if (message.retain) throw fail("it is retained (R111)");
  return parsed as Record<string, unknown>;
}
