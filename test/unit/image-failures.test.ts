/** What goes wrong on an installer's PC: one clear message each, with the cure, and nothing half-written left behind. */
import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gwcard, REPOSITORY, story, writePayload, writeSmallLayout } from "./image-fixture.ts";

interface Failure {
  readonly name: string;
  /** Spoils something; may return the environment to run in. */
  readonly spoil: (folder: string) => NodeJS.ProcessEnv | undefined;
  readonly code: string;
  readonly message: RegExp;
  readonly next: RegExp;
  readonly sizes?: Readonly<Record<string, number>>;
}

const nothing = (): undefined => undefined;

function editManifest(folder: string, edit: (manifest: Record<string, unknown>) => void): undefined {
  const file = join(folder, "payload/payload.json");
  const manifest = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  edit(manifest);
  writeFileSync(file, JSON.stringify(manifest));
  return undefined;
}

const FAILURES: readonly Failure[] = [
  {
    name: "no payload folder",
    spoil: (folder) => {
      rmSync(join(folder, "payload"), { recursive: true });
      return undefined;
    },
    code: "PAYLOAD_MISSING",
    message: /there is no payload folder .*\/payload/,
    next: /make payload/,
  },
  {
    name: "a payload file is missing",
    spoil: (folder) => {
      rmSync(join(folder, "payload/bzImage"));
      return undefined;
    },
    code: "PAYLOAD_FILE_MISSING",
    message: /payload\.json names bzImage, but .*\/payload\/bzImage can't be read: ENOENT/,
    next: /make payload/,
  },
  {
    name: "a payload file was changed",
    spoil: (folder) => {
      appendFileSync(join(folder, "payload/rootfs.cpio.lz4"), "x");
      return undefined;
    },
    code: "PAYLOAD_DAMAGED",
    message:
      /rootfs\.cpio\.lz4 is not the file that payload\.json names: its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}/,
    next: /make payload/,
  },
  {
    name: "payload.json is missing",
    spoil: (folder) => {
      rmSync(join(folder, "payload/payload.json"));
      return undefined;
    },
    code: "PAYLOAD_MANIFEST",
    message: /payload\.json: can't be read: ENOENT/,
    next: /make payload/,
  },
  {
    name: "payload.json is cut off",
    spoil: (folder) => {
      writeFileSync(join(folder, "payload/payload.json"), '{"format":1');
      return undefined;
    },
    code: "PAYLOAD_MANIFEST",
    message: /payload\.json: is not JSON: /,
    next: /make payload/,
  },
  {
    name: "payload.json of a later gwcard",
    spoil: (folder) =>
      editManifest(folder, (manifest) => {
        manifest.format = 2;
      }),
    code: "PAYLOAD_MANIFEST",
    message: /format is 2, this gwcard reads format 1/,
    next: /make payload/,
  },
  {
    name: "payload.json reaches out of its folder",
    spoil: (folder) =>
      editManifest(folder, (manifest) => {
        manifest.files = { "../secret": "0".repeat(64) };
      }),
    code: "PAYLOAD_MANIFEST",
    message: /files: "\.\.\/secret" is not a bare file name/,
    next: /make payload/,
  },
  {
    name: "the payload does not hold what a partition wants",
    spoil: (folder) =>
      editManifest(folder, (manifest) => {
        delete (manifest.files as Record<string, string>)["BOOTIA32.EFI"];
      }),
    code: "LAYOUT_INVALID",
    message: /ESP\/contents\.json#\/entries\/0\/payload: the payload has no file BOOTIA32\.EFI/,
    next: /it has: bzImage, rootfs\.cpio\.lz4, legal_notices\.txt/,
  },
  {
    name: "an npm package that is not in the lock file",
    spoil: (folder) =>
      editManifest(folder, (manifest) => {
        manifest.npmPackages = ["node_modules/left-pad"];
      }),
    code: "PAYLOAD_STALE",
    message: /the payload contains node_modules\/left-pad, which package-lock\.json does not know/,
    next: /make payload/,
  },
  {
    name: "a root file system that is too big for HW-BOOT",
    spoil: nothing,
    sizes: { "rootfs.cpio.lz4": 130_000_000 },
    code: "PARTITION_FULL",
    message: /HW-BOOT has room for \d+ bytes in \d+ files, but 133\d{6} bytes in 4 files shall go there/,
    next: /make HW-BOOT bigger in partitions\/layout\.json/,
  },
  {
    name: "a boot loader that is too big for the ESP",
    spoil: nothing,
    sizes: { "BOOTIA32.EFI": 70_000_000 },
    code: "PARTITION_FULL",
    message: /ESP has room for \d+ bytes, but 70140000 bytes shall go there/,
    next: /make ESP bigger in partitions\/layout\.json/,
  },
  {
    name: "a tool is not installed",
    spoil: () => ({ ...process.env, PATH: "/nonexistent" }),
    code: "TOOL_MISSING",
    message: /the program mmd is not installed/,
    next: /apt install mtools/,
  },
  {
    name: "the output is a folder",
    spoil: (folder) => {
      mkdirSync(join(folder, "out/card.img"), { recursive: true });
      return undefined;
    },
    code: "OUTPUT_NOT_WRITABLE",
    message: /can't write .*\/out\/card\.img: it exists and is not a regular file/,
    next: /choose another --output/,
  },
  {
    name: "the output folder can't be made",
    spoil: (folder) => {
      writeFileSync(join(folder, "out"), "a file where a folder should be");
      return undefined;
    },
    code: "OUTPUT_NOT_WRITABLE",
    message: /can't write .*\/out\/card\.img: the folder .*\/out can't be made \((EEXIST|ENOTDIR)\)/,
    next: /choose another --output/,
  },
];

for (const { name, spoil, code, message, next, sizes } of FAILURES)
  story(name, (folder) => {
    writePayload(join(folder, "payload"), sizes);
    const layout = writeSmallLayout(join(folder, "partitions"));
    const env = spoil(folder);
    const before = listing(folder);
    const output = join(folder, "out/card.img");
    const args = ["build", "--payload", join(folder, "payload"), "--output", output, "--layout", layout];
    const result = gwcard(args, env === undefined ? {} : { env });
    assert.equal(result.status, 1, result.stderr);
    const [first, second, ...rest] = result.stderr.trimEnd().split("\n");
    assert.match(first ?? "", /^gwcard: /);
    assert.match(first ?? "", message);
    assert.ok(first?.endsWith(`[${code}]`), first);
    assert.match(second ?? "", /^ {2}→ /);
    assert.match(second ?? "", next);
    assert.deepEqual(rest, []);
    assert.deepEqual(
      listing(folder).filter((path) => path !== "out"),
      before.filter((path) => path !== "out"),
    );
  });

function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort();
}

story("a failed build leaves the previous card alone", (folder) => {
  const payload = writePayload(join(folder, "payload"));
  const layout = writeSmallLayout(join(folder, "partitions"));
  const output = join(folder, "card.img");
  writeFileSync(output, "the previous card");
  writeFileSync(join(payload, "bzImage"), "damaged");
  assert.equal(gwcard(["build", "--payload", payload, "--output", output, "--layout", layout]).status, 1);
  assert.equal(readFileSync(output, "utf8"), "the previous card");
});

const TINY_DISK =
  'mount -t tmpfs -o "size=$1" none "$2" || exit 77; shift 2; "$@"; status=$?; ls -A "$(dirname "$0")"; exit $status';
const CAN_NOT_MOUNT = 77;

/** Runs gwcard with its output folder on a disk of so many MiB, which only this process sees. */
function onTinyDisk(folder: string, megabytes: number): SpawnSyncReturns<string> {
  const out = join(folder, "out");
  mkdirSync(out, { recursive: true });
  const output = join(out, "card.img");
  const args = [
    "build",
    "--payload",
    join(folder, "payload"),
    "--output",
    output,
    "--layout",
    join(folder, "partitions/layout.json"),
  ];
  const command = [process.execPath, join(REPOSITORY, "image/bin.js"), ...args];
  const namespace = process.getuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"];
  return spawnSync(
    "unshare",
    [...namespace, "sh", "-c", TINY_DISK, output, `${megabytes}m`, out, ...command],
    {
      encoding: "utf8",
    },
  );
}

story("a full disk is named as such, at whatever moment it happens, and nothing is left on it", (folder) => {
  writePayload(join(folder, "payload"));
  writeSmallLayout(join(folder, "partitions"));
  if (onTinyDisk(folder, 64).status === CAN_NOT_MOUNT) {
    console.error("not run: this machine lets nobody mount a small disk");
    return;
  }
  for (const megabytes of [1, 6, 12, 20]) {
    const result = onTinyDisk(folder, megabytes);
    assert.equal(result.status, 1, `${megabytes} MiB: ${result.stderr}`);
    assert.match(
      result.stderr,
      /^gwcard: can't write .*card\.img: the disk of .*out is full \[OUTPUT_DISK_FULL\]\n {2}→ free some space/,
    );
    assert.equal(result.stdout, "", `${megabytes} MiB: something was left behind`);
  }
  const enough = onTinyDisk(folder, 64);
  assert.equal(enough.status, 0, enough.stderr);
  assert.ok(
    enough.stdout.endsWith("card.img\ncard.img.bmap\ncard.img.cdx.json\ncard.img.sha256\ncard.img.xz\n"),
  );
});

story("Ctrl-C in the middle of a build leaves nothing behind", async (folder) => {
  const payload = writePayload(join(folder, "payload"));
  const out = join(folder, "out");
  mkdirSync(out);
  const watcher = watch(out, { recursive: true });
  const args = [
    join(REPOSITORY, "image/bin.js"),
    "build",
    "--payload",
    payload,
    "--output",
    join(out, "card.img"),
  ];
  // In a process group of its own, so that the signal reaches the tools as a terminal's would.
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = once(child, "exit");
  await once(watcher, "change");
  watcher.close();
  process.kill(-(child.pid as number), "SIGINT");
  assert.deepEqual(await ended, [130, null], said);
  assert.equal(said, "gwcard: interrupted; nothing was changed\n");
  assert.deepEqual(readdirSync(out), []);
});

test("wrong usage says what is wrong and ends with 2", () => {
  for (const [args, message] of [
    [[], /name a command/],
    [["biuld"], /Did you mean build\?|Unknown argument: biuld/],
    [["build", "--payload", "x"], /Missing required argument: output/],
    [["build", "--payload", "x", "--output", "y", "--fast"], /Unknown argument: fast/],
  ] as const) {
    const result = gwcard(args);
    assert.equal(result.status, 2, result.stderr);
    assert.match(result.stderr, message);
  }
});

test("help describes every option", () => {
  const result = gwcard(["build", "--help"]);
  assert.equal(result.status, 0);
  for (const option of ["--payload", "--output", "--layout"]) assert.ok(result.stdout.includes(option));
});
