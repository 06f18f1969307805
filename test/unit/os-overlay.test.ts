// The start scripts: valid shell, and every command in them is on the card.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

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

test("the packet filter drops by default in all three directions (R31)", () => {
  const rules = readFileSync(join(OVERLAY, "etc/iptables.rules"), "utf8");
  for (const chain of ["INPUT", "FORWARD", "OUTPUT"]) {
    assert.match(rules, new RegExp(`^:${chain} DROP \\[0:0\\]$`, "m"));
  }
  assert.doesNotMatch(rules, /^-A FORWARD/m);
});
