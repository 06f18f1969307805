/** What the image tests share: payloads of seeded random bytes, a smaller card, and the judges' command lines. */
import assert from "node:assert/strict";
import { execFileSync, type SpawnSyncReturns, spawnSync } from "node:child_process";
import { createCipheriv, createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
export const MIB = 1024 ** 2;

/** A test with a folder of its own, which stays when the test fails. */
export function story(name: string, body: (folder: string) => Promise<void> | void): void {
  test(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), "gwcard-test-"));
    try {
      await body(folder);
    } catch (error) {
      console.error(`kept for a look: ${folder}`);
      throw error;
    }
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Several tests on one folder, which stays when any of them fails. */
export function sharedFolder(): {
  readonly folder: string;
  readonly check: (name: string, body: () => Promise<void> | void) => void;
} {
  const folder = mkdtempSync(join(tmpdir(), "gwcard-test-"));
  const failed = new Set<string>();
  after(() => {
    if (failed.size > 0) console.error(`kept for a look: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  });
  const check = (name: string, body: () => Promise<void> | void): void => {
    test(name, async () => {
      failed.add(name);
      await body();
      failed.delete(name);
    });
  };
  return { folder, check };
}

/** The same "random" bytes for the same seed, so that swapped blocks can't pass unnoticed. */
export function noise(size: number, seed: string): Buffer {
  const key = createHash("sha256").update(seed).digest().subarray(0, 16);
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

export function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A stretch of zeros inside a file is a hole in the image, and must reach the card all the same. */
const GAP = Buffer.alloc(70_000);

/** Writes a payload folder like the one `make payload` makes. */
export function writePayload(folder: string, sizes: Readonly<Record<string, number>> = {}): string {
  mkdirSync(folder, { recursive: true });
  const files = {
    bzImage: noise(sizes.bzImage ?? 3_000_001, "kernel"),
    "rootfs.cpio.lz4": noise(sizes["rootfs.cpio.lz4"] ?? 5_000_003, "rootfs"),
    "BOOTIA32.EFI": Buffer.concat([
      Buffer.alloc(70_000, "MZ"),
      GAP,
      noise(sizes["BOOTIA32.EFI"] ?? 360_007, "loader"),
    ]),
    "legal_notices.txt": Buffer.concat([Buffer.from("notices\n".repeat(9000)), GAP, Buffer.from("end\n")]),
  };
  const hashes: Record<string, string> = {};
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(folder, name), bytes);
    hashes[name] = sha256(bytes);
  }
  const linux = {
    version: "6.12.107-1",
    archive: "linux_6.12.107.orig.tar.xz",
    sha256: sha256("linux"),
    packaging: "linux_6.12.107-1.debian.tar.xz",
    packagingSha256: sha256("patches"),
  };
  const osVersions = { linux, musl: { version: "1.2.5" } };
  const npmPackages = ["node_modules/mqtt", "node_modules/node-opcua-client"];
  const manifest = { format: 1, osVersions, appSha256: sha256("app"), npmPackages, files: hashes };
  writeFileSync(join(folder, "payload.json"), JSON.stringify(manifest));
  return folder;
}

export type Json = Record<string, unknown>;
export interface RawPartition extends Json {
  number: number;
  label: string;
  guid: string;
  start: string;
  size: string;
  fileSystem: { type: string } & Json;
}
export interface RawLayout extends Json {
  size: string;
  diskGuid: string;
  partitions: RawPartition[];
}

export function readRawLayout(): RawLayout {
  return JSON.parse(readFileSync(join(REPOSITORY, "partitions/layout.json"), "utf8")) as RawLayout;
}

/** A copy of partitions/ whose HW-LOG is small, so that tests are quick; everything else is the real thing. */
export function writeSmallLayout(
  folder: string,
  change: (layout: RawLayout) => void = () => undefined,
): string {
  cpSync(join(REPOSITORY, "partitions"), folder, { recursive: true });
  const layout = readRawLayout();
  const log = layout.partitions.find((partition) => partition.label === "HW-LOG") as RawPartition;
  log.size = "40MiB";
  log.fileSystem = { ...log.fileSystem, inodes: 1024, journal: "4MiB" };
  layout.size = "301MiB";
  change(layout);
  const file = join(folder, "layout.json");
  writeFileSync(file, JSON.stringify(layout));
  return file;
}

/** Runs the real command line. */
export function gwcard(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly umask?: string;
    readonly uid?: number;
  } = {},
): SpawnSyncReturns<string> {
  const script = 'umask "$1"; shift; exec "$@"';
  const command = [process.execPath, join(REPOSITORY, "image/bin.js"), ...args];
  return spawnSync("/bin/sh", ["-c", script, "sh", options.umask ?? "022", ...command], {
    encoding: "utf8",
    cwd: options.cwd ?? REPOSITORY,
    env: options.env ?? process.env,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
}

/** Builds a card and insists on success. */
export function build(options: {
  readonly payload: string;
  readonly output: string;
  readonly layout?: string;
  readonly run?: Parameters<typeof gwcard>[1];
}): void {
  const layout = options.layout === undefined ? [] : ["--layout", options.layout];
  const result = gwcard(
    ["build", "--payload", options.payload, "--output", options.output, ...layout],
    options.run,
  );
  assert.equal(result.status, 0, result.stderr);
}

/** Runs a judge, a program that is not ours; returns what it printed. Fails when it fails. */
export function judge(command: string, ...args: string[]): string {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`;
  return execFileSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, PATH: path, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * MIB,
  });
}

/** What sgdisk says about one partition. */
export function sgdiskInfo(image: string, number: number): Record<string, string> {
  const lines = judge("sgdisk", "-i", String(number), image).split("\n");
  return Object.fromEntries(
    lines.flatMap((line) => (line.includes(": ") ? [line.split(": ") as [string, string]] : [])),
  );
}

/** Byte offset of a partition, as sgdisk sees it. */
export function offsetOf(image: string, label: string): number {
  const numbers = Array.from({ length: 6 }, (_, index) => index + 1);
  const info = numbers.map((number) => sgdiskInfo(image, number));
  const found = info.find((fields) => fields["Partition name"] === `'${label}'`);
  return Number.parseInt(found?.["First sector"] ?? "", 10) * 512;
}

export interface TreeEntry {
  readonly mode: string;
  readonly owner: string;
}

/** The whole tree of an ext3 partition as debugfs lists it: path → mode with type, and owner. */
export function ext3Tree(image: string, offset: number): Record<string, string> {
  const tree: Record<string, string> = {};
  const visit = (directory: string): void => {
    const listing = judge("debugfs", "-R", `ls -p ${directory}`, `${image}?offset=${offset}`);
    for (const [, mode, uid, gid, name, size] of listing.matchAll(
      /^\/\d+\/(\d+)\/(\d+)\/(\d+)\/(.+)\/(\d*)\/$/gm,
    )) {
      if (name === "." || name === "..") continue;
      const path = `${directory === "/" ? "" : directory}/${name}`;
      const isDirectory = mode?.startsWith("04");
      tree[path] = `${mode} ${uid}:${gid}${isDirectory ? "" : ` ${size}`}`;
      if (isDirectory) visit(path);
    }
  };
  visit("/");
  return tree;
}
