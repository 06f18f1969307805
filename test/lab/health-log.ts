/** The health log as an installer finds it: on HW-LOG of the card that was pulled out of a device (R153). */
import { readFile } from "node:fs/promises";
import { extractFiles, listFiles } from "../../image/inject.ts";
import { STAMPED, stampTime } from "./console-lines.ts";
import { LabError } from "./errors.ts";
import { run } from "./process.ts";
import type { Machine } from "./qemu.ts";
import type { Workbench } from "./workbench.ts";

export interface HealthFile {
  readonly name: string;
  /** Whole lines; what a power cut left of the last one is not counted. */
  readonly lines: string[];
}

/** The card of a machine that is switched off, as one raw image. */
export async function pullOut(bench: Workbench, machine: Machine, name = "pulled"): Promise<string> {
  const image = bench.disposable(bench.path(`${name}.img`));
  await run(["qemu-img", "convert", "-O", "raw", machine.overlay, image]);
  return image;
}

/** All health log files on a card, oldest first. */
export async function readHealthFiles(bench: Workbench, image: string): Promise<HealthFile[]> {
  const listed = await listFiles({ image, partition: "HW-LOG", directory: "/logs" });
  const names = listed
    .map(({ name }) => name)
    .filter((name) => /^health-.*\.log$/.test(name))
    .sort();
  const copies = new Map(names.map((name) => [`/logs/${name}`, bench.path(name)]));
  if (names.length > 0) await extractFiles({ image, partition: "HW-LOG", files: copies });
  return Promise.all(
    names.map(async (name) => ({
      name,
      lines: (await readFile(bench.path(name), "utf8")).split("\n").slice(0, -1),
    })),
  );
}

/** Lines of the newest health log on the card of a machine that is switched off. */
export async function readHealthLog(bench: Workbench, machine: Machine): Promise<string[]> {
  const files = await readHealthFiles(bench, await pullOut(bench, machine));
  return files.at(-1)?.lines ?? [];
}

const KERNEL = /\] Info: \[kernel\] (.*)$/;
/** The last message that the kernel wrote to the serial line itself; those behind it are shown by the log cell. */
const HANDOVER = "gateway: system ready";
/** Lines are made safe once a second, and a line that came since may be lost with the power. */
const UNSAFE_MS = 3_000;

/** The lines of the log as they were shown on the serial line, whatever was being typed there. */
export function shownLines(console: readonly string[]): string[] {
  return console.map((line) => line.split("\r").at(-1) ?? "").filter((line) => STAMPED.test(line));
}

/** Up to where the kernel may have shown its messages itself: to the start script's last word; without it nobody knows. */
function kernelsOwn(kept: readonly string[]): number {
  const handover = kept.findIndex((line) => KERNEL.exec(line)?.[1] === HANDOVER);
  return handover === -1 ? kept.length : handover + 1;
}

/**
 * The card has what the serial line showed: every line, in the same order, once; of the kernel's first messages, which it
 * shows itself and in its own form, any may be missing there. At the end lines of the last seconds before the power went,
 * which was at `end`, may be missing on the card.
 */
export function assertSameAsShown(
  kept: readonly string[],
  shown: readonly string[],
  end: number = stampTime(shown.at(-1) ?? ""),
): void {
  const fail = (why: string) => new LabError("LAB_VALUES_DIFFER", `health log: ${why}`);
  const own = kernelsOwn(kept);
  let next = 0;
  kept.forEach((line, index) => {
    if (line === shown[next]) next += 1;
    else if (index >= own || !KERNEL.test(line))
      throw fail(`line ${index + 1} is\n    ${line}\n  and the serial line showed\n    ${shown[next]}`);
  });
  const lost = shown.slice(next).find((line) => stampTime(line) < end - UNSAFE_MS);
  if (lost !== undefined) throw fail(`'${lost}' is lost, long before the power went`);
}
