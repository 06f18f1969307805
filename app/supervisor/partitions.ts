import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { PARTITIONS, type Partition } from "../config/paths.ts";

/** The partitions of the card as the operating system found them, and how the log tells it (R25, R137). */

/** Written by the init script: `<label>\t<device>\t<ok|problem>`, one line per expected partition. */
const REPORT_FILE = "/run/gateway/partitions";
const NO_DEVICE = "-";

export interface FoundPartition {
  readonly label: Partition;
  readonly device: string;
  /** Null: mounted and usable. */
  readonly problem: string | null;
}

/** Reads the init script's report; a partition that it does not mention counts as missing. */
export function parsePartitionReport(text: string): FoundPartition[] {
  const lines = text.split("\n").map((line) => line.split("\t"));
  return PARTITIONS.map((label) => {
    const line = lines.find(([name]) => name === label);
    const state = line?.[2]?.trim() || "not found";
    return { label, device: line?.[1] ?? NO_DEVICE, problem: state === "ok" ? null : state };
  });
}

/** On Node.js a partition is a directory below the root. */
function partitionsOfDirectory(root: string): FoundPartition[] {
  return PARTITIONS.map((label) => {
    const path = join(root, label);
    const found = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    return { label, device: path, problem: found ? null : "not found" };
  });
}

/** What the operating system says about the card. */
export function findPartitions(options: { root: string; onDevice: boolean }): FoundPartition[] {
  if (!options.onDevice) return partitionsOfDirectory(options.root);
  let report = "";
  try {
    report = readFileSync(REPORT_FILE, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // A runtime on a developer's machine has directories in place of partitions.
    return partitionsOfDirectory(options.root);
  }
  return parsePartitionReport(report);
}

/** The block R137 for what is there, and one line for all that is not. */
export function partitionLines(found: readonly FoundPartition[]): { info: string[]; error: string | null } {
  const registered = (port: string): string => `[BLKDEVSR] Port '${port}' successfully registered.`;
  const info = found.some((partition) => partition.problem === null) ? [registered("mmc0")] : [];
  found.forEach(({ problem }, index) => {
    if (problem === null) info.push(registered(`mmc0_p${index}`), registered(`mmc0_p${index}ro`));
  });
  const missing = found.filter((partition) => partition.problem !== null);
  if (missing.length === 0) return { info, error: null };
  const list = missing.map(({ label, device, problem }) => {
    const where = device === NO_DEVICE ? "" : ` (${device})`;
    return `${label}${where}: ${problem}`;
  });
  const error =
    `[BLKDEVSR] the card's partitions are not as expected: ${list.join("; ")}. ` +
    `Cure: write the card anew with gwcard, or label its ext3 partitions ${PARTITIONS.join(", ")}`;
  return { info, error };
}
