/**
 * What of the card the device can write to. A line that is added to the start script on the card shows the kernel's table
 * of mounts; the device's own programs know nothing of it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findLine } from "../lab/console-lines.ts";
import { BOOT_DEADLINE_MS, powerOn } from "../lab/device.ts";
import { REPOSITORY, withWorkbench } from "../lab/workbench.ts";

const RUN = "/usr/lib/gateway/run";
const OVERLAY = join(REPOSITORY, "buildroot/board/iot2040/rootfs-overlay");
const START = 'exec "$runtime"';
const SHOW = `while read -r mount; do echo "mounted: $mount"; done </proc/mounts >/dev/console
echo "mounted: no more" >/dev/console
`;
/** `/card/HW-LOG` is a link to it. */
const LOG = "/card/writable/HW-LOG";
const PLACES = ["/card/HW-BOOT", LOG, "/card/HW-IDS", "/card/HW-INW", "/card/HW-ENW"];

test("of the card's partitions the health log's alone is writable, and no program or device file counts on any (R25)", (t) =>
  withWorkbench(t, "mounts", async (bench) => {
    const original = readFileSync(join(OVERLAY, RUN), "utf8");
    assert.ok(original.includes(START));
    const { machine } = await powerOn({
      ...{ bench, boot: "quark" },
      programs: new Map([[RUN, original.replace(START, () => `${SHOW}${START}`)]]),
    });
    const { console } = machine;
    await findLine(console, "mounted: no more", { deadlineMs: BOOT_DEADLINE_MS });
    const mounts = console.entries
      .map((line) => /mounted: (\/dev\/\S+) (\S+) (\S+) (\S+) /.exec(line))
      .filter((match) => match !== null)
      .map(([, device, place, type, options]) => ({
        device,
        place,
        type,
        options: options?.split(",") ?? [],
      }));
    assert.deepEqual(mounts.map(({ place }) => place).sort(), [...PLACES].sort());
    assert.deepEqual(mounts.map(({ device }) => device).sort(), [
      ...[1, 2, 3, 4, 5].map((number) => `/dev/mmcblk0p${number}`),
    ]);
    assert.ok(console.entries.some((line) => line.includes("mounted: rootfs / rootfs ro,")));
    for (const { place, type, options } of mounts) {
      assert.equal(type, "ext3", place);
      assert.equal(options[0], place === LOG ? "rw" : "ro", place);
      for (const option of ["nosuid", "nodev", "noexec"])
        assert.ok(options.includes(option), `${place} without ${option}: ${options}`);
    }
  }));
