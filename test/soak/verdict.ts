/** Judges the record of a soak: every value accounted for, memory flat, every kind of outage survived on both sides. */
import { floorRise, type MemorySample, type Slope, slopeOf } from "./memory.ts";
import { missingKinds, type Outage } from "./outage.ts";
import { OUTAGE_KINDS } from "./plan.ts";
import type { SoakRecord } from "./soak.ts";

/** Values may still be on their way when the harness notes the time of an outage's begin or end. */
const BEFORE_MS = 2000;
const AFTER_MS = 3000;
/** A connection that hangs is noticed within this time. */
const NOTICE_MS = 30_000;
/** How many messages may be on their way to the broker, unacknowledged, when a connection breaks (Outbox). */
const MOST_UNACKNOWLEDGED = 512;
/** Memory counts after this share of the run, and when both sides have been well for so long. */
const WARM_UP_SHARE = 0.15;
const SETTLED_MS = 30_000;
const LONG_MINUTES = 60;
/** Hours: the least that memory comes down to may rise by so many kB per hour. A leak of that would take the device two months. */
const FLOOR_BOUND = 256;
/**
 * Minutes, and what the longest outage leaves behind, say nothing about a slope: in a cell 512 kB of garbage may wait, and what is allocated for the first time in the
 * first outages of each kind stays. So a cell may have so many MB more in the last third of its calm time than in the
 * first. The whole is more than its cells: the kernel fills its own caches for minutes.
 */
const GROWTH_BOUND = 1.5;
const WHOLE_GROWTH_BOUND = 4;
const TOO_FEW = "too few calm moments to say how memory develops";

export type Explanation = "OPC UA outage" | "server's queue" | "dropped by the device" | "none";
/** What the device says when it has its old session or subscription again. */
const RESUMED = /OPC UA Client: .* goes on .*after \d+ s; \d+ messages that had not arrived were fetched/;
type Gap = SoakRecord["gaps"][number];

/** When the OPC UA side worked again after an outage: by the first value and by the device's own words. */
function backAt({ log, outages }: SoakRecord, outage: Outage): number {
  const { startedAt, endedAt, madeAt } = outage;
  const freeAt = Math.max(madeAt ?? 0, endedAt ?? 0);
  const later = outages.filter((each) => each.side === outage.side && each.startedAt > startedAt);
  // What is lost after the next outage has begun is lost in that one.
  const until = Math.min(freeAt + NOTICE_MS, ...later.map((each) => each.startedAt));
  const lost = log.find(
    ({ at, text }) =>
      at >= startedAt - BEFORE_MS && at <= until && text.includes("OPC UA Client lost its connection"),
  );
  if (lost === undefined) return freeAt;
  const again = log.find(
    ({ at, text }) => at >= lost.at && text.includes("OPC UA Client has established connection"),
  );
  return Math.max(freeAt, again?.at ?? 0);
}

function liesIn(record: SoakRecord, outage: Outage, gap: Gap): boolean {
  return gap.fromAt >= outage.startedAt - BEFORE_MS && gap.toAt <= backAt(record, outage) + AFTER_MS;
}

function explain(record: SoakRecord, gap: Gap): Explanation {
  const inside = (outage: Outage) => liesIn(record, outage, gap);
  if (record.outages.some((outage) => outage.side === "opcua" && inside(outage))) return "OPC UA outage";
  if (gap.overflow) return "server's queue";
  if (record.droppedByLog > 0 && record.outages.some((outage) => outage.side === "mqtt" && inside(outage)))
    return "dropped by the device";
  return "none";
}

/**
 * The server's session and its queues (200 values per item, one each 250 ms) outlive an outage of the network that is so
 * long from its begin to the first value: a client that resumes its session misses nothing.
 */
const RESUMABLE_MS = 45_000;

/** Values that were lost in outages which a session survives. */
export function lostThoughResumable(record: SoakRecord): number {
  const resumable = record.outages.filter(
    (outage) =>
      outage.side === "opcua" &&
      (outage.kind === "cut" || outage.kind === "stall" || outage.kind === "link") &&
      backAt(record, outage) - outage.startedAt < RESUMABLE_MS,
  );
  return record.gaps
    .filter((gap) => resumable.some((outage) => liesIn(record, outage, gap)))
    .reduce((sum, gap) => sum + gap.values, 0);
}

/** Values that did not arrive, by what explains it. */
export function missing(record: SoakRecord): Record<Explanation, number> {
  const found = { "OPC UA outage": 0, "server's queue": 0, "dropped by the device": 0, none: 0 };
  for (const gap of record.gaps) found[explain(record, gap)] += gap.values;
  return found;
}

/** Samples after the warm-up at which both sides had been well for a while: what is buffered then is nothing. */
export function calmSamples(record: SoakRecord): MemorySample[] {
  const { startedAt, endedAt, outages, memory } = record;
  const from = startedAt + WARM_UP_SHARE * (endedAt - startedAt);
  const settle = record.minutes >= LONG_MINUTES ? SETTLED_MS : SETTLED_MS / 10;
  const disturbed = (at: number) =>
    outages.some(
      (outage) => at >= outage.startedAt && at <= (outage.recoveredAt ?? Number.POSITIVE_INFINITY) + settle,
    );
  return memory.filter(({ at }) => at >= from && !disturbed(at));
}

/**
 * The calm samples of hours before and after the broker's longest outage: it fills the buffer as nothing before it, and what
 * is allocated for the first time may stay to some extent. A slope counts after it.
 */
function aroundLongest(record: SoakRecord): { before: MemorySample[]; after: MemorySample[] } {
  const samples = calmSamples(record);
  const [longest] = record.outages
    .filter(({ side }) => side === "mqtt")
    .toSorted((a, b) => b.plannedSeconds - a.plannedSeconds);
  const at = longest?.startedAt ?? 0;
  return { before: samples.filter((each) => each.at < at), after: samples.filter((each) => each.at >= at) };
}

/** What the samples say of one name: the whole system or a cell. */
function pointsOf(samples: readonly MemorySample[], name: string): { at: number; megabytes: number }[] {
  return samples.flatMap(({ at, megabytes }) => {
    const value = megabytes[name];
    return value === undefined ? [] : [{ at, megabytes: value }];
  });
}

export interface Development extends Slope {
  /** kB per hour, see floorRise(). */
  readonly floor: number;
}

/** Of the whole system and of each cell, after the broker's longest outage. */
export function developments(record: SoakRecord): Map<string, Development> {
  const { after } = aroundLongest(record);
  const since = record.memory.filter(({ at }) => at >= (after[0]?.at ?? 0));
  const found = new Map<string, Development>();
  for (const name of Object.keys(after.at(-1)?.megabytes ?? {})) {
    const slope = slopeOf(pointsOf(after, name));
    // Garbage is collected when a connection has ended, which is no calm moment: all samples count for the least.
    const floor = floorRise(pointsOf(since, name));
    if (slope !== null && floor !== null) found.set(name, { ...slope, floor });
  }
  return found;
}

/** What is wrong; empty: all is well. */
export function judge(record: SoakRecord): string[] {
  const faults: string[] = [];
  const resumable = lostThoughResumable(record);
  if (resumable > 0) {
    faults.push(
      `${resumable} values are lost in interruptions of the network that an OPC UA session survives`,
    );
  }
  if (record.broken !== null) faults.push(`the soak ended before its time: ${record.broken}`);
  for (const gap of record.gaps.filter((each) => explain(record, each) === "none").slice(0, 20)) {
    const at = new Date(gap.fromAt).toISOString();
    faults.push(`item ${gap.item} lacks ${gap.values} values from number ${gap.from}, made at ${at}`);
  }
  const lost = missing(record);
  if (lost.none > 0) faults.push(`${lost.none} values are lost and nothing explains it`);
  if (lost["dropped by the device"] > record.droppedByLog) {
    faults.push(
      `${lost["dropped by the device"]} values are lost, but the device says that it dropped ${record.droppedByLog}`,
    );
  }
  const unaccounted =
    record.made - record.beforeFirst - record.arrived - record.gaps.reduce((sum, gap) => sum + gap.values, 0);
  if (unaccounted !== 0)
    faults.push(`the account is wrong: ${unaccounted} values are neither there nor missing`);
  if (record.outOfOrder > 0) faults.push(`${record.outOfOrder} values came after younger ones of their item`);
  for (const odd of record.oddPayloads.slice(0, 5)) faults.push(`no value: ${odd}`);
  const of = (side: Outage["side"]) => record.outages.filter((outage) => outage.side === side);
  const mostTwice =
    MOST_UNACKNOWLEDGED * reconnects(record, "MQTT") + record.items * (reconnects(record, "OPC UA") + 1);
  if (record.duplicates > mostTwice)
    faults.push(`${record.duplicates} values came twice, at most ${mostTwice} may`);
  for (const side of ["opcua", "mqtt"] as const) {
    const never = missingKinds(side, record.outages);
    if (never.length > 0) faults.push(`the ${side} side never failed by ${never.join(", ")}`);
    for (const { kind, plannedSeconds, startedAt } of of(side).filter((each) => each.recoveredAt === null)) {
      const at = new Date(startedAt).toISOString();
      faults.push(`no value came after the outage ${side} ${kind} of ${plannedSeconds} s at ${at}`);
    }
  }
  for (const { text } of record.log.filter((line) => line.text.startsWith("Error: "))) faults.push(text);
  faults.push(...(record.minutes >= LONG_MINUTES ? judgeSlopes(record) : judgeGrowth(record)));
  return faults;
}

function judgeSlopes(record: SoakRecord): string[] {
  const found = developments(record);
  if (!found.has("whole")) return [TOO_FEW];
  const { before, after } = aroundLongest(record);
  const stays = before.length < 2 ? [] : judgeStep(before, after, "over the broker's longest outage");
  const grows = [...found]
    .filter(([, { floor }]) => floor > FLOOR_BOUND)
    .map(
      ([name, { floor }]) =>
        `memory (${name}) comes down to ${floor.toFixed(0)} kB more each hour, more than ${FLOOR_BOUND}`,
    );
  return [...stays, ...grows];
}

function judgeGrowth(record: SoakRecord): string[] {
  const samples = calmSamples(record);
  const third = Math.floor(samples.length / 3);
  if (third < 2) return [TOO_FEW];
  return judgeStep(samples.slice(0, third), samples.slice(-third), "in calm times");
}

/** Whether the middle of the later samples is more than is tolerated above that of the earlier ones. */
function judgeStep(earlier: readonly MemorySample[], later: readonly MemorySample[], when: string): string[] {
  return Object.keys(later.at(-1)?.megabytes ?? {}).flatMap((name) => {
    const [first, last] = [earlier, later].map((part) =>
      middle(part.flatMap(({ megabytes }) => megabytes[name] ?? [])),
    );
    const bound = name === "whole" ? WHOLE_GROWTH_BOUND : GROWTH_BOUND;
    if (first === undefined || last === undefined || last - first <= bound) return [];
    return [`memory (${name}) has grown from ${first} MB to ${last} MB ${when}, by more than ${bound} MB`];
  });
}

function middle(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function reconnects(record: SoakRecord, side: "OPC UA" | "MQTT"): number {
  return record.log.filter(({ text }) => text.includes(`${side} `) && text.includes("established connection"))
    .length;
}

function milliseconds(values: readonly number[]): string {
  const seconds = (value: number | undefined) => (value === undefined ? "-" : (value / 1000).toFixed(1));
  const longest = values.length === 0 ? undefined : Math.max(...values);
  return `${seconds(middle(values)).padStart(7)} ${seconds(longest).padStart(7)}`;
}

/** The record as tables. */
export function describe(record: SoakRecord): string {
  const lines = [
    `soak of ${((record.endedAt - record.startedAt) / 60_000).toFixed(1)} minutes, seed ${record.seed}`,
    "",
    "outages          number   out [s]  lost values   back after [s]: median, longest (alone)",
  ];
  for (const side of ["opcua", "mqtt"] as const) {
    for (const kind of OUTAGE_KINDS) {
      const all = record.outages.filter((outage) => outage.side === side && outage.kind === kind);
      const out = all.reduce(
        (sum, each) => sum + ((each.endedAt ?? each.startedAt) - each.startedAt) / 1000,
        0,
      );
      const lost = record.gaps
        .filter((gap) => all.some((each) => liesIn(record, each, gap)))
        .reduce((sum, gap) => sum + gap.values, 0);
      const alone = all.filter(({ overlapped, recoveredAt }) => !overlapped && recoveredAt !== null);
      const back = alone.map(({ recoveredAt, endedAt }) => (recoveredAt ?? 0) - (endedAt ?? 0));
      lines.push(
        `${`${side} ${kind}`.padEnd(16)} ${String(all.length).padStart(6)} ${out.toFixed(0).padStart(9)} ` +
          `${String(side === "opcua" ? lost : 0).padStart(12)}   ${milliseconds(back)}`,
      );
    }
  }
  const lost = missing(record);
  lines.push(
    "",
    `values made ${record.made}, before the device was up ${record.beforeFirst}, arrived ${record.arrived}, twice ${record.duplicates} (${record.flaggedDuplicates} with DUP), ` +
      `connections: OPC UA ${reconnects(record, "OPC UA")}, MQTT ${reconnects(record, "MQTT")}`,
    `values missing: ${Object.entries(lost)
      .map(([why, count]) => `${why} ${count}`)
      .join(", ")}; the device says that it dropped ${record.droppedByLog}`,
    `of these in interruptions of the network that an OPC UA session survives: ${lostThoughResumable(record)}; sessions resumed: ${record.log.filter(({ text }) => RESUMED.test(text)).length}`,
    "",
    "memory           samples  least   most [MB]   least rises [kB/h]   slope [kB/h] ± standard error",
  );
  for (const [name, slope] of developments(record)) {
    lines.push(
      `${name.padEnd(16)} ${String(slope.samples).padStart(7)} ${slope.minMegabytes.toFixed(2).padStart(6)} ` +
        `${slope.maxMegabytes.toFixed(2).padStart(6)} ${slope.floor.toFixed(0).padStart(24)} ` +
        `${slope.kilobytesPerHour.toFixed(0).padStart(14)} ± ${slope.errorKilobytesPerHour.toFixed(0)}`,
    );
  }
  const most = Math.max(...record.memory.map(({ megabytes }) => megabytes.whole ?? 0));
  lines.push(`whole, also during outages: at most ${most} MB`);
  return lines.join("\n");
}
