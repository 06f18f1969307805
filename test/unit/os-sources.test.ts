// What apt's signed index says about source packages, and the list of packages that the recipes know.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parsePackages } from "../../buildroot/from-debian/packages.ts";
import { parseShowsrc } from "../../buildroot/from-debian/showsrc.ts";
import { candidateSources } from "../../buildroot/from-debian/sources.ts";

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

test("a version that the index no longer lists comes after those that it does, and only of the same line", () => {
  const record = (version: string): string =>
    `Package: busybox\nVersion: ${version}\nDirectory: pool\nChecksums-Sha256:\n aa 1 busybox_${version}.orig.tar.gz\n`;
  const item = { name: "busybox", version: "1.37.", packaging: "required" } as const;
  const index = [record("1:1.37.0-5"), record("1:1.37.0-6"), record("1:1.36.9-1")].join("\n");
  const superseded = `# why\n\n${[record("1:1.37.0-4"), record("1:1.37.0-6"), record("1:1.38.0-1")].join("\n")}`;
  assert.deepEqual(
    candidateSources({ item, index, superseded }).map(({ version }) => version),
    ["1:1.37.0-6", "1:1.37.0-5", "1:1.37.0-4"],
  );
});

test("superseded.sources has complete records of packages in packages.txt, one version each", () => {
  const folder = new URL("../../buildroot/", import.meta.url);
  const text = readFileSync(new URL("from-debian/superseded.sources", folder), "utf8");
  const path = "board/iot2040/packages.txt";
  const { packages } = parsePackages(readFileSync(new URL(path, folder), "utf8"), path);
  const records = parseShowsrc(text);
  assert.equal(records.length, text.match(/^Package:/gm)?.length);
  assert.deepEqual(
    records.map(({ name }) => name).sort(),
    [...new Set(records.map(({ name }) => name))].sort(),
  );
  for (const { name, version, orig, packaging } of records) {
    const item = packages.find((each) => each.name === name);
    assert.ok(item && version.replace(/^\d+:/, "").startsWith(item.version), `${name} ${version}`);
    for (const archive of [orig, packaging]) assert.match(archive?.sha256 ?? "", /^[0-9a-f]{64}$/, name);
  }
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
