/**
 * Device only: the OPC UA cell's connection is dropped over and over, and its session goes on over the next one. Tells
 * whether memory and descriptors stay flat. Arguments: PKI folder, port, how often, and "heap" when RAM says nothing.
 */
import { Collector } from "../../../app/cells/opcua/collector.ts";
import { silenceLibrary } from "../../../app/cells/opcua/connection/client-options.ts";
import { difference } from "./flat.ts";
import { measure } from "./measure.ts";
import { opcuaSettings } from "./opcua-settings.ts";

const [, , folder = "", port = "", count = "", memory = ""] = process.argv;
const rounds = Number(count);
/** Objects that refer to each other wait for a collection; without one now and then the heap's end says little. */
const collection = Math.ceil(rounds / 20);
const warmUp = 8 * collection;
/** The server's clock, many times over: all of them change together. */
const NODES = 100;
/** The texts of the last message, which differ by their digits; what of a message had come when it was cut. */
const TEXTS_BYTES = NODES * 1024;
/** How long a connection stays; some end before the session has gone on. */
const CONNECTED_MS = 20;

function main(): void {
  silenceLibrary();
  let resumed = 0;
  let before = measure();
  const settings = opcuaSettings(folder, port);
  const [node] = settings.nodes;
  if (!node) throw new Error("no node");
  const look = (): void => {
    if (resumed % collection !== 0) return;
    const now = measure();
    // A connection that was dropped too early costs the session, and the heap is smaller by 140 kB until the new one has
    // been gone on with: the largest of the warm-up is what the end is compared with.
    if (resumed <= warmUp) before = { ...now, heap: Math.max(before.heap, now.heap) };
    if (resumed < rounds) return;
    console.log(`resumed ${resumed}`);
    console.log(difference(before, now, { sanitized: memory === "heap", heap: TEXTS_BYTES }));
    process.exit(0);
  };
  const collector = new Collector({
    settings: {
      ...settings,
      nodes: Array.from({ length: NODES }, (_, index) => ({
        ...node,
        port: index + 1,
        name: `time ${index}`,
      })),
    },
    log: {
      info(text) {
        if (!/the session goes on/.test(text)) return;
        resumed += 1;
        look();
      },
      warning: () => undefined,
      error: console.log,
      debug: () => undefined,
    },
    handlers: {
      onText: () => undefined,
      onState(reason) {
        if (reason === null) setTimeout(() => collector.drop("dropped on purpose"), CONNECTED_MS);
      },
      onWarning: (_node, text) => console.log(text),
    },
    after(_milliseconds, callback) {
      const turn = setImmediate(callback);
      return () => clearImmediate(turn);
    },
  });
  void collector.run();
}

main();
