/**
 * An installer's second visit: the card of a running device is pulled, files on it are replaced, and the next start goes
 * by them. The authority of the broker is exchanged (R134), topics get every allowed form of name (R105–R108), and without
 * `.log` no health log is written (R157).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { injectFiles, listFiles } from "../../image/inject.ts";
import { putFiles } from "../lab/card.ts";
import { findLine, letPass, MQTT_CONNECTED, SAFE_MS } from "../lab/console-lines.ts";
import { ARRIVE_DEADLINE_MS, BOOT_DEADLINE_MS, powerOn } from "../lab/device.ts";
import { pullOut } from "../lab/health-log.ts";
import { Pki } from "../lab/pki.ts";
import { Machine } from "../lab/qemu.ts";
import { CARD_PATHS, type SiteFiles } from "../lab/site.ts";
import { withWorkbench } from "../lab/workbench.ts";

const OLD_AUTHORITY = `${CARD_PATHS.mqttCerts}/ca.crt`;
const NEW_AUTHORITY = `${CARD_PATHS.mqttCerts}/new-ca.crt`;
/** Each is another topic than each other one. */
const TOPICS = ["/", "Plant 1 / Line  2", "plant", "PLANT", "plant/", "/plant", "Größe/温度"];

interface MqttFile {
  readonly security: { trustStore: string[] };
  readonly topics: { name: string; topicName: string }[];
}

/** The site's MQTT settings with what the installer changes in them. */
function changeSettings(files: SiteFiles, change: (settings: MqttFile) => void): string {
  const settings = JSON.parse(String(files.get(CARD_PATHS.mqttSettings))) as MqttFile;
  change(settings);
  return JSON.stringify(settings, null, 1);
}

async function logFiles(image: string): Promise<string[]> {
  const files = await listFiles({ image, partition: "HW-LOG", directory: "/logs" });
  return files.map(({ name }) => name).filter((name) => name.startsWith("health-"));
}

test("files that are changed on the pulled card count from the next start on (R24, R105–R108, R134, R157)", (t) =>
  withWorkbench(t, "changed-card", async (bench) => {
    const stranger = await new Pki(bench.path("stranger")).issue({ name: "ca", use: "ca" });
    const device = await powerOn({
      bench,
      boot: "quark",
      mqttKey: "ec:P-256",
      kernelArguments: ["GATEWAY_STATUS_SECONDS=1"],
      edit: ({ files }) => void files.set(OLD_AUTHORITY, readFileSync(stranger.certFile)),
    });
    const refusal = "the broker's certificate was not issued by an authority in trustStore";
    await findLine(device.machine.console, refusal, { deadlineMs: BOOT_DEADLINE_MS });

    // On a fast PC all this takes less than the second after which lines are safe.
    await letPass(device.machine.console, SAFE_MS);
    await device.machine.stop();
    const card = await pullOut(bench, device.machine);
    assert.equal((await logFiles(card)).length, 1, "the first start has its health log");
    await injectFiles({ image: card, partition: "HW-IDS", remove: [OLD_AUTHORITY] });
    await injectFiles({ image: card, partition: "HW-LOG", remove: ["/logs/.log"] });
    const settings = changeSettings(device.files, ({ security, topics }) => {
      security.trustStore = ["new-ca.crt"];
      for (const [index, topicName] of TOPICS.entries())
        Object.assign(topics[index + 1] ?? assert.fail("the site has too few topics"), { topicName });
    });
    await putFiles(
      card,
      new Map<string, string | Uint8Array>([
        [CARD_PATHS.mqttSettings, settings],
        [NEW_AUTHORITY, readFileSync(device.pki.ca.certFile)],
      ]),
    );

    const { hostPorts, observer } = device;
    const again = await Machine.start({ bench, boot: "quark", card, hostPorts, name: "again" });
    await findLine(again.console, MQTT_CONNECTED, { deadlineMs: BOOT_DEADLINE_MS });
    for (const topicName of TOPICS)
      await observer.messages.find(({ topic }) => topic === topicName, {
        what: `a value in the topic ${JSON.stringify(topicName)}`,
        deadlineMs: ARRIVE_DEADLINE_MS,
      });
    await again.stop();
    const pulledAgain = await pullOut(bench, again, "pulled-again");
    assert.equal((await logFiles(pulledAgain)).length, 1, "no second health log");
  }));
