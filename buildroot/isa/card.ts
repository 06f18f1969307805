import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DebugFolder, programsBelow } from "./collect.ts";
import { IsaError } from "./errors.ts";
import type { Program } from "./program.ts";

const SECTOR = 512;
const GPT_MAGIC = "EFI PART";
const ESP_TYPE = "28732ac11ff8d211ba4b00a0c93ec93b"; // C12A7328-F81F-11D2-BA4B-00A0C93EC93B on disk

interface Partition {
  readonly name: string;
  readonly esp: boolean;
  readonly offset: number;
}

/**
 * Every program on every partition of a card image. The partitions are read with e2fsprogs and mtools,
 * not with our own image code, so that this check does not share its mistakes.
 */
export async function programsOnCard(options: {
  card: string;
  debug: string | undefined;
}): Promise<Program[]> {
  const { card } = options;
  const folder = await mkdtemp(join(tmpdir(), "gwcard-isa-card-"));
  try {
    const programs: Program[] = [];
    for (const partition of await readPartitions(card)) {
      const target = join(folder, partition.name);
      await mkdir(target, { recursive: true });
      if (partition.esp)
        run(card, "mcopy", ["-s", "-n", "-i", `${card}@@${partition.offset}`, "::/", target]);
      else run(card, "debugfs", ["-R", `rdump / ${target}`, `${card}?offset=${partition.offset}`]);
      const origin = `${basename(card)}:${partition.name}`;
      programs.push(
        ...(await programsBelow({ origin, folder: target, debug: new DebugFolder(options.debug) })),
      );
    }
    for (const expected of ["kernel/vmlinux", "grub/core"]) {
      if (programs.some((program) => program.name === expected)) continue;
      throw new IsaError({
        code: "ISA_NOTHING_TO_CHECK",
        where: card,
        what: `no ${expected} was found on any partition`,
        cure: "Build the card again (gwcard build) and check its partitions",
      });
    }
    return programs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readPartitions(card: string): Promise<Partition[]> {
  const file = await open(card, "r");
  try {
    const header = Buffer.alloc(SECTOR);
    await file.read(header, 0, SECTOR, SECTOR);
    if (header.toString("latin1", 0, 8) !== GPT_MAGIC) {
      throw new IsaError({
        code: "ISA_BAD_FILE",
        where: card,
        what: "has no GPT in its second sector",
        cure: "Give the raw card image (card.img, not card.img.xz)",
      });
    }
    const entrySize = header.readUInt32LE(84);
    const table = Buffer.alloc(entrySize * header.readUInt32LE(80));
    await file.read(table, 0, table.length, Number(header.readBigUInt64LE(72)) * SECTOR);
    const partitions: Partition[] = [];
    for (let at = 0; at < table.length; at += entrySize) {
      const type = table.toString("hex", at, at + 16);
      if (/^0+$/.test(type)) continue;
      const name = table.toString("utf16le", at + 56, at + 128).replace(/\0.*$/s, "");
      partitions.push({
        name: name.replace(/[^\w.-]/g, "_") || `partition-${partitions.length + 1}`,
        esp: type === ESP_TYPE,
        offset: Number(table.readBigUInt64LE(at + 32)) * SECTOR,
      });
    }
    return partitions;
  } finally {
    await file.close();
  }
}

function run(card: string, tool: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(tool, args, { encoding: "utf8" });
  // debugfs ends with 0 whatever happens and says what went wrong on stderr, after its version line.
  const complaint = (stderr ?? "").replace(/^debugfs \d.*\n/, "").trim();
  const ownership = /^rdump: Operation not permitted while changing ownership/;
  const serious = complaint.split("\n").filter((line) => line !== "" && !ownership.test(line));
  if (error === undefined && status === 0 && serious.length === 0) return;
  throw new IsaError({
    code: error === undefined ? "ISA_BAD_FILE" : "ISA_TOOL",
    where: card,
    what: `${tool} ${args.join(" ")}: ${error?.message ?? (serious.join("; ") || `status ${status}`)}`,
    cure: error === undefined ? "Build the card again" : `Install ${tool} (e2fsprogs, mtools)`,
  });
}
