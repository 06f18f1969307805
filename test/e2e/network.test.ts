/**
 * Both network sockets in our hands: names are resolved on their own side only, a cable that is pulled and plugged in
 * again is told at once, and a new lease is used at once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findLine, MQTT_CONNECTED, OPCUA_CONNECTED } from "../lab/console-lines.ts";
import { ARRIVE_DEADLINE_MS, powerOnAndConnect } from "../lab/device.ts";
import { EXTERNAL, INTERNAL } from "../lab/network.ts";
import type { Lease } from "../lab/packets.ts";
import { Wire } from "../lab/wire.ts";
import { withWorkbench } from "../lab/workbench.ts";

const NAMES = { server: "plc_7.plant", broker: "broker.office.example" };
const X1 = "X1 P1 (external)";

function lease(network: string, host: number): Lease {
  return {
    address: `${network}.${host}`,
    mask: "255.255.255.0",
    router: `${network}.2`,
    server: `${network}.53`,
    seconds: 3600,
  };
}

test("names, links and leases (L20, L21, L22)", (t) =>
  withWorkbench(t, "network", async (bench) => {
    const internal = await Wire.open({
      bench,
      lease: lease("192.168.177", 31),
      names: { [NAMES.server]: INTERNAL.peer },
    });
    const external = await Wire.open({
      bench,
      lease: lease("192.168.188", 41),
      names: { [NAMES.broker]: EXTERNAL.peer },
    });
    const device = await powerOnAndConnect({
      bench,
      boot: "quark",
      mqttKey: "ec:P-256",
      hostNames: NAMES,
      wires: { internal, external },
    });
    const { machine } = device;
    const { console } = machine;
    const say = (text: string, from: number) =>
      findLine(console, text, { deadlineMs: ARRIVE_DEADLINE_MS, from });
    await say(`[NETWORK] ${X1}: address 192.168.188.41/24 by DHCP`, 0);
    assert.deepEqual([...new Set(internal.questions.entries)], [NAMES.server]);
    assert.deepEqual([...new Set(external.questions.entries)], [NAMES.broker]);

    let from = console.entries.length;
    await machine.setLink("external", false);
    await say(`Warning: [NETWORK] ${X1}: the link is down. Cure: check the cable and the switch`, from);
    external.lease = lease("192.168.188", 77);
    from = console.entries.length;
    await machine.setLink("external", true);
    await say(`Info: [NETWORK] ${X1}: the link is up`, from);
    await say(`Info: [NETWORK] ${X1}: address 192.168.188.77/24 by DHCP`, from);
    await say(MQTT_CONNECTED, from);
    await device.everyChangeArrived();
    void OPCUA_CONNECTED;
    machine.type("status\r");
    await say("[NETWORK] ", console.entries.length);
  }));
