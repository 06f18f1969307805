/**
 * A cell that hangs is ended and started again; a supervisor that hangs is brought back by the hardware watchdog. Both are
 * stopped from a program of this test that is added to the initramfs; the device's own programs know nothing of it.
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
/**
 * Seconds of the device, which pass in a moment while it has nothing to do. A cell that has not started yet is given more
 * time than one that runs, so the first pause is much longer than any start.
 */
const STOPPER = `(
  sleep 60
  for folder in /proc/[0-9]*; do
    read -r name <$folder/comm
    [ "$name" != gw-navigation ] || kill -STOP "\${folder##*/}"
  done
  sleep 90
  kill -STOP $$
) &
`;

test("a cell that hangs is started again; when the supervisor hangs the watchdog resets the device, and the log says so", (t) =>
  withWorkbench(t, "watchdog", async (bench) => {
    const original = readFileSync(join(OVERLAY, RUN), "utf8");
    assert.ok(original.includes(START));
    const { machine } = await powerOn({
      ...{ bench, boot: "quark", resets: true, idleSkips: true },
      programs: new Map([[RUN, original.replace(START, () => `${STOPPER}${START}`)]]),
    });
    const { console } = machine;
    const said = (text: string, from: number) =>
      findLine(console, text, { deadlineMs: BOOT_DEADLINE_MS, from });
    await said(
      "Info: [WATCHDOG] the hardware resets the device when the gateway gives no sign of life for 60 s",
      0,
    );
    await said("Error: the navigation cell has not answered for 30 s; it is ended and started again", 0);
    await said(
      "Error: the navigation cell ended unexpectedly (signal SIGKILL); it is started again at once",
      0,
    );
    const once = console.entries.length;
    await said("[SUPERVISOR] start completed", once);
    await said("Warning: [WATCHDOG] the hardware watchdog has reset the device", once);
    const before = console.entries.slice(0, once);
    assert.ok(!before.some((line) => line.includes("has reset the device")), "the first start was none");
  }));
