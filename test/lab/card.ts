/** A test's own copy of the card image: prepared as an installer would, opened as the firmware would. */
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { extractFiles, findPartition, injectFiles } from "../../image/inject.ts";
import { LabError } from "./errors.ts";
import { run } from "./process.ts";
import type { SiteFiles } from "./site.ts";
import { REPOSITORY, type Workbench } from "./workbench.ts";

/** GWCARD_CARD: another card than the one that `make` built. */
export const CARD_IMAGE = process.env.GWCARD_CARD ?? join(REPOSITORY, "out/card.img");

/** What boots, taken out of the card itself. */
export interface BootFiles {
  readonly kernel: string;
  readonly initramfs: string;
  readonly commandLine: string;
}

/** A sparse copy of out/card.img with the site's files on HW-IDS. */
export async function prepareCard(options: {
  readonly bench: Workbench;
  readonly files: SiteFiles;
  readonly name?: string;
}): Promise<string> {
  const { bench, files, name = "card" } = options;
  const image = bench.disposable(bench.path(`${name}.img`));
  await stat(CARD_IMAGE).catch(() => {
    throw new LabError("LAB_FILE_MISSING", `${CARD_IMAGE} is missing: \`make\` builds it`);
  });
  await run(["cp", "--sparse=always", "--reflink=auto", CARD_IMAGE, image]);
  await putFiles(image, files);
  return image;
}

/** Replaces or adds files on HW-IDS of a card image. */
export async function putFiles(image: string, files: SiteFiles): Promise<void> {
  await injectFiles({
    image,
    partition: "HW-IDS",
    files: [...files].map(([path, content]) => ({ path, content })),
  });
}

/** Gives a partition's file system another label: a card whose layout nobody knows. */
export async function relabel(image: string, label: string, newLabel: string): Promise<void> {
  const { offset } = await findPartition(image, label);
  await run(["tune2fs", "-L", newLabel, `${image}?offset=${offset}`]);
}

const BOOTLOADER = "::/EFI/BOOT/BOOTIA32.EFI";
/** `linux PATH ARGUMENTS` and `initrd PATH` of GRUB's configuration. */
const LINUX = /^linux[ \t]+(\/\S+)[ \t]+(.*\S)[ \t]*$/m;
const INITRD = /^initrd[ \t]+(\/\S+)[ \t]*$/m;

/** Does what GRUB on this card would do: reads GRUB's configuration, then the files it names from HW-BOOT. */
export async function bootFiles(bench: Workbench, image: string): Promise<BootFiles> {
  const esp = await findPartition(image, "ESP");
  const dir = bench.disposable(bench.path("boot"));
  await mkdir(dir, { recursive: true });
  const loader = join(dir, "BOOTIA32.EFI");
  await run(["mcopy", "-n", "-o", "-i", `${image}@@${esp.offset}`, BOOTLOADER, loader]);
  // The configuration is inside the boot loader, as plain text.
  const text = await readFile(loader, "latin1");
  const [, kernelPath, commandLine] = LINUX.exec(text) ?? [];
  const [, initramfsPath] = INITRD.exec(text) ?? [];
  if (kernelPath === undefined || commandLine === undefined || initramfsPath === undefined) {
    throw new LabError(
      "LAB_FILE_MISSING",
      `${image}: no 'linux' and 'initrd' lines found in ${BOOTLOADER}; is GRUB's configuration elsewhere now?`,
    );
  }
  const kernel = join(dir, "kernel");
  const initramfs = join(dir, "initramfs");
  const files = new Map([
    [kernelPath, kernel],
    [initramfsPath, initramfs],
  ]);
  await extractFiles({ image, partition: "HW-BOOT", files });
  return { kernel, initramfs, commandLine };
}
