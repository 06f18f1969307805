/**
 * The card's own image in QEMU at Quark pace, 1,000 items configured, between a real OPC UA server and a real broker.
 *
 * Whose clock counts. `-icount` makes the guest's clock advance 8 ns per instruction, however fast this PC executes them,
 * and with this PC's clock while the guest is idle. A busy guest's second is therefore shorter than ours on a fast PC
 * and longer on a busy one: values per second of our clock would measure the PC. So all figures are in the guest's
 * time, read from the gateway's own status line (/proc/stat and /proc/uptime of the guest).
 *
 * values_per_s = 0.9 / busy CPU seconds per value, taken from a saturated run: the next values are offered as the last
 * ones arrive, so that the guest is never idle, no queue overflows, and the offered rate is by construction the one
 * that is delivered. It shows sustained throughput and not only a cost: nearly all of the stretch is busy time, and
 * the only step from what was seen to the figure is from that share of the CPU to 90 %. An open loop at a fixed rate
 * would need the rate as its input, and its batches would depend on this PC. Every value is checked by its sequence
 * number at the broker; one that is lost ends the bench.
 *
 * cpu_300_pct and latency_p99_ms need a rate in the guest's time: the server's pace is set by how the two clocks ran in
 * the saturated run, the rate that the guest saw is measured, and the CPU share is scaled by what little they differ.
 */

import { captureFile } from "../lab/capture.ts";
import { prepareCard } from "../lab/card.ts";
import { Machine } from "../lab/qemu.ts";
import type { Workbench } from "../lab/workbench.ts";
import { type LoadPlant, startLoadPlant } from "./load/plant.ts";
import { whileSaturated } from "./load/saturate.ts";
import { StatusLines, type Stretch } from "./status-lines.ts";
import { cipherSuite } from "./wire/cipher-suite.ts";
import { type Latency, measureLatency } from "./wire/latency.ts";

/** Issue's size of a large site: RAM is measured with so many items. */
const ITEMS = 1000;
const STATUS_SECONDS = 5;
/** As on a device in use: within a measurement of a minute they come once at most. */
const ITEMS_SECONDS = 60;
const START_DEADLINE_MS = 300_000;
const DEADLINE_MS = 240_000;
/** Status lines before a stretch counts: queues fill, memory settles. */
const SETTLE_LINES = 2;
const SATURATED_LINES = 6;
const STEADY_LINES = 5;
const STEADY = { items: 300, perSecond: 1 } as const;
const CALM = { items: 100, seconds: 20 } as const;
const CPU_LIMIT = 0.9;

export interface DeviceLoad {
  readonly valuesPerSecond: number;
  readonly cpu300Percent: number;
  readonly latency: Latency;
  readonly memoryMegabytes: number;
  /** Of the saturated stretch: what the figures rest on. */
  readonly saturated: Stretch;
  readonly notes: readonly string[];
}

class LoadedDevice {
  readonly #plant: LoadPlant;
  readonly #status: StatusLines;

  constructor(plant: LoadPlant, status: StatusLines) {
    this.#plant = plant;
    this.#status = status;
  }

  /** Until everything that the server has made has arrived. */
  async settle(): Promise<void> {
    const { changes } = await this.#plant.server.report();
    await this.#plant.arrivals.reach(ITEMS + changes, DEADLINE_MS);
  }

  /** The next so many status lines, after those in which the load settles. */
  async observe(lines: number): Promise<Stretch> {
    // The line that is due next covers the time before.
    const from = this.#status.length + SETTLE_LINES - 1;
    await this.#status.reach(from + lines + 1, DEADLINE_MS);
    return this.#status.stretch(from, from + lines);
  }

  saturated(): Promise<Stretch> {
    const options = { ...this.#plant, initial: ITEMS, deadlineMs: DEADLINE_MS };
    return whileSaturated(options, () => this.observe(SATURATED_LINES));
  }

  /** `items` items change once per second of the guest's clock. */
  async steady(items: number, hostSecondsPerSecond: number): Promise<Stretch> {
    const rounds = (SETTLE_LINES + STEADY_LINES) * STATUS_SECONDS + 2;
    const everyMs = 1000 * hostSecondsPerSecond;
    const made = this.#plant.server.change({ items, rounds, everyMs, spread: false });
    const stretch = await this.observe(STEADY_LINES);
    await made;
    await this.settle();
    return stretch;
  }
}

/** How long a second of the guest takes by our clock, when it is busy for `share` of it. */
function hostSeconds(share: number, saturated: Stretch): number {
  const perBusySecond = saturated.hostSeconds / saturated.seconds;
  const busy = Math.min(1, share);
  return 1 - busy + busy * perBusySecond;
}

export async function measureDeviceLoad(bench: Workbench): Promise<DeviceLoad> {
  const plant = await startLoadPlant({ bench, gateway: "card", items: ITEMS });
  const { arrivals, server, hostPorts } = plant;
  const machine = await Machine.start({
    bench,
    boot: "quark",
    card: await prepareCard({ bench, files: plant.files }),
    quarkPace: true,
    capture: true,
    hostPorts,
    kernelArguments: [`GATEWAY_STATUS_SECONDS=${STATUS_SECONDS}`, `GATEWAY_ITEMS_SECONDS=${ITEMS_SECONDS}`],
  });
  const status = new StatusLines({ lines: machine.console, count: () => arrivals.count, on: "device" });
  const device = new LoadedDevice(plant, status);
  await arrivals.reach(ITEMS, START_DEADLINE_MS);

  const saturated = await device.saturated();
  const perValue = saturated.busy / saturated.values;
  const notes = [
    `saturated: ${saturated.values} values in ${saturated.seconds.toFixed(1)} s of guest time ` +
      `(${saturated.hostSeconds.toFixed(1)} s here), CPU ${percent(saturated.busy / saturated.seconds)}, ` +
      `${(1000 * perValue).toFixed(2)} ms each, nothing lost`,
  ];

  // An idle guest's clock falls behind ours a little with every wake-up on a busy PC.
  let drift = 1;
  const expected = perValue * STEADY.items * STEADY.perSecond;
  let cpu300 = expected;
  if (expected < 1) {
    const steady = await device.steady(STEADY.items, hostSeconds(expected, saturated));
    const rate = steady.values / steady.seconds;
    drift = steady.hostSeconds / steady.seconds / hostSeconds(expected, saturated);
    cpu300 = (steady.busy / steady.seconds) * ((STEADY.items * STEADY.perSecond) / rate);
    notes.push(
      `steady: ${rate.toFixed(0)} values per second of guest time, CPU ${percent(steady.busy / steady.seconds)}`,
    );
  } else {
    notes.push(
      `steady: 300 values per second are too many; the figure is 300 times the CPU time of one value`,
    );
  }

  const from = arrivals.count;
  const everyMs = 1000 * drift * hostSeconds(perValue * CALM.items, saturated);
  await server.change({ items: CALM.items, rounds: CALM.seconds, everyMs, spread: true });
  await device.settle();
  const { responses } = await server.report();
  await machine.stop();
  const latency = measureLatency({
    internalCapture: captureFile(bench, "internal"),
    externalCapture: captureFile(bench, "external"),
    responses,
    sizes: arrivals.sizes,
    from,
    to: from + CALM.items * CALM.seconds,
  });
  notes.push(
    `latency: ${latency.values} values at ${latency.valuesPerSecond.toFixed(0)} per second of guest time, ` +
      `median ${latency.p50Ms.toFixed(1)} ms, longest ${latency.maxMs.toFixed(1)} ms`,
  );
  notes.push(`TLS between device and broker: ${await cipherSuite(captureFile(bench, "external"))}`);
  return {
    valuesPerSecond: CPU_LIMIT / perValue,
    cpu300Percent: 100 * cpu300,
    latency,
    memoryMegabytes: status.stretch(0, status.length - 1).memoryMegabytes,
    saturated,
    notes,
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
