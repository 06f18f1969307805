/**
 * i586 instructions per value, cell by cell, of this checkout: the card's runtime under callgrind between a real OPC UA
 * server (SignAndEncrypt, Basic256Sha256) and a real broker (TLS, QoS 1). One round of changes after the other: the
 * next one begins when the last one has arrived. The kernel's part is not in it.
 *
 *   node --import tsx test/bench/stages.ts [--values 2000] [--items 100] [--top 25] [--runtime FILE] [--compiler FILE]
 */
import { parseArgs } from "node:util";
import { Workbench } from "../lab/workbench.ts";
import { CARD_BUILD, QUARK_INSTRUCTIONS_PER_SECOND } from "./callgrind.ts";
import { countValues } from "./count-values.ts";

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
const bench = new Workbench(`bench-stages-${process.pid}`);
try {
  const build = { runtime: given.runtime, compiler: given.compiler };
  const { values: count, profiles } = await countValues({
    bench,
    build,
    configured: items,
    items,
    values: Number(given.values),
  });
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
  console.log(`callgrind's own files: ${bench.dir}`);
} finally {
  await bench.close({ keep: true });
}
