/**
 * i586 instructions per value, cell by cell, of this checkout: the card's runtime under callgrind between a real OPC UA
 * server (SignAndEncrypt, Basic256Sha256) and a real broker (TLS, QoS 1). One round of changes after the other: the
 * next one begins when the last one has arrived. The kernel's part is not in it.
 *
 *   node --import tsx test/bench/stages.ts [--values 2000] [--items 100] [--top 25] [--runtime FILE] [--compiler FILE]
 */
import { parseArgs } from "node:util";
import { Workbench } from "../lab/workbench.ts";
import { CARD_BUILD, CountedGateway, QUARK_INSTRUCTIONS_PER_SECOND } from "./callgrind.ts";
import { startLoadPlant } from "./load/plant.ts";

const ARRIVE_DEADLINE_MS = 300_000;
/** Rounds before counting: connections settle, caches fill. */
const WARM_UP_ROUNDS = 3;

const { values: given } = parseArgs({
  options: {
    values: { type: "string", default: "2000" },
    items: { type: "string", default: "100" },
    top: { type: "string", default: "25" },
    runtime: { type: "string", default: CARD_BUILD.runtime },
    compiler: { type: "string", default: CARD_BUILD.compiler },
  },
});
const items = Number(given.items);
const rounds = Math.ceil(Number(given.values) / items);
const bench = new Workbench(`bench-stages-${process.pid}`);
try {
  const plant = await startLoadPlant({ bench, gateway: "host", items });
  const build = { runtime: given.runtime, compiler: given.compiler };
  const gateway = await CountedGateway.start({ bench, build, files: plant.files });
  await plant.arrivals.reach(items, ARRIVE_DEADLINE_MS);
  const round = async () => {
    const changes = await plant.server.change({ items, rounds: 1, everyMs: 1, spread: false });
    await plant.arrivals.reach(items + changes, ARRIVE_DEADLINE_MS);
  };
  for (let done = 0; done < WARM_UP_ROUNDS; done++) await round();
  await gateway.zero();
  for (let done = 0; done < rounds; done++) await round();
  const profiles = await gateway.profiles();
  const count = rounds * items;
  let sum = 0;
  for (const [role, { total, functions }] of profiles) {
    sum += total;
    const own = functions.slice(0, Number(given.top));
    console.log(`\n${role}: ${Math.round(total / count)} instructions per value; most of them here:`);
    for (const { name, self, inclusive } of own) {
      const each = Math.round(self / count);
      if (each === 0) continue;
      // A function that is called from within itself is counted more than once in what it calls.
      const within = inclusive > total ? "" : `, with what it calls ${Math.round(inclusive / count)}`;
      console.log(`${String(each).padStart(9)} ${name}${within}`);
    }
  }
  console.log(`\n${count} values in notifications of ${items}:`);
  for (const [role, { total }] of profiles) {
    console.log(`${role.padEnd(12)}${String(Math.round(total / count)).padStart(9)} instructions per value`);
  }
  const perSecond = QUARK_INSTRUCTIONS_PER_SECOND / (sum / count);
  console.log(`${"all".padEnd(12)}${String(Math.round(sum / count)).padStart(9)}`);
  console.log(`at Quark pace, without the kernel's part: ${perSecond.toFixed(0)} values per second of CPU`);
} finally {
  await bench.close({ keep: true });
}
