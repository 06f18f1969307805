/**
 * The publisher against brokers with something wrong about them: settings and certificates as on HW-IDS, and what the log
 * says first. Arguments: a folder, then names of folders in it that stand for HW-IDS.
 */
import { Publisher } from "../../../app/cells/mqtt/publisher.ts";
import { readMqttSettings } from "../../../app/config/mqtt.ts";
import { MQTT_PATHS } from "../../../app/config/paths.ts";
import { readRawSide } from "../../../app/config/raw-files.ts";

const [, , folder, ...moods] = process.argv as [string, string, string, ...string[]];

function firstLine(mood: string): Promise<string> {
  return new Promise((resolve) => {
    const tell = (line: string): void => publisher.stop(() => resolve(line));
    const publisher = new Publisher({
      settings: readMqttSettings(readRawSide(`${folder}/${mood}`, MQTT_PATHS)),
      log: { info: tell, warning: tell, error: tell, debug: () => undefined },
      source: { pause: () => undefined, resume: () => undefined },
      onFirst: () => undefined,
    });
    publisher.start();
  });
}

async function main(): Promise<void> {
  for (const mood of moods) console.log(`${mood}: ${(await firstLine(mood)).replace(/ port \d+/, "")}`);
  process.exit(0);
}

void main();
