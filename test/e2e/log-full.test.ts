/**
 * A log partition that is full before the limits are reached, and a kernel that says more than can be read: the oldest
 * files go, the gateway goes on, and what is missing is counted.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findPartition, injectFiles } from "../../image/inject.ts";
import { findLine, withoutStamp } from "../lab/console-lines.ts";
import { powerOnAndConnect } from "../lab/device.ts";
import { assertSameAsShown, pullOut, readHealthFiles, shownLines } from "../lab/health-log.ts";
import { checkLogPartition } from "../lab/power-cut.ts";
import { run } from "../lab/process.ts";
import { REPOSITORY, withWorkbench } from "../lab/workbench.ts";

const DEADLINE_MS = 60_000;
/** Of these the file system itself takes 11, /logs and /logs/.log two more. */
const INODES = 16;
const OLD_FILES = 3;
const SETTINGS = "LogFileSizeLimit=30000\nDirectorySizeLimit=1500000000\n";
/** Five times what the kernel keeps. */
const FLOOD = 400;
const FLOOD_PROGRAM = "/usr/lib/gateway/allow-peer";

/** HW-LOG with room for three files beside the settings, and all three are there. */
async function fillPartition(image: string): Promise<void> {
  const { offset } = await findPartition(image, "HW-LOG");
  await run([
    "mke2fs",
    ...["-q", "-F", "-t", "ext3", "-L", "HW-LOG", "-b", "4096", "-N", String(INODES), "-m", "0"],
    ...["-J", "size=4", "-E", `offset=${offset}`, image, "16m"],
  ]);
  const old = Array.from({ length: OLD_FILES }, (_, index) => ({
    path: `/logs/health-${String(index + 1).padStart(8, "0")}-20260101T000000Z.log`,
    content: `old ${index + 1}\n`.repeat(10_000),
  }));
  const files = [{ path: "/logs/.log", content: SETTINGS }, ...old];
  await injectFiles({ image, partition: "HW-LOG", files });
}

test("a log partition without room, and a flood of kernel messages (R144, R160–R164, L24)", (t) =>
  withWorkbench(t, "log-full", async (bench) => {
    const original = readFileSync(
      join(REPOSITORY, "buildroot/board/iot2040/rootfs-overlay", FLOOD_PROGRAM),
      "utf8",
    );
    const flood = `i=0
while [ $i -lt ${FLOOD} ]; do
  echo "<6>flood $i ${"x".repeat(700)}" >/dev/kmsg
  i=$((i + 1))
done
exec nsenter`;
    const device = await powerOnAndConnect({
      ...{ bench, boot: "quark", mqttKey: "ec:P-256", editCard: fillPartition },
      programs: new Map([[FLOOD_PROGRAM, original.replace("exec nsenter", () => flood)]]),
      kernelArguments: ["GATEWAY_STATUS_SECONDS=1"],
    });
    const { machine } = device;
    const from = machine.console.entries.length;
    // Lines are safe after so many seconds.
    for (let second = 0, next = from; second < 4; second += 1) {
      await findLine(machine.console, "[SUPERVISOR] status:", { deadlineMs: DEADLINE_MS, from: next });
      next = machine.console.entries.length;
    }
    const shown = shownLines(machine.console.entries);
    await machine.stop();

    const image = await pullOut(bench, machine);
    await checkLogPartition(image, bench.disposable(bench.path("hw-log.img")));
    const files = await readHealthFiles(bench, image);
    assert.equal(files.length, OLD_FILES, "as many files as there is room for");
    const kept = files.flatMap(({ lines }) => lines);
    assert.ok(!kept.some((line) => line.startsWith("old ")), "the oldest went first");
    const own = kept.find((line) => !line.includes("] Info: [kernel] ")) ?? "";
    assertSameAsShown(kept, shown.slice(shown.indexOf(own)));

    const texts = shown.map(withoutStamp);
    const clamped = /^Warning: \[LOG\] .*DirectorySizeLimit is 1500000000, but HW-LOG has room for less/;
    assert.equal(texts.filter((text) => clamped.test(text ?? "")).length, 1);
    const missing = texts
      .map((text) => /^Warning: \[kernel\] ([0-9]+) messages of the kernel are missing/.exec(text ?? "")?.[1])
      .filter((count) => count !== undefined);
    assert.ok(missing.length > 0, "the kernel said more than could be read");
    assert.ok(
      kept.some((line) => line.includes(`flood ${FLOOD - 1} `)),
      "reading went on",
    );
    t.diagnostic(`${missing.join(" + ")} of ${2 * FLOOD} messages were missing, and counted`);
  }));
