/** Every flaw of layout.json or contents.json is named, with its place, before any byte is written. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readContents } from "../../image/contents.ts";
import { LayoutError } from "../../image/errors.ts";
import { readLayout } from "../../image/layout.ts";
import { readPayload } from "../../image/payload.ts";
import { type RawLayout, type RawPartition, story, writePayload, writeSmallLayout } from "./image-fixture.ts";

test("the shipped layout is sound", async () => {
  const layout = await readLayout();
  assert.deepEqual(
    layout.partitions.map(({ number, label, offset, size }) => [number, label, offset, size]),
    [
      [6, "ESP", 4194304, 67108864],
      [1, "HW-BOOT", 71303168, 134217728],
      [3, "HW-IDS", 205520896, 33554432],
      [4, "HW-INW", 239075328, 16777216],
      [5, "HW-ENW", 255852544, 16777216],
      [2, "HW-LOG", 272629760, 2147483648],
    ],
  );
});

const at = (layout: RawLayout, index: number): RawPartition => layout.partitions[index] as RawPartition;

const FLAWS: readonly {
  readonly flaw: string;
  readonly change: (layout: RawLayout) => void;
  readonly pointer: string;
  readonly problem: RegExp;
}[] = [
  {
    flaw: "an overlap",
    change: (layout) => {
      at(layout, 2).start = "195MiB";
    },
    pointer: "/partitions/2/start",
    problem: /HW-IDS \(204472320 to 238026752\) overlaps HW-BOOT \(71303168 to 205520896, \/partitions\/1\)/,
  },
  {
    flaw: "an overlap with a partition that is listed later but lies earlier",
    change: (layout) => {
      at(layout, 5).start = "1MiB";
      at(layout, 5).size = "4MiB";
      at(layout, 5).fileSystem.journal = "4MiB";
    },
    pointer: "/partitions/5/start",
    problem: /HW-LOG \(1048576 to 5242880\) overlaps ESP/,
  },
  {
    flaw: "a start off the 4 KiB grid",
    change: (layout) => {
      at(layout, 0).start = "4097KiB";
    },
    pointer: "/partitions/0/start",
    problem: /ESP: 4195328 bytes is not a multiple of 4096/,
  },
  {
    flaw: "a size off the 4 KiB grid",
    change: (layout) => {
      at(layout, 3).size = "16381KiB";
    },
    pointer: "/partitions/3/size",
    problem: /HW-INW: 16774144 bytes is not a multiple of 4096/,
  },
  {
    flaw: "a partition inside the partition table",
    change: (layout) => {
      at(layout, 0).start = "16KiB";
    },
    pointer: "/partitions/0/start",
    problem: /ESP starts at 16384, inside the partition table \(ends at 17408\)/,
  },
  {
    flaw: "a partition that reaches into the backup table",
    change: (layout) => {
      layout.size = "300MiB";
    },
    pointer: "/partitions/5/size",
    problem: /HW-LOG ends at 314572800, behind the last usable byte 314555904/,
  },
  {
    flaw: "a card that fits no 4 GB card",
    change: (layout) => {
      layout.size = "4GiB";
    },
    pointer: "/size",
    problem: /4294967296 bytes do not fit a card sold as 4 GB/,
  },
  {
    flaw: "an odd card size",
    change: (layout) => {
      layout.size = "308225KiB";
    },
    pointer: "/size",
    problem: /315622400 bytes is not a multiple of 4096/,
  },
  {
    flaw: "a partition number used twice",
    change: (layout) => {
      at(layout, 4).number = 4;
    },
    pointer: "/partitions/4/number",
    problem: /partition number 4 is already used at \/partitions\/3\/number/,
  },
  {
    flaw: "a label used twice",
    change: (layout) => {
      at(layout, 4).label = "HW-INW";
    },
    pointer: "/partitions/4/label",
    problem: /label HW-INW is already used at \/partitions\/3\/label/,
  },
  {
    flaw: "a GUID used twice",
    change: (layout) => {
      at(layout, 4).fileSystem.uuid = layout.diskGuid;
    },
    pointer: "/partitions/4/fileSystem/uuid",
    problem: /GUID 94e3bc7f-\S+ is already used at \/diskGuid/,
  },
  {
    flaw: "a partition of the product is missing (R11)",
    change: (layout) => {
      at(layout, 4).label = "HW-XXX";
    },
    pointer: "/partitions",
    problem: /there is no ext3 partition HW-ENW/,
  },
  {
    flaw: "a label that is too long",
    change: (layout) => {
      at(layout, 4).label = "HW-EXTERNAL-NETWORK";
    },
    pointer: "/partitions/4/label",
    problem: /must match pattern/,
  },
  {
    flaw: "a size without a unit",
    change: (layout) => {
      at(layout, 4).size = "16777216";
    },
    pointer: "/partitions/4/size",
    problem: /must match pattern/,
  },
  {
    flaw: "an unknown key",
    change: (layout) => {
      at(layout, 1).sise = "1MiB";
    },
    pointer: "/partitions/1",
    problem: /must NOT have additional properties: sise/,
  },
  {
    flaw: "an unknown file system",
    change: (layout) => {
      at(layout, 1).fileSystem = { type: "btrfs" };
    },
    pointer: "/partitions/1/fileSystem",
    problem: /value of tag "type" must be in oneOf/,
  },
  {
    flaw: "a journal that would fill the partition",
    change: (layout) => {
      at(layout, 3).fileSystem.journal = "12MiB";
    },
    pointer: "/partitions/3/fileSystem/journal",
    problem: /HW-INW: the journal would take more than half of the \d+ bytes that are free/,
  },
  {
    flaw: "too small for FAT32",
    change: (layout) => {
      at(layout, 0).size = "16MiB";
    },
    pointer: "/partitions/0/size",
    problem: /ESP: 16777216 bytes are too few for FAT32/,
  },
  {
    flaw: "two partitions to boot from",
    change: (layout) => {
      const guid = "dc9b39c2-3599-438d-8cdc-a59ebbb6c4f6";
      const fileSystem = { type: "fat32", volumeId: "00000001" };
      layout.partitions.push({ number: 7, label: "ESP2", guid, start: "301MiB", size: "40MiB", fileSystem });
      layout.size = "342MiB";
    },
    pointer: "/partitions",
    problem: /there are 2 fat32 partitions/,
  },
];

for (const { flaw, change, pointer, problem } of FLAWS)
  story(`layout.json: ${flaw}`, async (folder) => {
    const file = writeSmallLayout(join(folder, "partitions"), change);
    await assert.rejects(readLayout(file), (error: unknown) => {
      assert.ok(error instanceof LayoutError);
      assert.equal(error.data.pointer, pointer, error.message);
      assert.match(error.message, problem);
      assert.ok(error.message.startsWith(`${file}#${pointer}: `), error.message);
      assert.notEqual(error.next, "");
      return true;
    });
  });

story("layout.json: not JSON, or not there", async (folder) => {
  const file = join(folder, "layout.json");
  await assert.rejects(readLayout(file), /layout\.json#: can't be read: ENOENT/);
  writeFileSync(file, '{"format": 1,');
  await assert.rejects(readLayout(file), /layout\.json#: is not JSON: /);
});

const CONTENT_FLAWS: readonly {
  readonly flaw: string;
  readonly entries: readonly object[];
  readonly prepare?: (folder: string) => void;
  readonly problem: RegExp;
}[] = [
  {
    flaw: "an unknown payload file",
    entries: [{ path: "/boot/vmlinuz", payload: "vmlinuz", why: "x" }],
    problem: /contents\.json#\/entries\/0\/payload: the payload has no file vmlinuz/,
  },
  {
    flaw: "a file that is not there",
    entries: [{ path: "/a", file: "files/a", why: "x" }],
    problem: /contents\.json#\/entries\/0\/file: there is no file .*\/HW-BOOT\/files\/a/,
  },
  {
    flaw: "a path twice",
    entries: [
      { path: "/a", why: "x" },
      { path: "/a", why: "x" },
    ],
    problem: /contents\.json#\/entries\/1: \/a is there twice/,
  },
  {
    flaw: "a file that is also a directory",
    entries: [
      { path: "/a", payload: "bzImage", why: "x" },
      { path: "/a/b", why: "x" },
    ],
    problem: /\/a is a file and a directory/,
  },
  {
    flaw: "a path that leaves the partition",
    entries: [{ path: "/../etc", why: "x" }],
    problem: /contents\.json#\/entries\/0\/path: /,
  },
  {
    flaw: "a stray file beside it (K20)",
    entries: [],
    prepare: (folder) => {
      mkdirSync(join(folder, "files"));
      writeFileSync(join(folder, "files/test.key"), "secret");
    },
    problem: /HW-BOOT\/files\/test\.key is not named by any entry/,
  },
  {
    flaw: "a stray link beside it",
    entries: [],
    prepare: (folder) => symlinkSync("/etc/passwd", join(folder, "passwd")),
    problem: /HW-BOOT\/passwd is not named by any entry/,
  },
];

for (const { flaw, entries, prepare, problem } of CONTENT_FLAWS)
  story(`contents.json: ${flaw}`, async (folder) => {
    const layout = await readLayout(writeSmallLayout(join(folder, "partitions")));
    const payload = await readPayload(writePayload(join(folder, "payload")));
    const boot = join(folder, "partitions/HW-BOOT");
    rmSync(join(boot, "contents.json"));
    writeFileSync(join(boot, "contents.json"), JSON.stringify({ format: 1, entries }));
    prepare?.(boot);
    const partition = layout.partitions.find(({ label }) => label === "HW-BOOT");
    assert.ok(partition !== undefined);
    await assert.rejects(readContents({ layout, partition, payload }), (error: unknown) => {
      assert.ok(error instanceof LayoutError, String(error));
      assert.match(error.message, problem);
      return true;
    });
  });
