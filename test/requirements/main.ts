/** Writes the table requirement → test, and says what is missing. */
import { writeFileSync } from "node:fs";
import { readRows, TABLE } from "./files.ts";
import { gaps, renderTable } from "./table.ts";

const rows = readRows();
writeFileSync(TABLE, renderTable(rows));
const missing = gaps(rows);
for (const line of missing) console.error(line);
console.log(
  `${rows.length} requirements, ${rows.length - missing.length} with a test or a reason why not: ${TABLE}`,
);
process.exitCode = missing.length === 0 ? 0 : 1;
