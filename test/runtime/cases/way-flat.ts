/** Device only: memory and descriptors while names are looked up before every attempt, found or not, for a long time. */
import { Way } from "../../../app/supervisor/way.ts";
import { difference } from "./flat.ts";
import { measure } from "./measure.ts";

const [, , memory = ""] = process.argv;
const ROUNDS = 1000;
const WARM_UP = 200;
const KNOWN = "localhost";
/** An empty label: nobody has to be asked. */
const UNKNOWN = "no..name";

async function main(): Promise<void> {
  let opened = 0;
  const failures = new Set<string>();
  const way = new Way(() => {
    opened += 1;
    setImmediate(() => way.grant());
  });
  let before = measure();
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round === WARM_UP) before = measure();
    await way.open(KNOWN);
    await way.open(UNKNOWN).catch(({ code }: NodeJS.ErrnoException) => failures.add(code ?? ""));
  }
  console.log(`opened ${opened}, failures: ${[...failures].join(", ")}`);
  console.log(difference(before, measure(), { sanitized: memory === "heap" }));
}

void main();
