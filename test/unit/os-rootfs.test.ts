// The root file system: the archive as cpio(1) sees it, owners and devices inside, the same bytes every time.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cpioArchive, S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG } from "../../buildroot/from-debian/cpio.ts";
import { appletLinks, rootfsArchive, rootfsEntries } from "../../buildroot/from-debian/rootfs.ts";
import { groupFile, parsePermissions, parseUsers, passwdFile } from "../../buildroot/from-debian/tables.ts";

const BOARD = new URL("../../buildroot/board/iot2040", import.meta.url).pathname;

test("cpio(1) reads the archive: types, modes, owners, devices, links, contents", () => {
  const archive = cpioArchive([
    { path: "/dev/console", mode: S_IFCHR | 0o600, device: { major: 5, minor: 1 } },
    { path: "/dev", mode: S_IFDIR | 0o755 },
    { path: "/bin", mode: S_IFLNK | 0o777, data: Buffer.from("usr/bin") },
    { path: "/odd", mode: S_IFREG | 0o640, uid: 104, gid: 105, data: Buffer.from("seven..") },
  ]);
  const listing = spawnSync("cpio", ["-itv", "--numeric-uid-gid"], { input: archive, encoding: "utf8" });
  assert.equal(listing.status, 0, listing.stderr);
  const rows = listing.stdout.split("\n").map((line) => line.replace(/\s+/g, " "));
  assert.match(rows[0] ?? "", /^lrwxrwxrwx 1 0 0 7 .* bin -> usr\/bin$/);
  assert.match(rows[1] ?? "", /^drwxr-xr-x 2 0 0 0 .* dev$/);
  assert.match(rows[2] ?? "", /^crw------- 1 0 0 5, 1 .* dev\/console$/);
  assert.match(rows[3] ?? "", /^-rw-r----- 1 104 105 7 .* odd$/);
  const content = spawnSync("cpio", ["-i", "--to-stdout", "odd"], { input: archive, encoding: "utf8" });
  assert.equal(content.stdout, "seven..");
});

test("the same parts give the same bytes; a program folder's umask does not show", () => {
  const folder = mkdtempSync(join(tmpdir(), "rootfs-"));
  const build = (mode: number): Buffer => {
    const programs = join(folder, mode.toString(8));
    mkdirSync(join(programs, "bin"), { recursive: true });
    writeFileSync(join(programs, "bin/busybox"), "ELF", { mode });
    return rootfsArchive({ board: BOARD, programs: [programs], links: { "/bin/sh": "/bin/busybox" } });
  };
  assert.ok(build(0o755).equals(build(0o700)));
  rmSync(folder, { recursive: true });
});

test("every path has its folder before it, and /init is ours, not busybox's", () => {
  const entries = rootfsEntries({
    board: BOARD,
    programs: [],
    links: { "/init": "/bin/busybox", "/usr/sbin/x": "y" },
  });
  const paths = new Set(entries.map((entry) => entry.path));
  for (const path of [
    "/usr",
    "/usr/sbin",
    "/dev",
    "/dev/console",
    "/card/HW-LOG",
    "/card/writable/HW-LOG",
    "/proc",
    "/run",
  ]) {
    assert.ok(paths.has(path), path);
  }
  const init = entries.find((entry) => entry.path === "/init");
  assert.match(init?.data?.toString() ?? "", /^#!\/bin\/sh/);
  assert.equal(init?.mode, S_IFREG | 0o755);
});

test("accounts: the five cells, no password, no shell", () => {
  const users = parseUsers("gw-opcua 101 gw-opcua 101 * - - - OPC UA client cell\n", "users.table");
  assert.equal(
    passwdFile(users),
    "root:x:0:0:root:/root:/bin/false\ngw-opcua:x:101:101:OPC UA client cell:/:/bin/false\n",
  );
  assert.equal(groupFile(users), "root:x:0:\ngw-opcua:x:101:\n");
  assert.throws(
    () => parseUsers("# c\ngw 1 gw 1 =secret - - - x\n", "users.table"),
    /users\.table:2: .*cannot be read/,
  );
});

test("permissions table: a device without numbers is refused with its line", () => {
  assert.throws(
    () => parsePermissions("/dev/null c 666 0 0 - - - - -\n", "permissions.table"),
    /permissions\.table:1: /,
  );
  assert.throws(() => parsePermissions("dev d 755 0 0\n", "permissions.table"), /permissions\.table:1: /);
});

test("busybox.links become links to the one program", () => {
  assert.deepEqual(appletLinks("/bin/ash\n/sbin/init\n"), {
    "/bin/ash": "/bin/busybox",
    "/sbin/init": "/bin/busybox",
  });
});
