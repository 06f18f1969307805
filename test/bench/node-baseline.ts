/** The named peer of the same run: the same app on Node.js on this PC, under the same saturating load. */
import { bundleApp } from "../../app/bundle/bundle.ts";
import { startNodeGateway } from "../lab/node-gateway.ts";
import type { Workbench } from "../lab/workbench.ts";
import { startLoadPlant } from "./load/plant.ts";
import { whileSaturated } from "./load/saturate.ts";
import { StatusLines } from "./status-lines.ts";

const ITEMS = 1000;
/** V8 compiles what is hot within the first seconds. */
const WARM_UP_LINES = 4;
const COUNTED_LINES = 6;
const DEADLINE_MS = 120_000;

export interface NodeBaseline {
  /** CPU time of all cells, the kernel's work on their behalf included. */
  readonly cpuSecondsPerValue: number;
  /** As fast as server and broker on the same PC let it. */
  readonly valuesPerSecond: number;
}

export async function measureNodeBaseline(bench: Workbench): Promise<NodeBaseline> {
  const { server, arrivals, files } = await startLoadPlant({ bench, gateway: "host", items: ITEMS });
  const script = bench.path("gateway.cjs");
  await bundleApp({ target: "node", entry: "app/main.ts", outfile: script });
  const env = { ...process.env, GATEWAY_STATUS_SECONDS: "1", GATEWAY_ITEMS_SECONDS: "60" };
  const gateway = startNodeGateway({ bench, files, env, program: [script] });
  const status = new StatusLines({ lines: gateway.lines, count: () => arrivals.count, on: "host" });
  await arrivals.reach(ITEMS, DEADLINE_MS);
  const stretch = await whileSaturated(
    { server, arrivals, initial: ITEMS, deadlineMs: DEADLINE_MS },
    async () => {
      const from = status.length + WARM_UP_LINES;
      await status.reach(from + COUNTED_LINES + 1, DEADLINE_MS);
      return status.stretch(from, from + COUNTED_LINES);
    },
  );
  const cpu = [...stretch.cells.values()].reduce((sum, seconds) => sum + seconds, 0);
  return {
    cpuSecondsPerValue: cpu / stretch.values,
    valuesPerSecond: stretch.values / stretch.seconds,
  };
}
