/** Instructions per value, cell by cell: rounds of changes, the next one when the last one has arrived. */
import type { Workbench } from "../lab/workbench.ts";
import { type Build, CountedGateway, type MeasuredRole } from "./callgrind.ts";
import { startLoadPlant } from "./load/plant.ts";
import type { Profile } from "./profile.ts";

const ARRIVE_DEADLINE_MS = 300_000;
/** Rounds before counting: connections settle, caches fill. */
const WARM_UP_ROUNDS = 3;

export interface CountedValues {
  readonly values: number;
  readonly profiles: ReadonlyMap<MeasuredRole, Profile>;
}

export async function countValues(options: {
  readonly bench: Workbench;
  readonly build: Build;
  /** Items that are configured. */
  readonly configured: number;
  /** Those of them that change, and so values per notification. */
  readonly items: number;
  readonly values: number;
}): Promise<CountedValues> {
  const { bench, build, configured, items } = options;
  const rounds = Math.ceil(options.values / items);
  const plant = await startLoadPlant({ bench, gateway: "host", items: configured });
  const gateway = await CountedGateway.start({ bench, build, files: plant.files });
  await plant.arrivals.reach(configured, ARRIVE_DEADLINE_MS);
  const round = async () => {
    const { changes } = await plant.server.change({ items, rounds: 1, everyMs: 1, spread: false });
    await plant.arrivals.reach(configured + changes, ARRIVE_DEADLINE_MS);
  };
  for (let done = 0; done < WARM_UP_ROUNDS; done++) await round();
  await gateway.zero();
  for (let done = 0; done < rounds; done++) await round();
  return { values: rounds * items, profiles: await gateway.profiles() };
}
