// What the operating system consists of: the payload in out/os, whichever builder made it (`make test`, or
// `make test OS=buildroot BUILDROOT=<tree>`), has exactly the files and kernel options of one list.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cpioArchive, S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG } from "../../buildroot/from-debian/cpio.ts";
import { ElfFile } from "../../buildroot/isa/elf.ts";
import {
  differences,
  EXPECTED,
  fileLines,
  kernelLines,
  manifestLines,
  neededLibraries,
} from "../../buildroot/manifest.ts";
import { REPOSITORY } from "../lab/workbench.ts";

test("the operating system has the files, modes, owners, libraries and kernel options of the one list", () => {
  const lines = manifestLines(join(REPOSITORY, "out/os"));
  assert.deepEqual(differences({ expected: readFileSync(EXPECTED, "utf8"), lines }), []);
});

test("every kind of entry is told: mode, owner, absolute target, device numbers", () => {
  const archive = cpioArchive([
    { path: "/dev", mode: S_IFDIR | 0o755 },
    { path: "/dev/console", mode: S_IFCHR | 0o600, device: { major: 5, minor: 1 } },
    { path: "/usr/sbin/ip", mode: S_IFLNK | 0o777, data: Buffer.from("../../bin/busybox") },
    { path: "/sh", mode: S_IFLNK | 0o777, data: Buffer.from("/bin/busybox") },
    { path: "/odd", mode: S_IFREG | 0o4640, uid: 104, gid: 105, data: Buffer.from("text") },
  ]);
  assert.deepEqual(fileLines(archive), [
    "file d0755 0:0 /dev",
    "file c0600 0:0 /dev/console 5,1",
    "file -4640 104:105 /odd",
    "file l0777 0:0 /sh -> /bin/busybox",
    "file l0777 0:0 /usr/sbin/ip -> /bin/busybox",
  ]);
});

test("libraries that a program needs are read as readelf(1) reads them", () => {
  const folder = mkdtempSync(join(tmpdir(), "manifest-"));
  const [source, program] = [join(folder, "main.c"), join(folder, "main")];
  writeFileSync(source, "#include <math.h>\nint main(int n, char **v) { (void)v; return (int)cos(n); }\n");
  const compiled = spawnSync("gcc", ["-m32", "-fno-builtin", "-o", program, source, "-lm"], {
    encoding: "utf8",
  });
  assert.equal(compiled.status, 0, compiled.stderr);
  const readelf = spawnSync("readelf", ["-d", program], { encoding: "utf8" }).stdout;
  const wanted = [...readelf.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1] ?? "");
  assert.ok(wanted.includes("libm.so.6") && wanted.includes("libc.so.6"), readelf);
  assert.deepEqual(neededLibraries(new ElfFile("main", readFileSync(program))), wanted);
  const archive = cpioArchive([{ path: "/main", mode: S_IFREG | 0o755, data: readFileSync(program) }]);
  assert.deepEqual(fileLines(archive), [`file -0755 0:0 /main needs ${wanted.join(" ")}`]);
  rmSync(folder, { recursive: true });
});

test("kernel options: what is set counts, what only describes the compiler does not", () => {
  const config = [
    "# CONFIG_OFF is not set",
    'CONFIG_CC_VERSION_TEXT="gcc 14"',
    "CONFIG_GCC_VERSION=140200",
    "CONFIG_AS_TPAUSE=y",
    "CONFIG_NET=y",
    "CONFIG_HZ=250",
  ].join("\n");
  assert.deepEqual(kernelLines(config), ["kernel CONFIG_NET=y", "kernel CONFIG_HZ=250"]);
});

test("a line more, a line less and a changed line are told, comments are not", () => {
  const expected = "# why\nfile d0755 0:0 /a\nfile d0755 0:0 /b\n";
  assert.deepEqual(
    differences({ expected, lines: ["file d0755 0:0 /a", "file d0700 0:0 /b", "kernel X=y"] }),
    ["- file d0755 0:0 /b", "+ file d0700 0:0 /b", "+ kernel X=y"],
  );
});
