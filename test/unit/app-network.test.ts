/** The supervisor's view of ports and connections: what is told, when, and what follows from it. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Connections, describeDuration } from "../../app/supervisor/connections.ts";
import { Gate } from "../../app/supervisor/gate.ts";
import { Intruders } from "../../app/supervisor/intruders.ts";
import {
  changedSettings,
  leftOutLines,
  sideProblem,
  tellNetworkReport,
} from "../../app/supervisor/network-report.ts";
import { platform } from "../../app/supervisor/platform-node.ts";
import { Port, type PortHandlers } from "../../app/supervisor/port.ts";
import type { NetlinkEvent } from "../../app/supervisor/rtnetlink.ts";
import { withFolder } from "./app-folder.ts";
import { logInto } from "./app-log-into.ts";

const NIC = 2;
const link = (up: boolean): NetlinkEvent => ({ kind: "link", index: NIC, loopback: false, up });
const address = (text: string, added: boolean, lasting = false): NetlinkEvent => ({
  kind: "address",
  index: NIC,
  added,
  address: `${text}/24`,
  lasting,
});

/** A port of its own, what it says of events, and what follows from them in a time. */
function playPort(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const lines: string[] = [];
  const acts: string[] = [];
  const handlers: PortHandlers = {
    onUsable: () => void acts.push("usable"),
    onAddressLost: (reason) => void acts.push(reason),
  };
  const port = new Port({ side: "enw", log: logInto(lines), handlers });
  const told = (...events: NetlinkEvent[]): string[] => {
    for (const event of events) port.take(event);
    return lines.splice(0).map((line) => line.replace("[NETWORK] X1 P1 (external): ", ""));
  };
  const followed = (milliseconds: number): string[] => {
    t.mock.timers.tick(milliseconds);
    return acts.splice(0);
  };
  return { port, lines, told, followed };
}

test("a port tells its changes once, and what they mean for the connection (L20–L22, R26)", (t) => {
  const { port, lines, told, followed } = playPort(t);
  assert.deepEqual(told({ kind: "link", index: 1, loopback: true, up: true }, link(false)), []);
  assert.deepEqual(told(link(true), link(true)), ["Info: the link is up"]);
  assert.deepEqual(told(address("10.0.0.1", true), address("10.0.0.1", true)), [
    "Info: address 10.0.0.1/24 by DHCP",
  ]);
  assert.deepEqual(followed(500), ["usable"]);
  assert.equal(port.describe(), "X1 P1 (external): link up, 10.0.0.1/24");
  assert.deepEqual(
    told({ ...address("10.9.9.9", true), index: 1 } as NetlinkEvent),
    [],
    "another interface's",
  );

  // The same address comes back with the link: connections may live on.
  assert.deepEqual(told(link(false), address("10.0.0.1", false)), [
    "Warning: the link is down. Cure: check the cable and the switch",
    "Info: address 10.0.0.1/24 is given up",
  ]);
  assert.equal(port.describe(), "X1 P1 (external): link down, no address");
  assert.deepEqual(followed(60_000), [], "without a link nothing is decided");
  told(link(true), address("10.0.0.1", true));
  assert.deepEqual(followed(500), ["usable"]);

  // Another one.
  told(link(false), address("10.0.0.1", false), link(true), address("10.0.0.2", true, true));
  assert.deepEqual(followed(500), [
    "X1 P1 (external) has lost its address 10.0.0.1/24; it is 10.0.0.2/24 now",
    "usable",
  ]);

  // A lease that ends while the link is there.
  told(address("10.0.0.2", false));
  assert.deepEqual(followed(5_000), ["X1 P1 (external) has lost its address 10.0.0.2/24; there is no other"]);
  lines.length = 0;
  followed(30_000);
  assert.deepEqual(told(), [
    "Warning: no address yet. Cure: check the DHCP server, or write a fixed address into HW-ENW:/etc/dhcpcd.conf",
  ]);
  assert.deepEqual(told({ kind: "removed", index: NIC }), [
    "Warning: the link is down. Cure: check the cable and the switch",
  ]);
});

test("a cable that is plugged in again: connections live on when the same address comes back, however slowly (L20)", (t) => {
  const { told, followed } = playPort(t);
  told(link(true), address("10.0.0.1", true));
  assert.deepEqual(followed(500), ["usable"]);

  told(link(false), address("10.0.0.1", false), link(true));
  assert.deepEqual(followed(1_500), [], "the DHCP server takes its time");
  told(address("10.0.0.1", true));
  assert.deepEqual(followed(500), ["usable"]);
  assert.deepEqual(followed(60_000), []);

  told(link(false), address("10.0.0.1", false), link(true));
  assert.deepEqual(followed(1_500), []);
  told(address("10.0.0.2", true));
  assert.deepEqual(followed(500), [
    "X1 P1 (external) has lost its address 10.0.0.1/24; it is 10.0.0.2/24 now",
    "usable",
  ]);

  told(link(false), address("10.0.0.2", false), link(true));
  assert.deepEqual(followed(4_999), []);
  assert.deepEqual(followed(1), ["X1 P1 (external) has lost its address 10.0.0.2/24; there is no other"]);
});

test("a port without cable is told some seconds after the start, a loose contact does not fill the log (L22)", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const lines: string[] = [];
  const nothing = (): void => undefined;
  const handlers = { onUsable: nothing, onAddressLost: nothing };
  const port = new Port({ side: "inw", log: logInto(lines), handlers });
  port.take(link(false));
  t.mock.timers.tick(9_000);
  assert.deepEqual(lines, []);
  t.mock.timers.tick(1_000);
  assert.deepEqual(lines.splice(0), [
    "Warning: [NETWORK] X2 P1 (internal): the link is down. Cure: check the cable and the switch",
  ]);
  for (let at = 0; at < 1000; at += 1) port.take(link(at % 2 === 0));
  assert.ok(lines.length <= 20, `${lines.length} lines`);
});

test("connections are told in one line, and explained with time and reason", () => {
  let now = 100;
  const connections = new Connections(() => now);
  assert.equal(connections.tell(), "OPC UA not connected, MQTT not connected");
  assert.equal(connections.explain(), "OPC UA has not been connected yet; MQTT has not been connected yet");
  connections.note("opcua", null);
  connections.note("mqtt", "the broker refuses the connection");
  now += 3725;
  connections.note("opcua", null);
  connections.note("mqtt", "the broker does not answer");
  assert.equal(connections.tell(), "OPC UA connected, MQTT not connected");
  assert.equal(
    connections.explain(),
    "OPC UA connected for 1 h 2 min; MQTT not connected for 1 h 2 min: the broker does not answer",
  );
  const durations: Record<string, string> = {
    0.9: "0 s",
    59: "59 s",
    60: "1 min",
    3599: "59 min",
    90061: "1 d 1 h",
  };
  for (const [seconds, text] of Object.entries(durations))
    assert.equal(describeDuration(Number(seconds)), text);
});

test("what the init scripts found is told with file, line and cure (R29)", () => {
  assert.deepEqual(leftOutLines("inw", ["3\tleft out, 'x' is no setting", "", "x\ty", "4 z"]), [
    "HW-INW:/etc/dhcpcd.conf, line 3: left out, 'x' is no setting",
  ]);
  const table = ["inw\tX2P1\tok", "enw\tX1P1\tno network interface at PCI 0000:00:14.6", ""];
  assert.equal(sideProblem("inw", table), null);
  assert.match(
    sideProblem("enw", table) ?? "",
    /^X1 P1 \(external\): no network interface at PCI .*\. Cure: /,
  );
  assert.equal(sideProblem("enw", []), null);
});

test("each side's dhcpcd.conf as it was at the start is told by its SHA-256, with what of it does not work (R29, K48)", (t) =>
  withFolder(t, (folder) => {
    const lines: string[] = [];
    tellNetworkReport(logInto(lines), folder);
    assert.deepEqual(lines, [], "a developer's machine");
    for (const path of ["gateway", "net/inw", "net/enw"]) mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, "gateway/network"), "inw\tX2P1\tok\nenw\tX1P1\tno network interface\n");
    writeFileSync(join(folder, "net/inw/card-dhcpcd.conf"), "abc");
    writeFileSync(join(folder, "net/inw/left-out"), "1\tleft out\n");
    tellNetworkReport(logInto(lines), folder);
    assert.deepEqual(lines, [
      "Error: [NETWORK] X1 P1 (external): no network interface. Cure: restart the device; if it stays so, the device is defective",
      // FIPS 180-2, appendix B.1
      "Info: [NETWORK] SHA-256 of HW-INW:/etc/dhcpcd.conf: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "Warning: [NETWORK] HW-INW:/etc/dhcpcd.conf, line 1: left out",
    ]);
  }));

test("settings of the network that differ on a card that is put in are told, for they do not count yet (R29)", (t) =>
  withFolder(t, (folder) => {
    const files = { card: join(folder, "card"), atStart: join(folder, "at-start") };
    const told = () => changedSettings("inw", files);
    assert.equal(told(), null, "neither card has any");
    writeFileSync(files.card, "static ip_address=10.0.0.1/8\n");
    const line =
      "HW-INW:/etc/dhcpcd.conf is not the same as when the device was switched on: it does not count yet. " +
      "Cure: switch the device off and on again";
    assert.equal(told(), line, "the first one had none, or was not in");
    writeFileSync(files.atStart, "static ip_address=10.0.0.1/8\n");
    assert.equal(told(), null);
    writeFileSync(files.atStart, "static ip_address=10.0.0.2/8\n");
    assert.equal(told(), line);
  }));

test("who tries to connect to the device is told of, what is everywhere is not (K18, K19)", () => {
  const lines: string[] = [];
  // What a supervisor before this one has told of already.
  const counts = { connections: 40, others: 7, outgoing: 1 };
  const intruders = new Intruders({ side: "enw", read: () => counts, log: logInto(lines) });
  intruders.tell();
  counts.others += 1000;
  intruders.tell();
  assert.deepEqual(lines, []);
  counts.connections += 12;
  intruders.tell();
  intruders.tell();
  counts.connections += 3;
  intruders.tell();
  assert.deepEqual(
    lines,
    [12, 3].map(
      (count) =>
        `Warning: [NETWORK] X1 P1 (external): the packet filter has refused ${count} attempts to connect to the gateway since the last status. Cure: find out who scans this network`,
    ),
  );
  assert.equal(intruders.describe(), "refused: 55 connections, 1007 other packets in, 1 out");
});

/** A platform whose programs do nothing and whose time stands still unless it is told otherwise. */
function gate(side: "inw" | "enw") {
  const lines: string[] = [];
  const clock = { now: 100 };
  const standIn = { ...platform, uptime: () => clock.now };
  return { gate: new Gate({ side, platform: standIn, log: logInto(lines) }), lines, clock };
}

test("the way out follows the peer's name, tells each address and nothing but the first peer counts (K17, K19)", () => {
  const { gate: external, lines, clock } = gate("enw");
  external.openResolved(["10.0.0.1"]);
  assert.deepEqual(lines.splice(0), [], "no peer, no way");
  external.notePeer({ host: "broker_1.example", port: 8883 });
  external.notePeer({ host: "broker_1.example", port: 8883 });
  external.openAddress();
  external.openResolved(["10.0.0.1", "10.0.0.2"]);
  external.openResolved(["10.0.0.2", "10.0.0.1"]);
  external.openResolved(["10.0.0.3", "10.0.0.1"]);
  const port = "[NETWORK] X1 P1 (external)";
  assert.deepEqual(lines.splice(0), [
    `Info: ${port}: broker_1.example is 10.0.0.1, 10.0.0.2`,
    `Info: ${port}: broker_1.example is 10.0.0.3`,
  ]);
  for (let at = 0; at < 100; at += 1) external.openResolved([`10.0.1.${at}`]);
  assert.equal(lines.splice(0).length, 3, "a cell that was taken over is slow at trying addresses");
  clock.now += 5;
  external.openResolved(["10.0.2.1"]);
  external.openResolved(["10.0.2.2"]);
  assert.deepEqual(lines.splice(0), [`Info: ${port}: broker_1.example is 10.0.2.1`]);
  external.notePeer({ host: "10.6.6.6", port: 8883 });
  assert.deepEqual(lines.splice(0), [
    `Error: ${port}: a second peer was asked for, which is refused until the gateway is started anew`,
  ]);

  const { gate: internal, lines: said } = gate("inw");
  internal.notePeer({ host: "10.0.0.7", port: 4840 });
  internal.openResolved(["10.6.6.6"]);
  internal.openAddress();
  assert.deepEqual(said, [], "an address leads nowhere else");
});
