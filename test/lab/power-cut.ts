/**
 * Power cuts: every write that reached the card is recorded in order (QEMU's blklogwrites, dm-log-writes' format), so the
 * card can be looked at as it was at any moment of the device's life.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { findPartition } from "../../image/inject.ts";
import { LabError } from "./errors.ts";
import type { HealthFile } from "./health-log.ts";
import { run } from "./process.ts";

const MIB = 1024 ** 2;
/** e2fsck's exit code when it has corrected everything: replaying the journal counts as that. */
const CORRECTED = 1;

const SECTOR = 512;
/** Of the file system on HW-LOG. */
const BLOCK = 4096;
const MAGIC = 0x6a736677736872n;
/** Flushes and forced writes are nothing special: this card has no cache, what it has taken is on it. */
const PLAIN_FLAGS = 0b11n;

/** One sector that the card has written: a write of several can be cut between any two of them. */
interface CardWrite {
  /** Where it ends in the record. */
  readonly end: number;
  /** Byte of the card. */
  readonly offset: number;
  readonly data: Buffer;
}

/** Reads such a record: a sector that says what it is, then for each write a sector on it, and its data. */
function parseWriteLog(bytes: Buffer): CardWrite[] {
  if (bytes.length < SECTOR) return [];
  if (bytes.readBigUInt64LE(0) !== MAGIC && bytes.readBigUInt64LE(0) !== 0n)
    throw new LabError("LAB_PROCESS_FAILED", "QEMU's record of writes begins with something else");
  const writes: CardWrite[] = [];
  for (let at = SECTOR; at + SECTOR <= bytes.length; ) {
    const field = (index: number): bigint => bytes.readBigUInt64LE(at + 8 * index);
    const [sector, sectors, flags] = [field(0), field(1), field(2)];
    if ((flags & ~PLAIN_FLAGS) !== 0n)
      throw new LabError("LAB_PROCESS_FAILED", `QEMU's record of writes has an entry of kind ${flags}`);
    const start = at + SECTOR;
    const end = start + Number(sectors) * SECTOR;
    if (end > bytes.length || (sectors === 0n && flags === 0n)) break;
    for (at = start; at < end; at += SECTOR) {
      const offset = Number(sector) * SECTOR + at - start;
      writes.push({ end: at + SECTOR, offset, data: bytes.subarray(at, at + SECTOR) });
    }
  }
  return writes;
}

/** Cuts a partition out of a card. */
async function cutOut(image: string, part: { offset: number; size: number }, copy: string): Promise<void> {
  await run([
    "dd",
    ...[`if=${image}`, `of=${copy}`, "bs=1M", "conv=sparse", "status=none"],
    ...[`skip=${part.offset / MIB}`, `count=${part.size / MIB}`],
  ]);
}

/** The file system has a journal to replay, as after any power cut, and no damage whatever. */
export async function checkFileSystem(partition: string): Promise<void> {
  await run(["e2fsck", "-p", "-E", "journal_only", partition], { accept: [CORRECTED] });
  await run(["e2fsck", "-f", "-n", partition]);
}

/** The card's one writable partition, as it was on a card that was pulled out. */
export async function checkLogPartition(image: string, copy: string): Promise<void> {
  await cutOut(image, await findPartition(image, "HW-LOG"), copy);
  await checkFileSystem(copy);
}

/** The partition HW-LOG through time. */
export class CutCard {
  /** Where sectors end in the record: the moments at which the power may go. */
  readonly moments: readonly number[];
  /** Of these, the moments in the middle of a block of the file system: the card has its first sectors only. */
  readonly tornMoments: readonly number[];
  readonly #writes: readonly CardWrite[];
  readonly #offset: number;
  readonly #state: string;
  readonly #cut: string;
  readonly #logs: string;
  /** How many writes the state has. */
  #applied = 0;

  private constructor(options: { writes: CardWrite[]; offset: number; dir: string }) {
    this.#writes = options.writes;
    this.moments = options.writes.map(({ end }) => end);
    this.tornMoments = options.writes
      .filter(({ offset }) => (offset + SECTOR - options.offset) % BLOCK !== 0)
      .map(({ end }) => end);
    this.#offset = options.offset;
    this.#state = join(options.dir, "state.img");
    this.#cut = join(options.dir, "cut.img");
    this.#logs = join(options.dir, "logs");
  }

  /** `image` is the card before it was put into the device. */
  static async open(options: { image: string; writeLog: string; dir: string }): Promise<CutCard> {
    const part = await findPartition(options.image, "HW-LOG");
    await mkdir(options.dir, { recursive: true });
    const writes = parseWriteLog(readFileSync(options.writeLog)).filter(
      ({ offset }) => offset >= part.offset && offset < part.offset + part.size,
    );
    const card = new CutCard({ writes, offset: part.offset, dir: options.dir });
    await cutOut(options.image, part, card.#state);
    return card;
  }

  /**
   * The health log on the card whose power went when the record had this length: after what the device itself does at
   * its next start. Throws when the file system is damaged. Moments must not run backwards.
   */
  async logAt(moment: number): Promise<HealthFile[]> {
    const fd = openSync(this.#state, "r+");
    try {
      for (let next = this.#writes[this.#applied]; next && next.end <= moment; ) {
        writeSync(fd, next.data, 0, next.data.length, next.offset - this.#offset);
        this.#applied += 1;
        next = this.#writes[this.#applied];
      }
    } finally {
      closeSync(fd);
    }
    await run(["cp", "--sparse=always", "--reflink=auto", this.#state, this.#cut]);
    await checkFileSystem(this.#cut);
    await rm(this.#logs, { recursive: true, force: true });
    await mkdir(this.#logs);
    await run(["debugfs", "-R", `rdump /logs ${this.#logs}`, this.#cut]);
    const folder = join(this.#logs, "logs");
    const names = (await readdir(folder)).filter((name) => name.startsWith("health-")).sort();
    return Promise.all(
      names.map(async (name) => ({
        name,
        lines: (await readFile(join(folder, name), "utf8")).split("\n").slice(0, -1),
      })),
    );
  }
}
