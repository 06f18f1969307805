/** Changing and reading a finished card, judged by e2fsck and debugfs. */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before } from "node:test";
import { ImageError, ToolFailedError } from "../../image/errors.ts";
import { extractFiles, findPartition, injectFiles, listFiles, readCard } from "../../image/inject.ts";
import {
  build,
  ext3Tree,
  judge,
  noise,
  offsetOf,
  sharedFolder,
  writePayload,
  writeSmallLayout,
} from "./image-fixture.ts";

const CONFIG = "/app/Core/config/transfer/opc_ua/client/OpcUaClientSettings-0.json";
const KEY = "/app/Core/pki/private/transfer/opc_ua/client/opc-ua-client.key";

const { folder, check } = sharedFolder();
const base = join(folder, "card.img");

before(() => {
  const payload = writePayload(join(folder, "payload"));
  build({ payload, output: base, layout: writeSmallLayout(join(folder, "partitions")) });
});

/** A copy of the card that a test may change. */
function copyCard(name: string): string {
  const copy = join(folder, `${name}.img`);
  judge("cp", "--sparse=always", base, copy);
  return copy;
}

function device(image: string, label: string): string {
  return `${image}?offset=${offsetOf(image, label)}`;
}

function content(image: string, label: string, path: string): string {
  return judge("debugfs", "-R", `cat "${path}"`, device(image, label));
}

check("files land where they should, with mode and owner, and the file system stays sound", async () => {
  const image = copyCard("put");
  const from = join(folder, 'a "key" file');
  writeFileSync(from, noise(3000, "key"), { mode: 0o600 });
  await injectFiles({
    image,
    partition: "HW-IDS",
    files: [
      { path: CONFIG, content: '{"id":0}\n' },
      { path: KEY, from, mode: 0o600, uid: 1000, gid: 1001 },
      { path: "/new/folder/with space.txt", content: Buffer.from([0, 1, 2]) },
    ],
    directories: [{ path: "/app/Core/pki/private", mode: 0o711, gid: 5 }],
  });
  judge("e2fsck", "-fn", device(image, "HW-IDS"));
  const tree = ext3Tree(image, offsetOf(image, "HW-IDS"));
  assert.equal(tree[CONFIG], "100644 0:0 9");
  assert.equal(tree[KEY], "100600 1000:1001 3000");
  assert.equal(tree["/new/folder"], "040755 0:0");
  assert.equal(tree["/app/Core/pki/private"], "040711 0:5");
  assert.equal(content(image, "HW-IDS", CONFIG), '{"id":0}\n');
  assert.equal(content(image, "HW-IDS", "/new/folder/with space.txt"), "\u0000\u0001\u0002");
});

check("a file is replaced, and a removed one is gone; both leave no block behind", async () => {
  const image = copyCard("replace");
  const free = (): string | undefined =>
    /^Free blocks: +(\d+)$/m.exec(judge("dumpe2fs", "-h", device(image, "HW-IDS")))?.[1];
  await injectFiles({ image, partition: "HW-IDS", files: [{ path: CONFIG, content: noise(50_000, "old") }] });
  await injectFiles({ image, partition: "HW-IDS", files: [{ path: CONFIG, content: "new" }] });
  assert.equal(content(image, "HW-IDS", CONFIG), "new");
  const held = free();
  await injectFiles({ image, partition: "HW-IDS", files: [{ path: KEY, content: noise(50_000, "key") }] });
  await injectFiles({ image, partition: "HW-IDS", remove: [KEY, "/never/was/there"] });
  assert.equal(free(), held);
  assert.ok(!(KEY in ext3Tree(image, offsetOf(image, "HW-IDS"))));
  judge("e2fsck", "-fn", device(image, "HW-IDS"));
});

check("the same changes give the same bytes, and the other partitions keep theirs", async () => {
  const images = [copyCard("one"), copyCard("two")];
  for (const image of images)
    await injectFiles({
      image,
      partition: "HW-INW",
      files: [{ path: "/etc/dhcpcd.conf", content: "static\n" }],
    });
  judge("cmp", images[0] as string, images[1] as string);
  const { offset, size } = await findPartition(base, "HW-INW");
  judge("cmp", "-n", `${offset}`, images[0] as string, base);
  judge("cmp", "-i", `${offset + size}`, images[0] as string, base);
  assert.ok(statSync(images[0] as string).blocks < statSync(base).blocks + 64, "still sparse");
});

check("files come off the card as they went on, and folders are listed", async () => {
  const dump = join(folder, 'an "odd" name');
  await extractFiles({ image: base, partition: "HW-BOOT", files: new Map([["/boot/bzImage", dump]]) });
  assert.ok(readFileSync(dump).equals(readFileSync(join(folder, "payload/bzImage"))));
  assert.deepEqual(await listFiles({ image: base, partition: "HW-LOG", directory: "/" }), [
    { name: "logs", kind: "directory", mode: 0o750, uid: 104, gid: 104, size: 0 },
    { name: "lost+found", kind: "directory", mode: 0o700, uid: 0, gid: 0, size: 0 },
  ]);
  assert.deepEqual(await listFiles({ image: base, partition: "HW-LOG", directory: "/logs" }), [
    { name: ".log", kind: "file", mode: 0o644, uid: 0, gid: 0, size: 57 },
  ]);
});

check("the table read by us is the table sgdisk reads", async () => {
  for (const { label, offset } of (await readCard(base)).partitions)
    assert.equal(offset, offsetOf(base, label), label);
});

check("a card pulled from a running device: its journal is replayed before anything else (R5)", async () => {
  const image = copyCard("pulled");
  const target = device(image, "HW-LOG");
  // debugfs writes a transaction into the journal that fills a free block, and leaves the file system unclean.
  const block =
    Number(/(\d+) unused inodes|Free blocks: (\d+)-/m.exec(judge("dumpe2fs", target))?.[2] ?? 0) + 500;
  const pattern = join(folder, "journalled-block");
  writeFileSync(pattern, Buffer.alloc(4096, "J"));
  const script = join(folder, "journal-script");
  writeFileSync(script, `journal_open\njournal_write -b ${block} ${pattern}\njournal_close\n`);
  judge("debugfs", "-w", "-f", script, target);
  assert.match(judge("dumpe2fs", "-h", target), /needs_recovery/);
  await injectFiles({ image, partition: "HW-LOG", files: [{ path: "/logs/later", content: "x" }] });
  assert.doesNotMatch(judge("dumpe2fs", "-h", target), /needs_recovery/);
  judge("e2fsck", "-fn", target);
  const bytes = readFileSync(image)
    .subarray(offsetOf(image, "HW-LOG") + block * 4096)
    .subarray(0, 4096);
  assert.ok(bytes.equals(Buffer.alloc(4096, "J")), "the transaction reached its block");
  assert.equal(content(image, "HW-LOG", "/logs/later"), "x");
});

const image = base;
const partition = "HW-IDS";
const REFUSALS: readonly {
  readonly name: string;
  readonly act: () => Promise<unknown>;
  readonly code: string;
  readonly message: RegExp;
}[] = [
  {
    name: "an unknown partition",
    act: () => injectFiles({ image, partition: "HW-XXX" }),
    code: "PARTITION_UNKNOWN",
    message: /card\.img has no partition HW-XXX/,
  },
  {
    name: "a partition that is not ext3",
    act: () => injectFiles({ image, partition: "ESP" }),
    code: "NOT_EXT3",
    message: /there is no ext3 file system at byte 4194304/,
  },
  {
    name: "a file that is no card image",
    act: () => injectFiles({ image: join(folder, "payload/bzImage"), partition }),
    code: "IMAGE_NO_GPT",
    message: /bzImage is not a card image: it has no GUID partition table/,
  },
  {
    name: "a packed image",
    act: () => readCard(`${base}.xz`),
    code: "IMAGE_NO_GPT",
    message: /card\.img\.xz is not a card image/,
  },
  {
    name: "an image that is not there",
    act: () => readCard(join(folder, "nowhere.img")),
    code: "IMAGE_UNREADABLE",
    message: /can't open the image .*nowhere\.img: ENOENT/,
  },
  {
    name: "a relative path",
    act: () => injectFiles({ image, partition, files: [{ path: "etc/x", content: "" }] }),
    code: "CARD_PATH_INVALID",
    message: /"etc\/x" can't be a path on the card/,
  },
  {
    name: "a path with a line break, which would be a second command",
    act: () => injectFiles({ image, partition, remove: ["/a\nrm /b"] }),
    code: "CARD_PATH_INVALID",
    message: /can't be a path on the card/,
  },
  {
    name: "a file in place of a directory",
    act: () => injectFiles({ image, partition, files: [{ path: "/app/Core", content: "" }] }),
    code: "CARD_PATH_KIND",
    message: /\/app\/Core exists on the card and is a directory, not a file/,
  },
  {
    name: "a directory in place of a file",
    act: () =>
      injectFiles({ image, partition: "HW-BOOT", files: [{ path: "/boot/bzImage/x", content: "" }] }),
    code: "CARD_PATH_KIND",
    message: /\/boot\/bzImage exists on the card and is not a directory/,
  },
  {
    name: "more than the partition holds",
    act: () => injectFiles({ image, partition, files: [{ path: "/big", content: Buffer.alloc(33 << 20) }] }),
    code: "PARTITION_FULL",
    message: /HW-IDS has no room for 34603008 bytes in 1 files/,
  },
  {
    name: "neither content nor a file",
    act: () => injectFiles({ image, partition, files: [{ path: "/x" }] }),
    code: "INJECT_SOURCE",
    message: /\/x: exactly one of content and from is needed/,
  },
  {
    name: "a source file that is not there",
    act: () => injectFiles({ image, partition, files: [{ path: "/x", from: join(folder, "nowhere") }] }),
    code: "INJECT_SOURCE",
    message: /can't read .*\/nowhere for \/x: ENOENT/,
  },
  {
    name: "reading a file that is not on the card",
    act: () => extractFiles({ image, partition, files: new Map([["/nope", join(folder, "nope")]]) }),
    code: "CARD_FILE_MISSING",
    message: /there is no file \/nope on HW-IDS/,
  },
  {
    name: "listing a file",
    act: () => listFiles({ image, partition: "HW-LOG", directory: "/logs/.log" }),
    code: "CARD_FILE_MISSING",
    message: /there is no directory \/logs\/\.log on HW-LOG/,
  },
];

for (const { name, act, code, message } of REFUSALS)
  check(`refused, and the card is untouched: ${name}`, async () => {
    const before = readFileSync(base);
    await assert.rejects(act(), (error: unknown) => {
      assert.ok(error instanceof ImageError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
    assert.ok(readFileSync(base).equals(before));
  });

check("a damaged partition table is recognised by its checksums", async () => {
  for (const [at, problem] of [
    [512 + 40, /the checksum of the partition table header is wrong/],
    [1024 + 40, /the checksum of the partition entries is wrong/],
  ] as const) {
    const damaged = join(folder, "damaged.img");
    copyFileSync(base, damaged);
    const bytes = readFileSync(damaged);
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(damaged, bytes);
    await assert.rejects(readCard(damaged), problem);
  }
});

check("a damaged file system is reported in e2fsprogs' own words", async () => {
  const damaged = copyCard("broken");
  const bytes = readFileSync(damaged);
  // The descriptors in block 1: without them nothing can be found.
  bytes.fill(0xff, offsetOf(damaged, "HW-INW") + 4096, offsetOf(damaged, "HW-INW") + 8192);
  writeFileSync(damaged, bytes);
  const files = [{ path: "/etc/dhcpcd.conf", content: "x" }];
  await assert.rejects(injectFiles({ image: damaged, partition: "HW-INW", files }), (error: unknown) => {
    assert.ok(error instanceof ToolFailedError, String(error));
    assert.match(error.message, /debugfs failed: /);
    return true;
  });
});
