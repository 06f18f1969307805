/**
 * `make bench`: every figure that README states, as a table and as out/bench.json. A figure that misses its goal is a
 * result; only one that can't be measured makes this fail.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY, Workbench } from "../lab/workbench.ts";
import { CARD_BUILD } from "./callgrind.ts";
import { measureDeviceLoad } from "./device-load.ts";
import { measureFirstValue } from "./first-value.ts";
import { measureNodeBaseline } from "./node-baseline.ts";
import { measurePrivateKey } from "./private-key.ts";
import { measureShares, type Share } from "./shares.ts";
import { columns, goalTable } from "./table.ts";

const RESULT = join(REPOSITORY, "out/bench.json");

const figures: Record<string, number> = {};
const notes: string[] = [];
const failures: string[] = [];

/** Runs one measurement in a work folder of its own; what it throws is told at the end. Null: it failed. */
async function measure<T>(name: string, work: (bench: Workbench) => Promise<T>): Promise<T | null> {
  const bench = new Workbench(`bench-${name}`);
  const startedAt = performance.now();
  let result: T | null = null;
  try {
    result = await work(bench);
  } catch (error) {
    failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}; logs in ${bench.dir}`);
  }
  await bench.close({ keep: result === null }).catch((error: unknown) => failures.push(String(error)));
  console.log(`bench: ${name} in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  return result;
}

function round(figure: number): number {
  return Number(figure.toPrecision(4));
}

function printShares(shares: readonly Share[]): void {
  const total = shares.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const rows = shares.map(({ what, microseconds, key }) => [
    what,
    microseconds.toFixed(0),
    `${((100 * microseconds) / total).toFixed(1)} %`,
    key,
  ]);
  for (const line of columns([["one value at Quark pace [µs]", "", "share", "key"], ...rows]))
    console.log(line);
}

Object.assign(figures, await measure("first-value", measureFirstValue));
const load = await measure("device-load", measureDeviceLoad);
const deviceSeconds = load === null ? null : load.saturated.busy / load.saturated.values;
if (load !== null && deviceSeconds !== null) {
  figures["quark.values_per_s"] = load.valuesPerSecond;
  figures["quark.cpu_300_pct"] = load.cpu300Percent;
  figures["quark.latency_p99_ms"] = load.latency.p99Ms;
  figures["quark.latency_p50_ms"] = load.latency.p50Ms;
  figures["quark.ram_mb"] = load.memoryMegabytes;
  figures["quark.cpu_us_per_value"] = 1e6 * deviceSeconds;
  notes.push(...load.notes);
}
const privateKey = await measure("private-key", (bench) => measurePrivateKey(bench, CARD_BUILD));
if (privateKey !== null) figures["quark.rsa2048_private_s"] = privateKey;
const shares = await measure("shares", (bench) =>
  measureShares({ bench, build: CARD_BUILD, saturated: load?.saturated ?? null }),
);
for (const { key, microseconds } of shares ?? []) figures[key] = microseconds;
const node = await measure("node", measureNodeBaseline);
if (node !== null) {
  figures["node.cpu_us_per_value"] = 1e6 * node.cpuSecondsPerValue;
  figures["node.values_per_s"] = node.valuesPerSecond;
  const each = `${(1e6 * node.cpuSecondsPerValue).toFixed(0)} µs of CPU per value`;
  const ratio = deviceSeconds === null ? null : deviceSeconds / node.cpuSecondsPerValue;
  if (ratio !== null) figures["quark.to_node_ratio"] = ratio;
  notes.push(
    `the same app on Node.js ${process.version} on this PC: ${each}` +
      (ratio === null ? "" : `; the device needs ${ratio.toFixed(0)} times that`),
  );
}

const result = Object.fromEntries(Object.entries(figures).map(([key, figure]) => [key, round(figure)]));
writeFileSync(RESULT, `${JSON.stringify(result, null, 2)}\n`);
console.log("");
for (const line of goalTable(figures)) console.log(line);
if (shares !== null) {
  console.log("");
  printShares(shares);
}
console.log("");
for (const note of notes) console.log(note);
for (const failure of failures) console.error(`could not be measured: ${failure}`);
if (failures.length > 0) process.exitCode = 1;
