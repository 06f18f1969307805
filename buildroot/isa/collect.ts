import { readdir, readFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { wrapCode } from "./code-image.ts";
import { cpioFiles, isCpio } from "./cpio.ts";
import { ElfFile, isElf } from "./elf.ts";
import { IsaError } from "./errors.ts";
import { grubPrograms, isPe } from "./grub.ts";
import { filter, isBzImage, type KernelTwins, kernelPrograms } from "./kernel.ts";
import type { Program } from "./program.ts";

/** Files of one OS payload that were kept for their symbols; missing ones give `undefined`. */
export class DebugFolder {
  readonly #folder: string | undefined;

  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  async read(path: string): Promise<Buffer | undefined> {
    if (this.#folder === undefined) return undefined;
    return readFile(join(this.#folder, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
  }

  async kernel(): Promise<KernelTwins> {
    const [vmlinux, setup, decompressor, realMode] = await Promise.all([
      this.read("vmlinux"),
      this.read("boot/setup.elf"),
      this.read("boot/compressed/vmlinux"),
      this.read("boot/realmode.elf"),
    ]);
    return { vmlinux, setup, decompressor, realMode };
  }
}

/**
 * Turns one file into the programs in it, whatever it is: an ELF file, a kernel, a GRUB image, or an
 * archive of them. Files without instructions give none.
 * @param path the file's path where it will run, for programs that are named by it
 */
export async function programsIn(options: {
  origin: string;
  path: string;
  data: Buffer;
  debug: DebugFolder;
}): Promise<Program[]> {
  const { origin, path, debug } = options;
  const data = unpacked(origin, options.data);
  if (isElf(data)) return [await userProgram(origin, path, data, debug)];
  if (isBzImage(data)) return kernelPrograms(origin, data, await debug.kernel());
  if (isPe(data)) return grubPrograms(origin, data, await debug.read("../grub-modules/kernel.img"));
  if (!isCpio(data)) return [];
  const programs: Program[] = [];
  for (const file of cpioFiles(origin, data)) {
    programs.push(
      ...(await programsIn({ origin: `${origin}:${file.path}`, path: file.path, data: file.data, debug })),
    );
  }
  return programs;
}

/** All files below a folder. Symbolic links are not followed: what they point at is on its own. */
export async function programsBelow(options: {
  origin: string;
  folder: string;
  debug: DebugFolder;
}): Promise<Program[]> {
  const programs: Program[] = [];
  const entries = await readdir(options.folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(options.folder, file)}`;
    const data = await readFile(file);
    programs.push(
      ...(await programsIn({ origin: `${options.origin}${path}`, path, data, debug: options.debug })),
    );
  }
  return programs;
}

/** An OS payload: only what goes on the card, not its debug files and tools. */
export async function programsInPayload(folder: string): Promise<Program[]> {
  const debug = new DebugFolder(join(folder, "debug"));
  const names = (await readdir(folder)).filter((name) =>
    /^(bzImage|rootfs\.cpio.*|BOOTIA32\.EFI)$/.test(name),
  );
  for (const expected of ["bzImage", "rootfs.cpio", "BOOTIA32.EFI"]) {
    if (names.some((name) => name.startsWith(expected))) continue;
    throw new IsaError({
      code: "ISA_NOTHING_TO_CHECK",
      where: folder,
      what: `has no ${expected}`,
      cure: "Build the operating system first: make os",
    });
  }
  const programs: Program[] = [];
  for (const name of names.sort()) {
    const origin = `${basename(folder)}/${name}`;
    programs.push(
      ...(await programsIn({ origin, path: `/${name}`, data: await readFile(join(folder, name)), debug })),
    );
  }
  return programs;
}

async function userProgram(origin: string, path: string, data: Buffer, debug: DebugFolder): Promise<Program> {
  const elf = withSections(new ElfFile(origin, data));
  const twinData = elf.hasSymbols ? undefined : await debug.read(path);
  if (twinData === undefined) return { name: path, origin, elf };
  const twin = new ElfFile(`debug${path}`, twinData);
  return { name: path, origin, elf: sameCode(elf, twin) ? twin : elf };
}

/** Stripping removes names, not code: same sections, addresses and bytes. */
function sameCode(stripped: ElfFile, twin: ElfFile): boolean {
  return (
    stripped.code.length === twin.code.length &&
    stripped.code.every((mine, index) => {
      const theirs = twin.code[index];
      return (
        theirs !== undefined &&
        theirs.name === mine.name &&
        theirs.address === mine.address &&
        twin.bytes(theirs).equals(stripped.bytes(mine))
      );
    })
  );
}

/** A program without section headers still has executable segments; these are its code then. */
function withSections(elf: ElfFile): ElfFile {
  const [segment, second] = elf.codeSegments;
  if (elf.code.length > 0 || segment === undefined) return elf;
  if (second !== undefined) {
    throw new IsaError({
      code: "ISA_BAD_FILE",
      where: elf.name,
      what: "has no section headers and more than one executable segment",
      cure: "Keep the section headers: strip, but don't use sstrip",
    });
  }
  const code = elf.data.subarray(segment.offset, segment.offset + segment.fileSize);
  return wrapCode({ name: elf.name, code, address: segment.address });
}

function unpacked(origin: string, data: Buffer): Buffer {
  const magic = data.toString("hex", 0, 6);
  if (magic.startsWith("28b52ffd")) return filter(origin, ["zstd", "-dcq"], data);
  if (magic.startsWith("02214c18")) return filter(origin, ["lz4", "-dcq"], data);
  if (magic === "fd377a585a00") return filter(origin, ["xz", "-dc"], data);
  if (magic.startsWith("1f8b")) return gunzipSync(data);
  return data;
}
