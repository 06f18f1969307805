/**
 * Device only: the OPC UA cell's collector connects, gets its first value, says good-bye, over and over. Tells whether
 * memory and descriptors stay flat. Arguments: PKI folder, port, how often, and "heap" when RAM says nothing.
 */
import { Collector } from "../../../app/cells/opcua/collector.ts";
import { silenceLibrary } from "../../../app/cells/opcua/connection/client-options.ts";
import { closed, measure, settled } from "./measure.ts";
import { opcuaSettings } from "./opcua-settings.ts";

const [, , folder = "", port = "", count = "", memory = ""] = process.argv;
const rounds = Number(count);
/** Objects that refer to each other wait for a collection; without one now and then the heap's end says little. */
const collection = Math.ceil(rounds / 20);
const warmUp = 8 * collection;

const settings = opcuaSettings(folder, port);

async function visit(): Promise<void> {
  let arrived: () => void = () => undefined;
  const value = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const collector = new Collector({
    settings,
    log: { info: () => undefined, warning: console.log, error: console.log, debug: () => undefined },
    handlers: { onText: () => arrived(), onWarning: (_node, text) => console.log(text) },
  });
  await collector.run();
  await value;
  await collector.stop();
}

async function main(): Promise<void> {
  silenceLibrary();
  const first = measure();
  let before = first;
  for (let round = 1; round <= rounds; round++) {
    await visit();
    await closed(first);
    const now = round % collection === 0 ? measure() : null;
    if (now && round === warmUp) before = now;
  }
  console.log(`connected ${rounds}`);
  console.log(await settled(before, memory === "heap"));
  const last = measure();
  console.log(`descriptors as at the start: ${last.descriptors.join() === first.descriptors.join()}`);
  process.exit(0);
}

void main();
