/** The output formats on their own: .xz of any shape of image, and the block map on a card that was used before. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { crc32 } from "../../image/formats/crc32.ts";
import { BLOCK, copyData, type Extent, mergeExtents } from "../../image/formats/sparse.ts";
import { writeXz } from "../../image/formats/xz.ts";
import {
  build,
  ext3Tree,
  judge,
  MIB,
  noise,
  offsetOf,
  story,
  writePayload,
  writeSmallLayout,
} from "./image-fixture.ts";

test("CRC-32 of the standard check string", () => {
  assert.equal(crc32(Buffer.from("123456789")), 0xcbf43926);
});

const IMAGE_BLOCKS = (40 * MIB) / BLOCK;
/** Stretches of an image: where, how many blocks, and what is in them. */
const stretches = fc.array(
  fc.record({
    block: fc.nat(IMAGE_BLOCKS - 1),
    blocks: fc.integer({ min: 1, max: 700 }),
    kind: fc.constantFrom("noise", "text", "zeros"),
  }),
  { maxLength: 8 },
);

story("xz reads back every image we pack, whatever its shape and odd its size", async (folder) => {
  await fc.assert(
    fc.asyncProperty(stretches, fc.integer({ min: 1, max: IMAGE_BLOCKS }), async (parts, blocks) => {
      const work = mkdtempSync(join(folder, "run-"));
      const bytes = Buffer.alloc(blocks * BLOCK);
      const extents: Extent[] = [];
      for (const { block, blocks: count, kind } of parts) {
        const target = bytes.subarray(block * BLOCK, (block + count) * BLOCK);
        if (kind === "noise") noise(target.length, `${block}`).copy(target);
        else target.fill(kind === "text" ? `block ${block}\n` : 0);
        if (target.length > 0) extents.push({ offset: block * BLOCK, length: target.length });
      }
      const whole = join(work, "whole");
      writeFileSync(whole, bytes);
      const output = join(work, "image.xz");
      const [from, to] = await Promise.all([open(whole, "r"), open(join(work, "image"), "w+")]);
      try {
        await to.truncate(bytes.length);
        const data = await copyData({ from, extents: mergeExtents(extents), to, at: 0 });
        const signal = new AbortController().signal;
        await writeXz({ image: to, size: bytes.length, data, output, work, signal });
      } finally {
        await Promise.all([from.close(), to.close()]);
      }
      judge("cmp", whole, join(work, "image"));
      assert.ok(execFileSync("xz", ["-dc", output], { maxBuffer: 64 * MIB }).equals(bytes));
      judge("xz", "-t", output);
      assert.match(
        judge("xz", "--robot", "-l", output),
        new RegExp(`^file\t1\t\\d+\t\\d+\t${bytes.length}\t`, "m"),
      );
      judge("rm", "-r", work);
    }),
    { numRuns: 12 },
  );
});

story(
  "written by its block map over a card full of old bytes, the card is as sound as a new one",
  (folder) => {
    const payload = writePayload(join(folder, "payload"));
    const image = join(folder, "card.img");
    build({ payload, output: image, layout: writeSmallLayout(join(folder, "partitions")) });
    const fresh = readFileSync(image);
    const used = Buffer.alloc(fresh.length, 0xff);
    const map = readFileSync(`${image}.bmap`, "utf8");
    let blocks = 0;
    for (const [, first, last] of map.matchAll(/<Range chksum="[0-9a-f]{64}"> (\d+)(?:-(\d+))? <\/Range>/g)) {
      const from = Number(first) * BLOCK;
      const to = (Number(last ?? first) + 1) * BLOCK;
      fresh.copy(used, from, from, to);
      blocks += (to - from) / BLOCK;
    }
    assert.match(map, new RegExp(`<MappedBlocksCount> ${blocks} </MappedBlocksCount>`));
    const card = join(folder, "used.img");
    writeFileSync(card, used);
    assert.match(judge("sgdisk", "-v", card), /No problems found/);
    for (const label of ["HW-BOOT", "HW-LOG", "HW-IDS", "HW-INW", "HW-ENW"]) {
      const offset = offsetOf(card, label);
      judge("e2fsck", "-fn", `${card}?offset=${offset}`);
      assert.deepEqual(ext3Tree(card, offset), ext3Tree(image, offset));
      // Inode 8 is the journal: what a previous life of the card left there would be replayed after a power cut.
      const journal = (file: string): string => judge("debugfs", "-R", "cat <8>", `${file}?offset=${offset}`);
      assert.equal(journal(card), journal(image));
    }
    const boot = `${card}?offset=${offsetOf(card, "HW-BOOT")}`;
    for (const [name, path] of [
      ["bzImage", "/boot/bzImage"],
      ["legal_notices.txt", "/legal_notices.txt"],
    ] as const) {
      judge("debugfs", "-R", `dump ${path} ${join(folder, "dump")}`, boot);
      judge("cmp", join(folder, "dump"), join(payload, name));
    }
    const esp = `${card}@@${offsetOf(card, "ESP")}`;
    judge("mcopy", "-n", "-i", esp, "::/EFI/BOOT/BOOTIA32.EFI", join(folder, "loader"));
    judge("cmp", join(folder, "loader"), join(payload, "BOOTIA32.EFI"));
  },
);

story("bmaptool takes the packed image, and refuses one that does not match the map", (folder) => {
  const payload = writePayload(join(folder, "payload"));
  const image = join(folder, "card.img");
  build({ payload, output: image, layout: writeSmallLayout(join(folder, "partitions")) });
  judge("bmaptool", "copy", `${image}.xz`, join(folder, "copy.img"));
  judge("cmp", join(folder, "copy.img"), image);
  const damaged = readFileSync(image);
  const kernel =
    offsetOf(image, "HW-BOOT") + damaged.subarray(offsetOf(image, "HW-BOOT")).indexOf(noise(64, "kernel"));
  damaged[kernel] = (damaged[kernel] as number) ^ 1;
  writeFileSync(join(folder, "damaged.img"), damaged);
  const copy = (): string =>
    judge(
      "bmaptool",
      "copy",
      "--bmap",
      `${image}.bmap`,
      join(folder, "damaged.img"),
      join(folder, "bad.img"),
    );
  assert.throws(copy, /checksum mismatch/);
});
