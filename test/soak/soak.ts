/**
 * The device for minutes or hours between a server and a broker that fail at random: the cable, the connection, the
 * process, on both sides independently. Everything is kept that is needed to account for each value afterwards.
 */
import { appendFileSync } from "node:fs";
import { Broker } from "../lab/broker.ts";
import { prepareCard } from "../lab/card.ts";
import { withoutStamp } from "../lab/console-lines.ts";
import { LabError } from "../lab/errors.ts";
import { Middleman } from "../lab/middleman.ts";
import { BROKER_URI, EXTERNAL, INTERNAL, SERVER_URL } from "../lab/network.ts";
import { makeSitePki } from "../lab/pki.ts";
import { Machine } from "../lab/qemu.ts";
import { siteFiles } from "../lab/site.ts";
import type { Workbench } from "../lab/workbench.ts";
import { Ear } from "./ear.ts";
import { type Gap, Ledger } from "./ledger.ts";
import { type MemorySample, parseMemory } from "./memory.ts";
import { fail, missingKinds, type Outage, pause, type Site } from "./outage.ts";
import { type OutageKind, OutagePlan, putOff, type Side } from "./plan.ts";
import { soakItem } from "./protocol.ts";
import { SoakServer } from "./server.ts";

const ITEMS = 20;
/** 80 values per second in all; the server's queues of 200 values per item hold 50 s of it. */
const ROUND_EVERY_MS = 250;
/** From power-on to the first value, on a busy PC. */
const START_DEADLINE_MS = 240_000;
/** After the end of an outage; attempts are up to 30 s apart, and a started server takes its time. */
const RECOVERY_DEADLINE_MS = 240_000;
/** It does not end before both sides have been well for so long: a value may be held up by what came after the outage. */
const UNDISTURBED_MS = 90_000;
const LOOK_EVERY_MS = 15_000;
/** How long a side is left alone after an outage when nobody can see whether it is back. */
const GO_ON_MS = 45_000;
const END_CALM_MS = 20_000;
const END_DEADLINE_MS = 180_000;
/** From this length on it is a long soak: longer outages, and one of 20 minutes on each side. */
const LONG_MINUTES = 60;
const VERY_LONG = {
  mqtt: { after: 0.2, kind: "restart", seconds: 1200 },
  opcua: { after: 0.55, kind: "link", seconds: 1200 },
} as const satisfies Record<Side, { after: number; kind: OutageKind; seconds: number }>;

export interface SoakOptions {
  readonly bench: Workbench;
  readonly minutes: number;
  readonly seed: number;
  /** Seconds between two status lines of the device. */
  readonly statusSeconds: number;
  readonly say: (line: string) => void;
}

/** A line of the device's log that is not Info. */
export interface LoggedLine {
  readonly at: number;
  readonly text: string;
}

/** Everything that was seen; judged elsewhere. */
export interface SoakRecord {
  readonly seed: number;
  readonly minutes: number;
  readonly items: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly rounds: number;
  readonly made: number;
  /** Of these, before the device was up. */
  readonly beforeFirst: number;
  readonly arrived: number;
  readonly duplicates: number;
  readonly flaggedDuplicates: number;
  readonly overflowed: number;
  readonly outOfOrder: number;
  readonly oddPayloads: readonly string[];
  readonly otherMessages: Readonly<Record<string, number>>;
  /** Values that the device says it has dropped. */
  readonly droppedByLog: number;
  /** With when its first and last value were made. */
  readonly gaps: readonly (Gap & { readonly fromAt: number; readonly toAt: number })[];
  readonly outages: readonly Outage[];
  readonly memory: readonly MemorySample[];
  readonly log: readonly LoggedLine[];
  /** What ended the soak before its time; null: nothing. */
  readonly broken: string | null;
}

const DROPPED = /the oldest (\d+) values were dropped/;

function other(side: Side): Side {
  return side === "opcua" ? "mqtt" : "opcua";
}

export class Soak {
  readonly #options: SoakOptions;
  readonly #site: Site;
  readonly #ear: Ear;
  readonly #startedAt = Date.now();
  readonly #outages: Outage[] = [];
  readonly #memory: MemorySample[] = [];
  readonly #log: LoggedLine[] = [];
  readonly #recoveries: Promise<void>[] = [];
  #dropped = 0;
  #broken: string | null = null;

  private constructor(options: SoakOptions, site: Site, ear: Ear) {
    this.#options = options;
    this.#site = site;
    this.#ear = ear;
    site.machine.console.follow((line) => this.#onLine(line));
  }

  /** Powers the device on and waits for the first value of every item. */
  static async start(options: SoakOptions): Promise<Soak> {
    const { bench, minutes, statusSeconds } = options;
    const pki = await makeSitePki({
      dir: bench.path("pki"),
      serverAddress: INTERNAL.peer,
      brokerAddress: EXTERNAL.peer,
      mqttKey: "ec:P-256",
    });
    const ledger = new Ledger(ITEMS, Math.ceil(((minutes + 30) * 60_000) / ROUND_EVERY_MS));
    const server = await SoakServer.start({
      ...{ bench, pki, advertised: SERVER_URL, items: ITEMS, roundEveryMs: ROUND_EVERY_MS },
    });
    const broker = await Broker.start({ bench, pki, quiet: true });
    const ear = await Ear.start({ bench, pki, broker, ledger });
    broker.save();
    const proxies = {
      opcua: await Middleman.start({ bench, target: server.port }),
      mqtt: await Middleman.start({ bench, target: broker.port }),
    };
    const variables = Array.from({ length: ITEMS }, (_, index) => soakItem(index));
    const files = siteFiles({ pki, variables, serverUrl: SERVER_URL, brokerUri: BROKER_URI });
    const machine = await Machine.start({
      bench,
      boot: "quark",
      card: await prepareCard({ bench, files }),
      hostPorts: { server: proxies.opcua.port, broker: proxies.mqtt.port },
      kernelArguments: [`GATEWAY_STATUS_SECONDS=${statusSeconds}`],
    });
    const soak = new Soak(options, { machine, server, broker, proxies, ledger }, ear);
    const all = await ledger.next(() => ledger.complete >= 0, START_DEADLINE_MS);
    if (all === null) {
      throw new LabError(
        "LAB_TIMEOUT",
        `no value of every item within ${START_DEADLINE_MS / 1000} s\n${machine.console.tail()}`,
      );
    }
    return soak;
  }

  /** Lets both sides fail until the time is over and each has failed in every way, then waits for the last value. */
  async run(): Promise<SoakRecord> {
    const { bench, minutes } = this.#options;
    const until = Date.now() + minutes * 60_000;
    const progress = setInterval(() => this.#sayProgress(), 60_000);
    bench.defer(() => clearInterval(progress));
    try {
      await Promise.all([this.#disturb("opcua", until), this.#disturb("mqtt", until)]);
      await Promise.all(this.#recoveries);
      await pause(END_CALM_MS);
      const { server, ledger } = this.#site;
      server.hold();
      await pause(ROUND_EVERY_MS);
      if (ledger.complete < server.lastRound) {
        await ledger.next(() => ledger.complete >= server.lastRound, END_DEADLINE_MS);
      }
    } catch (error) {
      this.#broken = error instanceof Error ? error.message : String(error);
    }
    clearInterval(progress);
    return this.record();
  }

  async #disturb(side: Side, until: number): Promise<void> {
    const { seed, minutes } = this.#options;
    const long = minutes >= LONG_MINUTES;
    const plan = new OutagePlan({ seed, side, long });
    const begun = Date.now();
    let veryLong = long ? VERY_LONG[side] : null;
    for (;;) {
      let { calmSeconds, kind, seconds } = plan.next();
      if (veryLong !== null && Date.now() - begun >= veryLong.after * (until - begun)) {
        ({ kind, seconds } = veryLong);
        veryLong = null;
      }
      if (long) calmSeconds += putOff((Date.now() - begun) / 1000 + calmSeconds, seconds);
      if (
        Date.now() + (calmSeconds + seconds) * 1000 >= until &&
        missingKinds(side, this.#outages).length === 0
      )
        return;
      await pause(calmSeconds * 1000);
      const outage: Outage = {
        ...{ side, kind, plannedSeconds: seconds, startedAt: Date.now() },
        ...{ endedAt: null, recoveredAt: null, madeAt: null, overlapped: false },
      };
      this.#outages.push(outage);
      let { lastRound } = this.#site.server;
      const onBegun = (): void => {
        lastRound = this.#site.server.lastRound;
      };
      await fail(this.#site, { side, kind, seconds, onBegun });
      outage.endedAt = Date.now();
      const recovered = this.#seeRecovery(outage, lastRound);
      this.#recoveries.push(recovered);
      // While the other side is out, no value can tell that this one is back; it fails again all the same.
      await Promise.race([recovered, this.#isOut(other(side)) ? pause(GO_ON_MS) : recovered]);
    }
  }

  #isOverdue(endedAt: number): boolean {
    const last = Math.max(...this.#outages.map((each) => each.endedAt ?? Number.POSITIVE_INFINITY));
    return Date.now() - endedAt >= RECOVERY_DEADLINE_MS && Date.now() - last >= UNDISTURBED_MS;
  }

  #isOut(side: Side): boolean {
    return this.#outages.some((outage) => outage.side === side && outage.recoveredAt === null);
  }

  async #seeRecovery(outage: Outage, lastRound: number): Promise<void> {
    const { side, kind, plannedSeconds, startedAt } = outage;
    const { server, ledger } = this.#site;
    const endedAt = Date.now();
    const otherWasOut = () =>
      this.#outages.some(
        (each) => each.side !== side && (each.recoveredAt ?? Number.POSITIVE_INFINITY) >= startedAt,
      );
    outage.overlapped = otherWasOut();
    let value = null;
    do {
      value = await ledger.next(({ round }) => round > lastRound + 1, LOOK_EVERY_MS);
    } while (value === null && !this.#isOverdue(endedAt));
    outage.overlapped ||= otherWasOut();
    if (value !== null) {
      outage.recoveredAt = value.at;
      outage.madeAt = server.madeAt[value.round] ?? null;
    }
    const outcome = value === null ? "NO VALUE SINCE" : `first value ${value.at - endedAt} ms after its end`;
    this.#options.say(`${side} ${kind} of ${plannedSeconds} s: ${outcome}`);
    appendFileSync(this.#options.bench.path("outages.jsonl"), `${JSON.stringify(outage)}\n`);
  }

  #onLine(line: string): void {
    const at = Date.now();
    const sample = parseMemory(line, at);
    if (sample !== null) {
      this.#memory.push(sample);
      appendFileSync(this.#options.bench.path("memory.jsonl"), `${JSON.stringify(sample)}\n`);
    }
    const text = withoutStamp(line);
    if (text === null || text.includes("[SUPERVISOR] status:")) return;
    this.#log.push({ at, text });
    this.#dropped += Number(DROPPED.exec(text)?.[1] ?? 0);
  }

  #sayProgress(): void {
    const { ledger, server } = this.#site;
    const { whole } = this.#memory.at(-1)?.megabytes ?? {};
    this.#options.say(
      `${this.#outages.length} outages, ${ledger.arrived} values of ${server.lastRound + 1} rounds, ` +
        `${ledger.duplicates} twice, ${whole} MB`,
    );
  }

  record(): SoakRecord {
    const { server, ledger } = this.#site;
    const { madeAt, lastRound } = server;
    const gaps = ledger.gaps(madeAt, lastRound).map((gap) => ({
      ...gap,
      fromAt: madeAt[gap.from] ?? 0,
      toAt: madeAt[gap.to] ?? 0,
    }));
    return {
      seed: this.#options.seed,
      minutes: this.#options.minutes,
      items: ledger.items,
      startedAt: this.#startedAt,
      endedAt: Date.now(),
      rounds: lastRound + 1,
      made: ledger.items * madeAt.filter((at) => !Number.isNaN(at)).length,
      beforeFirst: ledger.beforeFirst(madeAt),
      arrived: ledger.arrived,
      duplicates: ledger.duplicates,
      flaggedDuplicates: ledger.flagged,
      overflowed: ledger.overflowed,
      outOfOrder: ledger.outOfOrder.length,
      oddPayloads: this.#ear.odd,
      otherMessages: Object.fromEntries(this.#ear.others),
      droppedByLog: this.#dropped,
      gaps,
      outages: this.#outages,
      memory: this.#memory,
      log: this.#log,
      broken: this.#broken,
    };
  }
}
