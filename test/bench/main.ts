/** `make bench`: every figure that README states, as a table and as out/bench.json. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY, Workbench } from "../lab/workbench.ts";
import { measureFirstValue } from "./first-value.ts";

const RESULT = join(REPOSITORY, "out/bench.json");

const MEANINGS: Readonly<Record<string, string>> = {
  "quark.cells_up_s": "kernel start to all cells up, at Quark pace [s]",
  "quark.first_value_s": "kernel start to the first published value, at Quark pace [s]",
  "quark.ram_mb": "memory in use with all cells up [MB]",
};

const bench = new Workbench("bench-first-value");
const figures: Record<string, number> = {};
try {
  Object.assign(figures, await measureFirstValue(bench));
} finally {
  await bench.close({ keep: false });
}
writeFileSync(RESULT, `${JSON.stringify(figures, null, 2)}\n`);
const width = Math.max(...Object.values(MEANINGS).map((meaning) => meaning.length));
for (const [key, value] of Object.entries(figures)) {
  console.log(`${(MEANINGS[key] ?? key).padEnd(width)}  ${String(value).padStart(8)}   ${key}`);
}
