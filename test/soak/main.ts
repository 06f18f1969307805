/** `make soak`: the card in a virtual device between a server and a broker that fail at random, for as long as wanted. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { REPOSITORY, Workbench } from "../lab/workbench.ts";
import { Soak, type SoakRecord } from "./soak.ts";
import { describe, judge } from "./verdict.ts";

const USAGE = `make soak [MINUTES=120] [SEED=N]
  --minutes N     how long server and broker fail at random (default 120)
  --seed N        the same disconnects as in an earlier run; it prints its seed
  --dir DIR       work folder (default out/soak)
  --verdict DIR   no run: the verdict on the record of an earlier one`;
/** Hours need fewer samples of the memory than minutes. */
const STATUS_SECONDS = { minutes: 2, hours: 5 };
const HOUR_MINUTES = 60;

function say(text: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);
}

/** Prints the verdict; true: all is well. */
function tell(record: SoakRecord): boolean {
  const faults = judge(record);
  process.stdout.write(`${describe(record)}\n`);
  for (const fault of faults) process.stdout.write(`FAULT: ${fault}\n`);
  process.stdout.write(faults.length === 0 ? "VERDICT: good\n" : `VERDICT: ${faults.length} faults\n`);
  return faults.length === 0;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "120" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      dir: { type: "string", default: join(REPOSITORY, "out/soak") },
      verdict: { type: "string" },
    },
  });
  if (values.verdict !== undefined) {
    const record = JSON.parse(readFileSync(join(values.verdict, "soak.json"), "utf8")) as SoakRecord;
    if (!tell(record)) process.exitCode = 1;
    return;
  }
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0) || !Number.isInteger(seed)) throw new TypeError("these options make no sense");
  const bench = new Workbench("soak", resolve(values.dir));
  process.once("SIGINT", () => void bench.close({ keep: true }).then(() => process.exit(130)));
  try {
    say(`soak of ${minutes} minutes with seed ${seed}; all logs are in ${bench.dir}`);
    const statusSeconds = minutes < HOUR_MINUTES ? STATUS_SECONDS.minutes : STATUS_SECONDS.hours;
    const soak = await Soak.start({ bench, minutes, seed, statusSeconds, say });
    say("values arrive; from now on server and broker fail");
    const keep = (record: SoakRecord) => writeFileSync(bench.path("soak.json"), JSON.stringify(record));
    const keeping = setInterval(() => keep(soak.record()), 300_000);
    const record = await soak.run();
    clearInterval(keeping);
    keep(record);
    if (!tell(record)) process.exitCode = 1;
  } finally {
    await bench.close({ keep: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof TypeError) process.stderr.write(`${USAGE}\n`);
  process.exitCode = 1;
});
