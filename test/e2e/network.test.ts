/**
 * Both network sockets in our hands: names are resolved on their own side only, a cable that is pulled and plugged in
 * again is told at once, and a new lease is used at once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { injectFiles } from "../../image/inject.ts";
import { findLine, MQTT_CONNECTED, OPCUA_CONNECTED } from "../lab/console-lines.ts";
import { ARRIVE_DEADLINE_MS, powerOnAndConnect } from "../lab/device.ts";
import type { Journal } from "../lab/journal.ts";
import { EXTERNAL, INTERNAL } from "../lab/network.ts";
import { type Lease, tcpSyn, udp } from "../lab/packets.ts";
import { Wire } from "../lab/wire.ts";
import { type Workbench, withWorkbench } from "../lab/workbench.ts";

const NAMES = { server: "plc_7.plant", broker: "broker.office.example" };
const X1 = "X1 P1 (external)";
const X2 = "X2 P1 (internal)";

function lease(network: string, host: number): Lease {
  return {
    address: `${network}.${host}`,
    mask: "255.255.255.0",
    router: `${network}.2`,
    server: `${network}.53`,
    seconds: 3600,
  };
}

/** The sides' networks; what a name server knows is for its own side alone. */
async function openWires(bench: Workbench): Promise<{ internal: Wire; external: Wire }> {
  return {
    internal: await Wire.open({
      bench,
      lease: lease("192.168.177", 31),
      names: { [NAMES.server]: INTERNAL.peer },
    }),
    external: await Wire.open({
      bench,
      lease: lease("192.168.188", 41),
      names: { [NAMES.broker]: EXTERNAL.peer },
    }),
  };
}

/** Waits for a line that comes after `from`. */
function waiter(console: Journal<string>) {
  return (text: string, from: number) => findLine(console, text, { deadlineMs: ARRIVE_DEADLINE_MS, from });
}

test("names are resolved on their own side; a pulled cable is told at once, a new lease is used at once (L20–L22, R26–R28)", (t) =>
  withWorkbench(t, "network", async (bench) => {
    const wires = await openWires(bench);
    const { internal, external } = wires;
    const device = await powerOnAndConnect({
      ...{ bench, boot: "quark", mqttKey: "ec:P-256", hostNames: NAMES, wires },
    });
    const { machine, server, broker } = device;
    const { console } = machine;
    const said = waiter(console);
    await said(`Info: [NETWORK] ${X2}: address 192.168.177.31/24 by DHCP`, 0);
    await said(`Info: [NETWORK] ${X1}: address 192.168.188.41/24 by DHCP`, 0);
    await said(`Info: [NETWORK] ${X2}: ${NAMES.server} is ${INTERNAL.peer}`, 0);
    await said(`Info: [NETWORK] ${X1}: ${NAMES.broker} is ${EXTERNAL.peer}`, 0);
    assert.deepEqual([...new Set(internal.questions.entries)], [NAMES.server], "asked on the internal side");
    assert.deepEqual([...new Set(external.questions.entries)], [NAMES.broker], "asked on the external side");

    // The broker moves: the name leads to another address, and the packet filter does not stand in the way.
    external.names.set(NAMES.broker, EXTERNAL.secondPeer);
    const moved = console.entries.length;
    await broker.stop();
    await broker.start();
    await said(MQTT_CONNECTED, moved);
    const [last] = external.sent.entries.filter(({ ports }) => ports?.to === EXTERNAL.port).slice(-1);
    assert.equal(last?.to, EXTERNAL.secondPeer);
    await said(`Info: [NETWORK] ${X1}: ${NAMES.broker} is ${EXTERNAL.secondPeer}`, moved);

    for (const { side, wire, port, network, connected } of [
      { side: "external", wire: external, port: X1, network: "192.168.188", connected: MQTT_CONNECTED },
      { side: "internal", wire: internal, port: X2, network: "192.168.177", connected: OPCUA_CONNECTED },
    ] as const) {
      const pulled = console.entries.length;
      await machine.setLink(side, false);
      await said(
        `Warning: [NETWORK] ${port}: the link is down. Cure: check the cable and the switch`,
        pulled,
      );
      const leases = wire.dhcp.entries.length;
      wire.lease = lease(network, 77);
      const plugged = console.entries.length;
      await machine.setLink(side, true);
      await said(`Info: [NETWORK] ${port}: the link is up`, plugged);
      await said(`Info: [NETWORK] ${port}: address ${network}.77/24 by DHCP`, plugged);
      assert.ok(wire.dhcp.entries.length > leases, "the lease is asked for anew");
      await said(`the address of ${port.slice(0, 5)} has changed`, plugged);
      await said(connected, plugged);
      await server.change({ count: 2, everyMs: 50 });
      await device.everyChangeArrived();
      assert.ok(
        wire.sent.entries.some(({ from }) => from === `${network}.77`),
        "the new address is used",
      );
    }

    const asked = console.entries.length;
    machine.type("status\r");
    await said("OPC UA connected, MQTT connected", asked);
    await said("OPC UA connected for", asked);
    const ports = await said(`[NETWORK] ${X2}: link up, `, asked);
    for (const address of ["192.168.177.77/24", "192.168.188.77/24"])
      assert.ok(ports.includes(address), ports);
    assert.match(ports, /, refused: 0 connections, \d+ other packets in, \d+ out/);
  }));

/** More than once, for what a busy PC loses between us and the device. */
const SCANS = 2;
/** Everything that listens anywhere, and some more. */
const SCANNED_PORTS = [
  ...Array.from({ length: 1024 }, (_, index) => index + 1),
  1883,
  4840,
  8080,
  8883,
  49152,
];

test("fixed addresses on both sides; nothing answers, nothing is passed on, a file speaks for its side alone (R7, R29–R32, K7, K17–K19)", (t) =>
  withWorkbench(t, "network-fixed", async (bench) => {
    const wires = await openWires(bench);
    const { internal, external } = wires;
    const inw = [
      "static ip_address=192.168.177.50/24",
      "static routers=192.168.177.2",
      "static domain_name_servers=192.168.177.53",
      "script /usr/lib/gateway/stop",
      "allowinterfaces X1P1",
      "interface X1P1",
      "static ip_address=192.168.188.99/24",
    ];
    const enw = [
      "static ip_address=192.168.188.60/24",
      "static routers=192.168.188.2",
      "static domain_name_servers=192.168.188.53",
    ];
    const device = await powerOnAndConnect({
      ...{ bench, boot: "quark", mqttKey: "ec:P-256", hostNames: NAMES, wires },
      async editCard(image) {
        const path = "/etc/dhcpcd.conf";
        await injectFiles({ image, partition: "HW-INW", files: [{ path, content: inw.join("\n") }] });
        await injectFiles({ image, partition: "HW-ENW", files: [{ path, content: enw.join("\r\n") }] });
      },
    });
    const { console } = device.machine;
    const said = waiter(console);
    await said(`Info: [NETWORK] ${X2}: address 192.168.177.50/24 as in HW-INW:/etc/dhcpcd.conf`, 0);
    await said(`Info: [NETWORK] ${X1}: address 192.168.188.60/24 as in HW-ENW:/etc/dhcpcd.conf`, 0);
    const file = "Warning: [NETWORK] HW-INW:/etc/dhcpcd.conf, line";
    await said(`${file} 4: left out, 'script' is not for a file to decide on this device`, 0);
    await said(`${file} 5: left out, 'allowinterfaces' is not for a file to decide on this device`, 0);
    await said(`${file} 6: left out with everything below it: 'interface' for another one than X2P1`, 0);

    // The sender is not there: each answer to it would begin with the question where it is.
    const stranger = { internal: "192.168.177.200", external: "192.168.188.200" };
    for (let round = 0; round < SCANS; round += 1) {
      for (const port of SCANNED_PORTS) {
        internal.injectPacket(
          tcpSyn({ from: stranger.internal, to: "192.168.177.50", ports: [40_000, port] }),
        );
        external.injectPacket(
          tcpSyn({ from: stranger.external, to: "192.168.188.60", ports: [40_000, port] }),
        );
        // A network card has room for so many packets; the rest would be lost on the way.
        if (port % 32 === 0) await device.server.change({ count: 1, everyMs: 0 });
      }
    }
    for (const port of [53, 67, 123, 161, 4840]) {
      const payload = Buffer.from("anybody there?");
      const ports: [number, number] = [40_000, port];
      internal.injectPacket(udp({ from: stranger.internal, to: "192.168.177.50", ports, payload }));
      external.injectPacket(udp({ from: stranger.external, to: "192.168.188.60", ports, payload }));
    }
    // To the other side's peer, in both directions, with the device as router.
    for (let at = 0; at < 20; at += 1) {
      internal.injectPacket(
        tcpSyn({ from: stranger.internal, to: EXTERNAL.peer, ports: [40_001, EXTERNAL.port] }),
      );
      external.injectPacket(
        tcpSyn({ from: stranger.external, to: INTERNAL.peer, ports: [40_001, INTERNAL.port] }),
      );
    }
    await device.server.change({ count: 3, everyMs: 100 });
    await device.everyChangeArrived();
    const asked = console.entries.length;
    device.machine.type("status\r");
    await said(", refused: ", asked);
    for (const port of [X2, X1]) {
      const told = `Warning: [NETWORK] ${port}: the packet filter has refused `;
      // A line of the regular status may have come in between.
      const refused = console.entries
        .filter((line) => line.includes(told))
        .reduce((sum, line) => sum + Number(/refused (\d+) attempts to connect/.exec(line)?.[1]), 0);
      assert.ok(refused >= SCANNED_PORTS.length, `${refused} attempts`);
      t.diagnostic(
        `${port}: ${refused} of ${SCANS * SCANNED_PORTS.length} attempts came to the packet filter`,
      );
    }

    for (const [wire, own, other] of [
      [internal, "192.168.177.", "192.168.188."],
      [external, "192.168.188.", "192.168.177."],
    ] as const) {
      const { entries } = wire.sent;
      const toStrangers = entries.filter(({ to }) => to === `${own}200`);
      assert.deepEqual(toStrangers, [], "no packet answers");
      assert.ok(!wire.wanted.entries.includes(`${own}200`), "nobody wants to answer");
      const crossed = entries.filter(({ from, to }) => from.startsWith(other) || to.startsWith(other));
      assert.deepEqual(crossed, [], "nothing is passed on");
      assert.ok(!wire.wanted.entries.some((address) => address.startsWith(other)), "nor asked for");
      const sources = new Set(entries.map(({ from }) => from));
      assert.deepEqual([...sources], [own === "192.168.177." ? "192.168.177.50" : "192.168.188.60"]);
      assert.deepEqual(wire.dhcp.entries, [], "a fixed address needs no DHCP");
    }
  }));
