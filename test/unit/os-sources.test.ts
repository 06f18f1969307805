// What apt's signed index says about source packages, and the list of packages that the recipes know.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePackages } from "../../buildroot/from-debian/packages.ts";
import { parseShowsrc } from "../../buildroot/from-debian/showsrc.ts";

const SHOWSRC = `Package: busybox
Binary: busybox, busybox-static
Version: 1:1.37.0-6
Files:
 0123 2279 busybox_1.37.0-6.dsc
Checksums-Sha256:
 aaaa 2279 busybox_1.37.0-6.dsc
 bbbb 2565764 busybox_1.37.0.orig.tar.bz2
 cccc 833 busybox_1.37.0.orig.tar.bz2.asc
 dddd 65032 busybox_1.37.0-6.debian.tar.xz
Directory: pool/main/b/busybox
Priority: optional

Package: native
Version: 1.0
Checksums-Sha256:
 eeee 10 native_1.0.tar.xz
Directory: pool/main/n/native

`;

test("showsrc: epoch kept, detached signatures not taken for archives, native packages passed over", () => {
  assert.deepEqual(parseShowsrc(SHOWSRC), [
    {
      name: "busybox",
      version: "1:1.37.0-6",
      directory: "pool/main/b/busybox",
      orig: { file: "busybox_1.37.0.orig.tar.bz2", sha256: "bbbb" },
      packaging: { file: "busybox_1.37.0-6.debian.tar.xz", sha256: "dddd" },
    },
  ]);
});

test("packages.txt: suite and packages", () => {
  const text = "# comment\nsuite trixie\nlinux 6.12. required # reason\niptables 1.8. optional\n";
  assert.deepEqual(parsePackages(text, "packages.txt"), {
    suite: "trixie",
    packages: [
      { name: "linux", version: "6.12.", packaging: "required" },
      { name: "iptables", version: "1.8.", packaging: "optional" },
    ],
  });
});

test("packages.txt: a wrong line is named with file and line", () => {
  assert.throws(
    () => parsePackages("suite trixie\nlinux 6.12\n", "packages.txt"),
    /packages\.txt:2: "linux 6\.12"/,
  );
  assert.throws(
    () => parsePackages("linux 6.12. required\n", "packages.txt"),
    /packages\.txt: no "suite" line/,
  );
});
