/**
 * The card is pulled out of the running device and put back: values go on arriving, one line says each, and the health
 * log on the card has every line afterwards, those of the time without card included.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { injectFiles } from "../../image/inject.ts";
import { prepareCard } from "../lab/card.ts";
import {
  assertNoLine,
  findLine,
  letPass,
  MQTT_CONNECTED,
  OPCUA_CONNECTED,
  SAFE_MS,
  withoutStamp,
} from "../lab/console-lines.ts";
import { BOOT_DEADLINE_MS, powerOn, powerOnAndConnect } from "../lab/device.ts";
import { assertSameAsShown, pullOut, readHealthFiles, shownLines } from "../lab/health-log.ts";
import { checkLogPartition } from "../lab/power-cut.ts";
import { makeOverlay } from "../lab/qemu.ts";
import { CARD_PATHS } from "../lab/site.ts";
import { withWorkbench } from "../lab/workbench.ts";

const DEADLINE_MS = 60_000;
/** A file system check is part of it. */
const BACK_DEADLINE_MS = BOOT_DEADLINE_MS;
const PULLED = "Warning: [BLKDEVSR] the card was pulled out; values are transferred as before";
const BACK = "Info: [BLKDEVSR] the card is back, its partitions are checked and mounted";
const OTHER_NETWORK = "HW-INW:/etc/dhcpcd.conf is not the same as when the device was switched on";

test("a card that is pulled out and put back: nothing stops, no line is lost (R153, R163)", (t) =>
  withWorkbench(t, "card-pull", async (bench) => {
    const device = await powerOnAndConnect({
      ...{ bench, boot: "quark", mqttKey: "ec:P-256" },
      kernelArguments: ["GATEWAY_STATUS_SECONDS=1"],
    });
    const { machine, server } = device;
    const said = async (text: string, from: number) =>
      findLine(machine.console, text, { deadlineMs: BACK_DEADLINE_MS, from });
    await letPass(machine.console, SAFE_MS);

    let from = machine.console.entries.length;
    await machine.pullCard();
    await said(PULLED, from);
    await server.change({ count: 10, everyMs: 100 });
    await device.everyChangeArrived();
    await letPass(machine.console, SAFE_MS);
    assert.equal(machine.console.entries.slice(from).filter((line) => /BLKDEVSR|LOG/.test(line)).length, 1);

    from = machine.console.entries.length;
    await machine.insertCard();
    await said(BACK, from);
    await letPass(machine.console, SAFE_MS);

    // Out and in again, perhaps between two looks.
    from = machine.console.entries.length;
    await machine.pullCard();
    await server.change({ count: 20, everyMs: 100 });
    await machine.insertCard();
    await said(PULLED, from);
    await said(BACK, from);
    await letPass(machine.console, SAFE_MS);
    await server.change({ count: 3, everyMs: 100 });
    const { repeated } = await device.everyChangeArrived();
    assert.equal(repeated, 0, "no connection was lost");

    const shown = shownLines(machine.console.entries);
    await machine.stop();
    const image = await pullOut(bench, machine);
    await checkLogPartition(image, bench.disposable(bench.path("hw-log.img")));
    const files = await readHealthFiles(bench, image);
    assert.equal(files.length, 3, "a file for the start and one for each return");
    const kept = files.flatMap(({ lines }) => lines);
    assertSameAsShown(kept, shown);
    const told = kept.map(withoutStamp).filter((line) => /^(Warning|Error): /.test(line ?? ""));
    assert.equal(told.length, 2, told.join("\n"));
    assert.ok(
      kept.some((line) => /\[kernel\] mmc0: card .* removed/.test(line)),
      "the kernel saw it, too",
    );
  }));

test("a card that was corrected elsewhere: what was down for its settings starts (R141)", (t) =>
  withWorkbench(t, "card-corrected", async (bench) => {
    let correct = "";
    const device = await powerOn({
      ...{ bench, boot: "quark", mqttKey: "ec:P-256" },
      edit({ files }) {
        correct = String(files.get(CARD_PATHS.mqttSettings));
        files.set(CARD_PATHS.mqttSettings, correct.replace("{", "["));
      },
    });
    const { machine } = device;
    await findLine(machine.console, "MqttPublisherSettings-0.json, line", { deadlineMs: BOOT_DEADLINE_MS });
    await findLine(machine.console, OPCUA_CONNECTED, { deadlineMs: BOOT_DEADLINE_MS });

    await machine.pullCard();
    await findLine(machine.console, PULLED, { deadlineMs: DEADLINE_MS });
    const files = new Map([...device.files, [CARD_PATHS.mqttSettings, correct]]);
    const image = await prepareCard({ bench, files, name: "corrected" });
    await injectFiles({
      image,
      partition: "HW-INW",
      files: [{ path: "/etc/dhcpcd.conf", content: "# new\n" }],
    });
    const overlay = bench.disposable(bench.path("corrected.qcow2"));
    await makeOverlay(image, overlay);
    assertNoLine(machine.console.entries, MQTT_CONNECTED);
    await machine.insertCard(overlay);
    await findLine(machine.console, BACK, { deadlineMs: BACK_DEADLINE_MS });
    await findLine(machine.console, OTHER_NETWORK, { deadlineMs: DEADLINE_MS });
    await findLine(machine.console, "[SUPERVISOR] the gateway starts anew", { deadlineMs: DEADLINE_MS });
    await findLine(machine.console, MQTT_CONNECTED, { deadlineMs: BOOT_DEADLINE_MS });
    await device.everyChangeArrived();
  }));
