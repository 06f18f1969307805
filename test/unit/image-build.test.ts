/** The real card, judged by tools that are not ours: sgdisk, e2fsck, debugfs, dumpe2fs, fsck.vfat, mtools, bmaptool, xz. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { before } from "node:test";
import {
  build,
  ext3Tree,
  judge,
  MIB,
  noise,
  offsetOf,
  readRawLayout,
  sgdiskInfo,
  sha256,
  sharedFolder,
  writePayload,
} from "./image-fixture.ts";

const EXT3 = ["HW-BOOT", "HW-LOG", "HW-IDS", "HW-INW", "HW-ENW"];
const { folder, check } = sharedFolder();
const image = join(folder, "out/card.img");
const payload = join(folder, "payload");

before(() => {
  writePayload(payload);
  build({ payload, output: image });
});

const location = (label: string): string => `${image}?offset=${offsetOf(image, label)}`;

check("sgdisk finds nothing wrong with either copy of the partition table", () => {
  assert.match(judge("sgdisk", "-v", image), /No problems found/);
});

check(
  "numbers, names, types and GUIDs are those of layout.json; the ESP has number 6 and lies first (R11)",
  () => {
    for (const partition of readRawLayout().partitions) {
      const info = sgdiskInfo(image, partition.number);
      assert.equal(info["Partition name"], `'${partition.label}'`);
      assert.equal(info["Partition unique GUID"], partition.guid.toUpperCase());
      const type = partition.label === "ESP" ? "(EFI system partition)" : "(Linux filesystem)";
      assert.ok(info["Partition GUID code"]?.endsWith(type), info["Partition GUID code"]);
    }
    const names = [1, 2, 3, 4, 5, 6].map((number) => sgdiskInfo(image, number)["Partition name"]);
    assert.deepEqual(names, ["'HW-BOOT'", "'HW-LOG'", "'HW-IDS'", "'HW-INW'", "'HW-ENW'", "'ESP'"]);
    for (const label of EXT3) assert.ok(offsetOf(image, "ESP") < offsetOf(image, label));
  },
);

check("the card fits every card sold as 4 GB, in whole sectors, with partitions on 4 MiB borders", () => {
  const { size } = statSync(image);
  assert.equal(size % 4096, 0);
  assert.ok(size <= 3.6e9, `${size}`);
  for (const label of [...EXT3, "ESP"]) assert.equal(offsetOf(image, label) % (4 * MIB), 0, label);
});

for (const label of EXT3) {
  check(`${label}: e2fsck finds nothing, and it is plain ext3 (R8, R12)`, () => {
    judge("e2fsck", "-fn", location(label));
    const header = judge("dumpe2fs", "-h", location(label));
    assert.match(header, new RegExp(`^Filesystem volume name: +${label}$`, "m"));
    const features = /^Filesystem features: +(.*)$/m.exec(header)?.[1]?.split(" ").sort();
    assert.deepEqual(features, [
      "dir_index",
      "ext_attr",
      "filetype",
      "has_journal",
      "large_file",
      "sparse_super",
    ]);
    assert.match(header, /^Block size: +4096$/m);
    assert.match(header, /^Reserved block count: +0$/m);
    assert.match(header, /^Filesystem state: +clean$/m);
  });
}

check("every directory of R13 to R22 is there, with the right mode and owner (R13–R22)", () => {
  const found = Object.fromEntries(EXT3.map((label) => [label, ext3Tree(image, offsetOf(image, label))]));
  const size = (name: string): number => statSync(join(payload, name)).size;
  const lostAndFound = { "/lost+found": "040700 0:0" };
  const open = "040755 0:0";
  const secret = "040700 0:0";
  assert.deepEqual(found, {
    "HW-BOOT": {
      ...lostAndFound,
      "/boot": open,
      "/boot/bzImage": `100644 0:0 ${size("bzImage")}`,
      "/boot/rootfs.cpio.lz4": `100644 0:0 ${size("rootfs.cpio.lz4")}`,
      "/legal_notices.txt": `100644 0:0 ${size("legal_notices.txt")}`,
    },
    "HW-LOG": { ...lostAndFound, "/logs": "040750 104:104", "/logs/.log": "100644 0:0 57" },
    "HW-IDS": {
      ...lostAndFound,
      "/app": open,
      "/app/Core": open,
      "/app/Core/config": open,
      "/app/Core/config/transfer": open,
      "/app/Core/config/transfer/mqtt": open,
      "/app/Core/config/transfer/mqtt/publisher": open,
      "/app/Core/config/transfer/navigation": open,
      "/app/Core/config/transfer/opc_ua": open,
      "/app/Core/config/transfer/opc_ua/client": open,
      "/app/Core/pki": open,
      "/app/Core/pki/certs": open,
      "/app/Core/pki/certs/transfer": open,
      "/app/Core/pki/certs/transfer/mqtt": open,
      "/app/Core/pki/certs/transfer/mqtt/publisher": open,
      "/app/Core/pki/certs/transfer/opc_ua": open,
      "/app/Core/pki/certs/transfer/opc_ua/client": open,
      "/app/Core/pki/private": secret,
      "/app/Core/pki/private/transfer": open,
      "/app/Core/pki/private/transfer/mqtt": open,
      "/app/Core/pki/private/transfer/mqtt/publisher": secret,
      "/app/Core/pki/private/transfer/opc_ua": open,
      "/app/Core/pki/private/transfer/opc_ua/client": secret,
    },
    "HW-INW": { ...lostAndFound, "/etc": open },
    "HW-ENW": { ...lostAndFound, "/etc": open },
  });
});

check("HW-BOOT holds the payload, byte for byte (R13)", () => {
  const dump = join(folder, "dump");
  for (const [name, cardPath] of [
    ["bzImage", "/boot/bzImage"],
    ["rootfs.cpio.lz4", "/boot/rootfs.cpio.lz4"],
    ["legal_notices.txt", "/legal_notices.txt"],
  ] as const) {
    judge("debugfs", "-R", `dump ${cardPath} ${dump}`, location("HW-BOOT"));
    assert.ok(readFileSync(dump).equals(readFileSync(join(payload, name))), name);
  }
  assert.ok(readFileSync(join(payload, "bzImage")).equals(noise(3_000_001, "kernel")));
});

check("the health log's limits ship with the guide's values and fit the partition (R155, R156, R164)", () => {
  const settings = judge("debugfs", "-R", "cat /logs/.log", location("HW-LOG"));
  assert.equal(settings, "LogFileSizeLimit=100000000\nDirectorySizeLimit=1500000000\n");
  const header = judge("dumpe2fs", "-h", location("HW-LOG"));
  const free = Number(/^Free blocks: +(\d+)$/m.exec(header)?.[1]) * 4096;
  assert.ok(free > 1_500_000_000 + 100_000_000, `${free} bytes are free`);
});

check("every inode carries the card's fixed time, old enough for a device that has lost its clock", () => {
  for (const label of EXT3) {
    const paths = ["/", ...Object.keys(ext3Tree(image, offsetOf(image, label)))];
    for (const path of paths) {
      const stat = judge("debugfs", "-R", `stat ${path}`, location(label));
      const times = [...stat.matchAll(/(?:[cam]|cr)time: (0x[0-9a-f]+):/g)].map((match) => match[1]);
      assert.deepEqual(times, Array(4).fill("0x386d4380"), `${label}:${path}`);
    }
  }
});

check("the ESP is a clean FAT32 with the boot loader and nothing else", () => {
  const esp = join(folder, "esp.img");
  const offset = offsetOf(image, "ESP");
  judge("dd", `if=${image}`, `of=${esp}`, "bs=1M", `skip=${offset / MIB}`, "count=64", "status=none");
  assert.match(judge("fsck.vfat", "-nv", esp), /FATs, 32 bit entries/);
  assert.equal(
    judge("mdir", "-/", "-b", "-i", `${image}@@${offset}`).trim(),
    "::/EFI/\n::/EFI/BOOT/\n::/EFI/BOOT/BOOTIA32.EFI",
  );
  assert.match(judge("mlabel", "-s", "-i", `${image}@@${offset}`, "::"), /Volume label is ESP/);
  const dump = join(folder, "loader");
  judge("mcopy", "-n", "-i", `${image}@@${offset}`, "::/EFI/BOOT/BOOTIA32.EFI", dump);
  assert.ok(readFileSync(dump).equals(readFileSync(join(payload, "BOOTIA32.EFI"))));
});

check("the image is sparse: on disk it takes what it holds and little more", () => {
  const held = 3_000_001 + 5_000_003 + 360_007;
  const stored = statSync(image).blocks * 512;
  assert.ok(stored >= held && stored < held + 4 * MIB, `${stored} bytes for ${held}`);
});

check("bmaptool copies it by its block map, verifying every checksum, to an identical image", () => {
  const copy = join(folder, "copy.img");
  judge("bmaptool", "copy", "--bmap", `${image}.bmap`, image, copy);
  judge("cmp", copy, image);
  rmSync(copy);
});

check("the .xz is one ordinary stream that unpacks to the image", () => {
  assert.match(
    judge("xz", "--robot", "-l", `${image}.xz`),
    new RegExp(`^file\t1\t\\d+\t\\d+\t${statSync(image).size}\t`, "m"),
  );
  judge("bash", "-c", 'set -o pipefail; xz -dc "$1" | cmp - "$2"', "bash", `${image}.xz`, image);
});

check("sha256sum agrees about every file, and there are no others", () => {
  judge("bash", "-c", 'cd "$1" && sha256sum --strict -c card.img.sha256', "bash", join(folder, "out"));
  const names = ["card.img", "card.img.bmap", "card.img.cdx.json", "card.img.sha256", "card.img.xz"];
  assert.deepEqual(readdirSync(join(folder, "out")).sort(), names);
});

interface Hash {
  readonly alg: string;
  readonly content: string;
}
interface Component {
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly hashes?: readonly Hash[];
  readonly externalReferences?: readonly { readonly url: string; readonly hashes?: readonly Hash[] }[];
}

check("the bill of materials names the image, the OS parts, the app's packages and the files", () => {
  const bom = JSON.parse(readFileSync(`${image}.cdx.json`, "utf8")) as {
    readonly bomFormat: string;
    readonly specVersion: string;
    readonly metadata: { readonly component: Component };
    readonly components: readonly Component[];
  };
  assert.deepEqual([bom.bomFormat, bom.specVersion], ["CycloneDX", "1.6"]);
  const hash = readFileSync(`${image}.sha256`, "utf8").slice(0, 64);
  assert.deepEqual(bom.metadata.component.hashes, [{ alg: "SHA-256", content: hash }]);
  const byName = new Map(bom.components.map((component) => [component.name, component]));
  const linux = byName.get("linux");
  assert.equal(linux?.purl, "pkg:deb/debian/linux@6.12.107-1?arch=source");
  const archives = linux?.externalReferences?.map(({ url, hashes }) => [url, hashes?.[0]?.content]);
  assert.deepEqual(archives, [
    ["linux_6.12.107.orig.tar.xz", sha256("linux")],
    ["linux_6.12.107-1.debian.tar.xz", sha256("patches")],
  ]);
  const mqtt = JSON.parse(
    readFileSync(new URL("../../node_modules/mqtt/package.json", import.meta.url), "utf8"),
  ) as Component;
  assert.equal(byName.get("mqtt")?.purl, `pkg:npm/mqtt@${mqtt.version}`);
  const kernel = sha256(readFileSync(join(payload, "bzImage")));
  assert.equal(byName.get("bzImage")?.hashes?.[0]?.content, kernel);
  assert.ok(!byName.has("yargs"), "the PC's own packages are not on the card");
});

check("a second build from a fresh copy, with another umask and time zone, gives the same bytes", () => {
  const again = join(folder, "again/card.img");
  const fresh = join(folder, "fresh");
  judge("cp", "-r", payload, fresh);
  build({
    payload: fresh,
    output: again,
    run: { umask: "077", env: { ...process.env, TZ: "Pacific/Auckland" } },
  });
  judge("cmp", again, image);
  for (const suffix of [".xz", ".bmap", ".sha256", ".cdx.json"])
    assert.ok(readFileSync(again + suffix).equals(readFileSync(image + suffix)), suffix);
});
