/** The card that goes and comes: what the supervisor makes of it, and what a log cell that dies leaves behind. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CardWatch, mountedCard, presentCard } from "../../app/supervisor/card-watch.ts";
import { takeLastLine } from "../../app/supervisor/last-words.ts";
import type { FoundPartition } from "../../app/supervisor/partitions.ts";
import { platform } from "../../app/supervisor/platform-node.ts";
import { withFolder } from "./app-folder.ts";

test("the card is told by the number that the kernel gives each disk anew", (t) =>
  withFolder(t, (folder) => {
    assert.equal(presentCard(folder), null);
    for (const name of ["mmcblk0boot0", "loop0", "sda"]) mkdirSync(join(folder, name));
    assert.equal(presentCard(folder), null);
    mkdirSync(join(folder, "mmcblk0"));
    assert.equal(presentCard(folder), null, "going while it is looked at");
    writeFileSync(join(folder, "mmcblk0/diskseq"), "7\n");
    assert.equal(presentCard(folder), "mmcblk0 7");
    rmSync(join(folder, "mmcblk0"), { recursive: true });
    assert.equal(presentCard(folder), null);
  }));

test("what the mount program has left says which card is mounted; without it, none is (R141)", (t) =>
  withFolder(t, (folder) => {
    const file = join(folder, "card");
    assert.equal(mountedCard(file), null, "no such file");
    for (const [content, card] of [
      ["mmcblk0 7\n", "mmcblk0 7"],
      ["\n", null],
      ["", null],
    ] as const) {
      writeFileSync(file, content);
      assert.equal(mountedCard(file), card);
    }
  }));

test("a card that went and came during the start is mounted anew, and one that came is mounted", () => {
  for (const [mounted, expected] of [
    ["mmcblk0 1", ["pulled", "back"]],
    [null, ["back"]],
    ["mmcblk0 2", []],
  ] as const) {
    const events: string[] = [];
    const watch = new CardWatch({
      look: () => "mmcblk0 2",
      mounted,
      remount: (how) => void events.push(how),
      events: { onPulled: () => events.push("pulled"), onReturned: () => events.push("returned") },
    });
    watch.check();
    assert.deepEqual(events, expected);
  }
});

test("pulled, put back, swapped between two looks, and one remount at a time", () => {
  let card: string | null = "mmcblk0 1";
  const events: string[] = [];
  let done: ((partitions: readonly FoundPartition[]) => void) | null = null;
  const watch = new CardWatch({
    look: () => card,
    mounted: card,
    remount: (how, callback) => {
      events.push(how);
      done = callback;
    },
    events: { onPulled: () => events.push("pulled"), onReturned: () => events.push("returned") },
  });
  const finish = () => done?.([]);
  const check = (expected: readonly string[]) => {
    events.length = 0;
    watch.check();
    assert.deepEqual(events, expected);
  };
  check([]);
  card = null;
  check(["pulled", "gone"]);
  check([]);
  card = "mmcblk0 2";
  // Still unmounting.
  check([]);
  finish();
  assert.deepEqual(events, [], "nothing is back yet");
  check(["back"]);
  finish();
  assert.deepEqual(events, ["back", "returned"]);
  check([]);
  card = "mmcblk0 3";
  check(["pulled", "back"]);
  card = null;
  finish();
  check(["pulled", "gone"]);
});

test("the last words of a log cell are taken out of its pipe, and a pipe without words is no fault", () => {
  const pipe = platform.pipe();
  assert.equal(takeLastLine(pipe.readFd), null);
  writeSync(pipe.writeFd, "Info: first\nError: last words\n\n");
  assert.equal(takeLastLine(pipe.readFd), "Error: last words");
  assert.equal(takeLastLine(pipe.readFd), null);
  platform.closeFd(pipe.readFd);
  platform.closeFd(pipe.writeFd);
});
