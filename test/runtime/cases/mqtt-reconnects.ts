/**
 * Device only: the MQTT cell's session connects over and over; the broker ends every connection, or refuses it. Tells why,
 * each reason once, and whether memory and descriptors stay flat. Arguments: a folder that stands for HW-IDS, how often,
 * and "heap" when RAM says nothing.
 */
import { Session } from "../../../app/cells/mqtt/session.ts";
import { readMqttSettings } from "../../../app/config/mqtt.ts";
import { MQTT_PATHS } from "../../../app/config/paths.ts";
import { readRawSide } from "../../../app/config/raw-files.ts";
import { difference } from "./flat.ts";
import { measure } from "./measure.ts";

const [, , folder = "", count = "", memory = ""] = process.argv;
const rounds = Number(count);
/** Objects that refer to each other wait for a collection; without one now and then the heap's end says little. */
const collection = Math.ceil(rounds / 20);
/** Caches, sessions and the C library's arenas have their size by then. */
const warmUp = 6 * collection;

function main(): void {
  let closed = 0;
  let before = measure();
  const causes = new Set<string>();
  const session = new Session({
    settings: readMqttSettings(readRawSide(folder, MQTT_PATHS)),
    clean: true,
    handlers: {
      onReady: () => undefined,
      onAck: () => undefined,
      onHeard: () => undefined,
      waitingFor: () => 0,
      onDrain: () => undefined,
      onPing: () => undefined,
      onClosed(end) {
        closed++;
        causes.add(end?.cause.replace(/\. Cure.*/, "") ?? "none");
        const now = closed % collection === 0 ? measure() : null;
        if (now && closed === warmUp) before = now;
        if (closed < rounds) session.connect();
        else finish();
      },
    },
  });
  const finish = (): void => {
    console.log(`closed ${closed}: ${[...causes].join("; ")}`);
    console.log(difference(before, measure(), { sanitized: memory === "heap" }));
    session.end(() => process.exit(0));
  };
  session.connect();
}

main();
