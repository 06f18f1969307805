/**
 * What arrives at the broker, counted and checked while it comes in: every topic's sequence without a gap, a repetition
 * or a value that the server did not have. mosquitto_sub is the ear: a client in C costs the shared PC least.
 */
import { type Broker, OBSERVER_USER } from "../../lab/broker.ts";
import { LabError } from "../../lab/errors.ts";
import { Journal } from "../../lab/journal.ts";
import type { SitePki } from "../../lab/pki.ts";
import { LabProcess } from "../../lab/process.ts";
import { topicOf } from "../../lab/site.ts";
import type { Workbench } from "../../lab/workbench.ts";
import { loadItem, loadValue } from "./protocol.ts";

const SUBSCRIBE_DEADLINE_MS = 30_000;
/** `-F` of mosquitto_sub: topic, tab, payload. */
const FORMAT = "%t\\t%p";
const VALUE = /^\{"Value":([^,}]+),/;

/** Judges the messages of the load's items. */
export class SequenceCheck {
  readonly #items: ReadonlyMap<string, number>;
  readonly #next: number[];
  #count = 0;

  constructor(items: number) {
    const indexes = Array.from({ length: items }, (_, index) => index);
    this.#items = new Map(indexes.map((index) => [topicOf(loadItem(index)), index]));
    this.#next = indexes.map(() => 0);
  }

  /** Values so far, the items' first ones included. */
  get count(): number {
    return this.#count;
  }

  /** Throws at the first value that is not the next one of its item. */
  take(topic: string, payload: string): void {
    const item = this.#items.get(topic);
    if (item === undefined) return;
    const expected = this.#next[item] ?? 0;
    const value = Number(VALUE.exec(payload)?.[1]);
    if (value !== loadValue(item, expected)) {
      const due = `value ${expected} of ${topic} is ${loadValue(item, expected)}`;
      throw new LabError("LAB_VALUES_DIFFER", `${due}, but the broker got ${payload}`);
    }
    this.#next[item] = expected + 1;
    this.#count += 1;
  }
}

export class Arrivals {
  readonly #check: SequenceCheck;
  /** Bytes of topic and payload of each value, in the order in which they were published. */
  readonly sizes: number[] = [];
  /** One entry per value: how many there are by then. */
  readonly #counts = new Journal<number>("values at the broker");

  private constructor(items: number) {
    this.#check = new SequenceCheck(items);
  }

  static async start(options: {
    bench: Workbench;
    pki: SitePki;
    broker: Broker;
    items: number;
  }): Promise<Arrivals> {
    const { bench, pki, broker, items } = options;
    const arrivals = new Arrivals(items);
    const ear = new LabProcess({
      name: "mosquitto_sub",
      argv: [
        "mosquitto_sub",
        ...["-h", "127.0.0.1", "-p", String(broker.port), "-i", "observer"],
        ...["--cafile", pki.ca.certFile, "--cert", pki.observer.certFile, "--key", pki.observer.keyFile],
        ...["-u", OBSERVER_USER.username, "-P", OBSERVER_USER.password],
        ...["-q", "1", "-t", "#", "-F", FORMAT],
      ],
      logFile: bench.path("arrivals.log"),
    });
    bench.defer(() => ear.stop());
    ear.lines.follow((line) => arrivals.#take(line));
    await broker.lines.find((line) => line.includes("observer 1 #"), {
      what: "subscription of mosquitto_sub",
      deadlineMs: SUBSCRIBE_DEADLINE_MS,
    });
    return arrivals;
  }

  get count(): number {
    return this.#check.count;
  }

  /** Until `count` values have arrived in all; rejects when one was lost, doubled, swapped or changed. */
  async reach(count: number, deadlineMs: number): Promise<void> {
    await this.#counts.until(() => this.count >= count, {
      what: `${count} values at the broker (${this.count} so far)`,
      deadlineMs,
    });
  }

  #take(line: string): void {
    const tab = line.indexOf("\t");
    const before = this.#check.count;
    try {
      this.#check.take(line.slice(0, tab), line.slice(tab + 1));
    } catch (error) {
      this.#counts.end(error as Error);
      return;
    }
    if (this.#check.count === before) return;
    // Topics and payloads of the load are ASCII.
    this.sizes.push(line.length - 1);
    this.#counts.append(this.#check.count);
  }
}
