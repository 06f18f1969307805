/** The story of values-quark and values-uefi: the same card, started in two ways. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { injectFiles } from "../../image/inject.ts";
import { assertSiteIsTold } from "./accounts.ts";
import { countFrames, peerFrames, strayFrames } from "./capture.ts";
import {
  assertBlock,
  assertHealthy,
  findLine,
  MQTT_START,
  NAVIGATION_START,
  OPCUA_START,
  OS_START,
  stampTime,
  withoutStamp,
} from "./console-lines.ts";
import { ARRIVE_DEADLINE_MS, type DeviceOptions, powerOnAndConnect } from "./device.ts";
import { assertSameAsShown, readHealthLog, shownLines } from "./health-log.ts";
import { HEARTBEAT_TOPIC } from "./site.ts";
import { withWorkbench } from "./workbench.ts";

/** R30's form: no interface line, the place of the file selects the interface. */
async function putStaticAddress(image: string, address: string): Promise<void> {
  const router = address.replace(/\d+$/, "2");
  const content = `static ip_address=${address}/24\nstatic routers=${router}\n`;
  await injectFiles({ image, partition: "HW-INW", files: [{ path: "/etc/dhcpcd.conf", content }] });
}

const ROUNDS = 30;
const ROUND_EVERY_MS = 200;
/** The device's clock is the host's, as RTC in UTC (R152). */
const CLOCK_TOLERANCE_MS = 120_000;

export async function valuesStory(
  t: TestContext,
  options: {
    id: string;
    /** The internal side gets this fixed address by HW-INW:/etc/dhcpcd.conf instead of DHCP (R29, R30). */
    internalAddress?: string;
  } & Omit<DeviceOptions, "bench">,
): Promise<void> {
  const { id, internalAddress, ...deviceOptions } = options;
  if (internalAddress !== undefined) {
    deviceOptions.editCard = (image) => putStaticAddress(image, internalAddress);
  }
  await withWorkbench(t, id, async (bench) => {
    const device = await powerOnAndConnect({ bench, capture: true, ...deviceOptions });
    const { server, observer, variables } = device;
    const { console } = device.machine;

    await server.change({ count: ROUNDS, everyMs: ROUND_EVERY_MS });
    const arrival = await device.everyChangeArrived();
    assert.equal(arrival.changes, variables.length * (ROUNDS + 1), "every change arrived");
    assert.equal(arrival.repeated, 0, "nothing was sent twice: no connection was lost");

    const heartbeat = await observer.messages.find(({ topic }) => topic === HEARTBEAT_TOPIC, {
      what: "heartbeat",
      deadlineMs: ARRIVE_DEADLINE_MS,
    });
    assert.equal(typeof (JSON.parse(heartbeat.payload) as { Value: unknown }).Value, "number");

    for (const block of [OS_START, OPCUA_START, MQTT_START, NAVIGATION_START])
      assertBlock(console.entries, block);
    assertHealthy(console.entries);
    const connected = await findLine(console, "established connection", { deadlineMs: 0 });
    const skew = Math.abs(stampTime(connected) - Date.now());
    assert.ok(skew < CLOCK_TOLERANCE_MS, `the stamp of '${connected}' is ${skew} ms off`);

    await device.machine.stop();
    const health = await readHealthLog(bench, device.machine);
    assertSameAsShown(health, shownLines(console.entries));
    for (const line of [...OS_START, ...OPCUA_START, ...MQTT_START, ...NAVIGATION_START]) {
      assert.ok(
        health.some((logged) => withoutStamp(logged) === line),
        `the health log survives the power cut with '${line}'`,
      );
    }
    for (const log of [console.entries, health]) assertSiteIsTold(log, device.files);
    for (const side of ["internal", "external"] as const) {
      assert.deepEqual(await strayFrames(bench, side), [], `nothing else is on the ${side} wire`);
      assert.ok((await peerFrames(bench, side)) > 0, `the peer is on the ${side} wire`);
    }
    const asked = await countFrames(bench, "internal", "dhcp");
    if (internalAddress === undefined) {
      assert.ok(asked > 0, "without dhcpcd.conf the address comes by DHCP (R28)");
    } else {
      assert.equal(asked, 0, "a fixed address needs no DHCP");
      assert.ok((await countFrames(bench, "internal", `ip.src == ${internalAddress}`)) > 0, "it is used");
      const leaked = await countFrames(bench, "external", `ip.addr == ${internalAddress}`);
      assert.equal(leaked, 0, "the other side never sees it (R32)");
    }
    t.diagnostic(
      `${arrival.changes} changes of ${variables.length} variables arrived; log: ${bench.path("serial.log")}`,
    );
  });
}
