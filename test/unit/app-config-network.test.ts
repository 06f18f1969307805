/** dhcpcd.conf: gwcard check and the device's own filter judge the same lines alike; addresses and networks. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { IPV6_OFF_WORDS, IPV6_WORDS, OTHER_WORDS, OWN_WORDS } from "../../app/config/dhcpcd-words.ts";
import { contains, overlap, parseIpv4, partOfNetwork } from "../../app/config/ipv4.ts";
import { examineNetwork } from "../../app/config/network-file.ts";
import { network } from "./app-config-rules-site.ts";
import { makeFolder } from "./app-folder.ts";

const FILTER = fileURLToPath(
  new URL("../../buildroot/board/iot2040/rootfs-overlay/usr/lib/gateway/dhcp-settings", import.meta.url),
);
const { folder, remove } = makeFolder();
test.after(remove);

/** Numbers of the lines that the device complains of, and what it passes on. */
function onDevice(lines: readonly string[]): { complaints: number[]; passed: string[] } {
  const file = join(folder, "dhcpcd.conf");
  writeFileSync(file, `${lines.join("\n")}\n`);
  const { stdout, stderr } = spawnSync("sh", [FILTER, file, "X2P1"], { encoding: "utf8" });
  const complaints = stderr.trimEnd().split("\n").filter(Boolean);
  return {
    complaints: complaints.map((line) => Number.parseInt(line, 10)),
    passed: stdout.trimEnd().split("\n").filter(Boolean),
  };
}

test("the device leaves out exactly the settings that gwcard check warns of (R29, R32)", () => {
  // The device stops complaining after 20 lines.
  for (const words of [[...OWN_WORDS].slice(0, 20), [...OWN_WORDS].slice(20)]) {
    const { complaints, passed } = onDevice(words);
    assert.deepEqual(
      complaints,
      words.map((_, index) => index + 1),
    );
    assert.deepEqual(passed, []);
    assert.deepEqual(
      network(...words).map(({ rule, place }) => `${rule} ${place?.line}`),
      words.map((_, index) => `network-own ${index + 1}`),
    );
  }
  assert.deepEqual(onDevice([...IPV6_WORDS, ...IPV6_OFF_WORDS]), { complaints: [], passed: [] });
  assert.ok(network(...IPV6_WORDS).every(({ rule }) => rule === "network-ipv6"));
  assert.deepEqual(network(...IPV6_OFF_WORDS), []);
  const { complaints, passed } = onDevice([...OTHER_WORDS]);
  assert.deepEqual(complaints, []);
  assert.equal(passed.length, OTHER_WORDS.size);
  assert.deepEqual(network(...OTHER_WORDS), []);
  assert.deepEqual(onDevice(["statik x"]).complaints, [1]);
});

test("the device and gwcard check find the same slips in addresses, blocks and line ends (R29, R30, R32)", () => {
  const cases: readonly (readonly string[])[] = [
    ["static ip_address=192.168.1.177/23", "static routers=192.168.1.1"],
    ["static ip_address=192.168.1.177/23\r", "static routers=192.168.1.1\r"],
    ["\uFEFFstatic ip_address=10.0.0.2/8"],
    ["static ip_address=192.168.1.177"],
    ["static ip_address=192.168.1.256/24"],
    ["static ip_address=192.168.1.177/33"],
    ["static ip_address = 192.168.1.177/24"],
    ["static routers=192.168.1"],
    ["static domain_name_servers=10.0.0.1 10.0.0.x"],
    ["static domain_name_servers=10.0.0.1 10.0.0.2 # two", "; note", "  # note"],
    ["static ip_address= 10.0.0.1/24"],
    ["static ip_address=10.0.0.1/024"],
    ["static ip_address=10.0.0.1/0"],
    ["static ip_address=10.0.0.1/24#x"],
    ['static ip_address=10.0.0.1/24 # the "new" one'],
    ["static domain_name_servers=1.1.1.1,8.8.8.8"],
    ["static routers=10.0.0.2, 10.0.0.3"],
    ["static broadcast_address=10.0.0"],
    [...Array.from({ length: 200 }, () => "# a comment"), "static ip_address=x"],
    [`# ${"x".repeat(299)}`, "static ip_address=x"],
    ["interface X1P1", "static ip_address=x"],
    ["interface X1P1", "static ip_address=x", "interface X2P1", "static ip_address=y"],
    ["interface eth0", "interface X2P1", "static ip_address=x", "interface eth0", "static ip_address=y"],
    ["interface eth0", "interface eth1", "static ip_address=x"],
    ["static"],
    ["statik ip_address=192.168.1.177/23"],
  ];
  for (const lines of cases) {
    const found = network(...lines).map(({ place }) => place?.line);
    assert.deepEqual(onDevice(lines).complaints, found, lines.join(" | "));
  }
});

test("a file with a block for each side gives each side its own (R29, R32)", () => {
  const blocks = [
    "interface X1P1",
    "static ip_address=1.0.0.1/8",
    "interface X2P1",
    "static ip_address=2.0.0.1/8",
  ];
  assert.deepEqual(onDevice(blocks).passed, ["static ip_address=2.0.0.1/8"]);
  assert.deepEqual(onDevice(['static ip_address=2.0.0.1/8 # the "new" one']).passed, [
    "static ip_address=2.0.0.1/8",
  ]);
});

test("a side without a file asks a DHCP server: nothing is wrong (R28)", () => {
  const absent = { problem: "the file does not exist", absent: true };
  assert.deepEqual(examineNetwork("HW-ENW", absent), { settings: null, found: [] });
});

test("networks, against bits counted one by one", () => {
  const bits = (address: number): string => address.toString(2).padStart(32, "0");
  const anyNetwork = fc.record({
    address: fc.integer({ min: 0, max: 0xffffffff }),
    prefix: fc.integer({ min: 1, max: 32 }),
  });
  fc.assert(
    fc.property(anyNetwork, anyNetwork, fc.nat(40), (one, far, distance) => {
      const other = { ...far, address: far.prefix > 16 ? far.address : (one.address + distance) % 2 ** 32 };
      const same = (length: number): boolean =>
        bits(one.address).slice(0, length) === bits(other.address).slice(0, length);
      assert.equal(contains(one, other.address), same(one.prefix));
      assert.equal(overlap(one, other), same(Math.min(one.prefix, other.prefix)));
      const host = bits(one.address).slice(one.prefix);
      const part = /^0+$/.test(host) ? "network" : /^1+$/.test(host) ? "broadcast" : null;
      assert.equal(partOfNetwork(one), one.prefix > 30 ? null : part);
      const text = [24, 16, 8, 0].map((shift) => (one.address >>> shift) & 255).join(".");
      assert.equal(parseIpv4(text), one.address);
    }),
  );
  for (const text of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "a.b.c.d", "1.2.3.4/8", " 1.2.3.4"])
    assert.equal(parseIpv4(text), null);
});
