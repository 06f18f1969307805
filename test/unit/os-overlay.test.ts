// The start scripts: valid shell, and every command in them is on the card.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";

const BOARD = new URL("../../buildroot/board/iot2040/", import.meta.url).pathname;
const OVERLAY = join(BOARD, "rootfs-overlay");
const SCRIPTS = [
  "init",
  ...readdirSync(join(OVERLAY, "usr/lib/gateway"))
    .sort()
    .map((name) => `usr/lib/gateway/${name}`),
];
const BUSYBOX = readFileSync(join(BOARD, "busybox.config"), "utf8");
const OTHER_PROGRAMS = ["dhcpcd", "e2fsck", "iptables-restore"];
const SHELL = [
  "echo",
  "printf",
  "read",
  "exec",
  "exit",
  "return",
  "shift",
  "break",
  "continue",
  "cd",
  "set",
  "trap",
  "test",
  "until",
  "while",
  "for",
  "if",
  "case",
];

function onCard(command: string): boolean {
  const applet = new RegExp(`^CONFIG_${command.toUpperCase().replace("-", "_")}=y$`, "m");
  return applet.test(BUSYBOX) || OTHER_PROGRAMS.includes(command) || SHELL.includes(command);
}

/** Commands at the beginning of a line or after a connective; good enough for scripts as plain as these. */
function commands(script: string): string[] {
  const code = script
    .replace(/<<(\w+)\n[\s\S]*?\n\1\n/g, "\n")
    .replace(/^\s*#.*$/gm, "")
    .replace(/"[^"]*"/g, '""')
    .replace(/\$\(\(.*?\)\)/g, "0");
  const places =
    /(?:^|\|\||&&|[|;{(]|\bthen\b|\bdo\b|\belse\b|\buntil\b|\$\()\s*(?:exec\s+)?([a-z][a-z0-9-]*)(?=\s|$)(?!\s*=)/gm;
  const defined = new Set([...code.matchAll(/^(\w+)\(\) \{/gm)].map((match) => match[1]));
  const keywords = /^(then|do|done|fi|esac|else|elif|in|if|case|while|until|for)$/;
  return [...code.matchAll(places)]
    .map((match) => match[1] ?? "")
    .filter((word) => !keywords.test(word) && !defined.has(word));
}

for (const name of SCRIPTS) {
  test(`${name} is valid shell and calls only what the card has`, () => {
    const path = join(OVERLAY, name);
    const check = spawnSync("sh", ["-n", path], { encoding: "utf8" });
    assert.equal(check.status, 0, check.stderr);
    const common = readFileSync(join(OVERLAY, "usr/lib/gateway/common"), "utf8");
    const shared = new Set([...common.matchAll(/^(\w+)\(\) \{/gm)].map((match) => match[1]));
    const missing = commands(readFileSync(path, "utf8")).filter((word) => !shared.has(word) && !onCard(word));
    assert.deepEqual(missing, []);
  });
}

test("the finder of commands finds a command that is not there", () => {
  assert.deepEqual(commands("#!/bin/sh\nfoo() {\n  bar x | baz -y\n}\nfoo || qux\nexec quux\n").sort(), [
    "bar",
    "baz",
    "quux",
    "qux",
  ]);
  assert.equal(onCard("awk"), false);
});

test("inittab starts no login and no shell, and only scripts that exist (R7)", () => {
  const lines = readFileSync(join(OVERLAY, "etc/inittab"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of lines) {
    const [, , , action, command] = /^([^:]*):([^:]*):(\w+):(.*)$/.exec(line) ?? [];
    assert.match(action ?? "", /^(sysinit|respawn|shutdown)$/, line);
    const program = (command ?? "").split(" ")[0] ?? "";
    assert.ok(existsSync(join(OVERLAY, program)), line);
    assert.doesNotMatch(line, /getty|askfirst|\/bin\/sh/);
  }
});

/** What dhcpcd gets of a file, and what is said about the rest. */
function dhcpSettings(file: string, nic = "X2P1"): { passed: string[]; said: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "gwcard-dhcp-"));
  try {
    const path = join(folder, "dhcpcd.conf");
    writeFileSync(path, file, "latin1");
    const script = join(OVERLAY, "usr/lib/gateway/dhcp-settings");
    const { status, stdout, stderr } = spawnSync("sh", [script, path, nic], { encoding: "latin1" });
    assert.equal(status, 0, stderr);
    const lines = (text: string) => text.split("\n").slice(0, -1);
    return { passed: lines(stdout), said: lines(stderr) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a side's dhcpcd.conf is passed on as it is written, without interface line, whatever the editor (R29, R30)", () => {
  const plain = ["static ip_address=192.168.177.50/24", "static routers=192.168.177.2", "hostname plant"];
  for (const text of [
    plain.join("\n"),
    `${plain.join("\n")}\n`,
    `\xef\xbb\xbf# by hand\r\n\r\n  ${plain.join("  # why\r\n\t")}\r\n; end`,
  ])
    assert.deepEqual(dhcpSettings(text), { passed: plain, said: [] });
  const servers = "static domain_name_servers=10.0.0.1 10.0.0.2";
  assert.deepEqual(dhcpSettings(servers).passed, [servers]);
  assert.deepEqual(dhcpSettings("noipv6rs\nslaac private\nduid\n"), { passed: ["duid "], said: [] });
});

test("a file decides nothing beyond its own side, and starts no program (R32)", () => {
  const refused = [
    "script /bin/sh",
    "allowinterfaces X1P1",
    "config /x",
    "env PATH=/card",
    "logfile /card/x",
  ];
  const { passed, said } = dhcpSettings(refused.join("\n"));
  assert.deepEqual(passed, []);
  assert.deepEqual(
    said,
    refused.map(
      (line, index) =>
        `${index + 1}\tleft out, '${line.split(" ")[0]}' is not for a file to decide on this device`,
    ),
  );
  const fixed = "static ip_address=10.0.0.9/8";
  const alone = dhcpSettings(`interface eth0\n${fixed}\n`);
  assert.deepEqual(alone.passed, [fixed]);
  assert.deepEqual(alone.said, [
    "1\t'interface' is not needed, this file is for X2P1 alone; what stands below it is used",
  ]);
  const both = dhcpSettings(
    `interface eth0\n${fixed}\ninterface eth1\nstatic ip_address=10.9.9.9/8\nscript x\n`,
  );
  assert.deepEqual(both.passed, [fixed]);
  assert.match(
    both.said[1] ?? "",
    /^3\tleft out with everything below it: 'interface' for another one than X2P1/,
  );
  assert.equal(both.said.length, 2);
  assert.deepEqual(dhcpSettings(`interface X1P1\n${fixed}`).passed, []);
  assert.deepEqual(dhcpSettings(`interface X1P1\n${fixed}`, "X1P1").passed, [fixed]);
});

test("a slip in dhcpcd.conf is told with its line (R29)", () => {
  const slips: Record<string, RegExp> = {
    "static ip_address=192.168.300.1/24": /left out, 'static ip_address=A\.B\.C\.D\/PREFIX' is expected/,
    "static ip_address=192.168.3.1": /'static ip_address=A\.B\.C\.D\/PREFIX' is expected/,
    "static ip_address=192.168.3.1/33": /'static ip_address=/,
    "static ip_address = 192.168.3.1/24": /'static NAME=VALUE' is expected, without spaces/,
    "static ip_address=1.2.3/24": /A side without one asks a DHCP server$/,
    "static routers=": /'static routers=A\.B\.C\.D' is expected/,
    "static domain_name_servers=1.2.3.4 dns": /'static domain_name_servers=A\.B\.C\.D' is expected/,
    "ip_address=192.168.3.1/24": /left out, 'ip_address' is no setting of dhcpcd/,
    "$(reboot) `id`": /left out, '' is no setting of dhcpcd/,
  };
  for (const [slip, expected] of Object.entries(slips)) {
    const { passed, said } = dhcpSettings(`hostname x\n${slip}\n`);
    assert.deepEqual(passed, ["hostname x"], slip);
    assert.equal(said.length, 1, slip);
    assert.match(said[0] ?? "", expected);
    assert.match(said[0] ?? "", /^2\t/);
  }
  const wide = dhcpSettings(`option ${"x".repeat(300)}\nhostname y`);
  assert.deepEqual(wide, { passed: ["hostname y"], said: ["1\tleft out: more than 300 characters"] });
  const long = dhcpSettings("x\n".repeat(100_000));
  assert.equal(long.said.length, 20);
  assert.deepEqual(long.passed, []);
});

test("no bytes of a dhcpcd.conf become anything but settings that are known (R32)", () => {
  const known = /^(?:static [a-z][^=]*=|[a-z0-9_]+ )/;
  const line = fc.oneof(
    fc.string({ unit: "binary-ascii" }),
    fc.constantFrom(
      "static ip_address=1.2.3.4/8",
      "interface X1P1",
      "option x",
      "script y",
      "*",
      "\\",
      "-n x",
    ),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      for (const passed of dhcpSettings(lines.join("\n")).passed) {
        assert.match(passed, known);
        assert.doesNotMatch(passed, /^(?:script|interface|config|env)\b/);
      }
    }),
    { numRuns: 60 },
  );
});

test("the packet filter drops by default in all three directions (R31)", () => {
  const rules = readFileSync(join(OVERLAY, "etc/iptables.rules"), "utf8");
  for (const chain of ["INPUT", "FORWARD", "OUTPUT"]) {
    assert.match(rules, new RegExp(`^:${chain} DROP \\[0:0\\]$`, "m"));
  }
  assert.doesNotMatch(rules, /^-A FORWARD/m);
});
