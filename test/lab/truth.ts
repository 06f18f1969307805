/** Waits until everything the demo server did has arrived at the broker, then compares it, variable by variable. */
import { compareTopic } from "./compare.ts";
import { LabError } from "./errors.ts";
import type { Message, Observer } from "./observer.ts";
import type { Change } from "./opcua-protocol.ts";
import type { ValueServer } from "./opcua-server.ts";
import { topicOf } from "./site.ts";
import type { DemoVariable } from "./variables.ts";

export interface ArrivalOptions {
  readonly server: ValueServer;
  readonly observer: Observer;
  readonly variables: readonly Pick<DemoVariable, "name" | "nodeId">[];
  readonly deadlineMs: number;
  readonly optional?: ReadonlySet<number>;
}

export interface Arrival {
  readonly changes: number;
  readonly repeated: number;
}

/** Every change made so far has arrived, in order and value-exact; throws with the first difference. */
export async function everyChangeArrived(options: ArrivalOptions): Promise<Arrival> {
  const { server, observer, variables, deadlineMs } = options;
  const truth = byName(server.changes.entries);
  const lastTimes = variables.map((variable) => {
    const last = truth.get(variable.name)?.at(-1);
    if (last === undefined)
      throw new LabError("LAB_VALUES_DIFFER", `the server has no variable ${variable.name}`);
    return { topic: topicOf(variable), time: Date.parse(last.sourceTimestamp) };
  });
  const missing = () =>
    lastTimes.filter(({ topic, time }) => {
      const last = observer.of(topic).at(-1);
      return last === undefined || sourceTime(last) !== time;
    });
  const counted = `the last change of all ${variables.length} variables`;
  try {
    await observer.messages.until(() => missing().length === 0, { what: counted, deadlineMs });
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    // A wrong or lost value explains more than a wait that ended.
    compareAll(options, truth);
    const absent = missing().map(({ topic }) => `${topic} (${observer.of(topic).length} messages)`);
    throw new LabError(error.code, `${error.message}\n  still missing: ${absent.join(", ")}`);
  }
  return compareAll(options, truth);
}

function compareAll(options: ArrivalOptions, truth: ReadonlyMap<string, readonly Change[]>): Arrival {
  let changes = 0;
  let repeated = 0;
  for (const variable of options.variables) {
    const verdict = compareTopic({
      name: variable.name,
      truth: truth.get(variable.name) ?? [],
      messages: options.observer.of(topicOf(variable)),
      ...(options.optional === undefined ? {} : { optional: options.optional }),
    });
    changes += verdict.lastIndex + 1;
    repeated += verdict.repeated;
  }
  return { changes, repeated };
}

function byName(changes: readonly Change[]): Map<string, Change[]> {
  const found = new Map<string, Change[]>();
  for (const change of changes) {
    const list = found.get(change.name);
    if (list === undefined) found.set(change.name, [change]);
    else list.push(change);
  }
  return found;
}

function sourceTime(message: Message): number | null {
  try {
    return Date.parse((JSON.parse(message.payload) as { SourceTimestamp: string }).SourceTimestamp);
  } catch {
    // Not JSON: the comparison that follows says so, with the payload.
    return null;
  }
}
