import { wrapCode } from "./code-image.ts";
import { ElfFile } from "./elf.ts";
import { IsaError } from "./errors.ts";
import type { Program } from "./program.ts";

const PE_POINTER = 0x3c;
const MACHINE_I386 = 0x14c;
const SECTION_CODE = 0x20;
const SECTION_HEADER = 40;
const MODULES_MAGIC = 0x676d696d; // "mimg", struct grub_module_info32
const MODULE_ELF = 0;

interface PeSection {
  readonly name: string;
  readonly address: number;
  readonly code: boolean;
  readonly data: Buffer;
}

export function isPe(data: Buffer): boolean {
  if (data.length < 0x100 || data.toString("latin1", 0, 2) !== "MZ") return false;
  const at = data.readUInt32LE(PE_POINTER);
  return at + 24 < data.length && data.toString("latin1", at, at + 4) === "PE\0\0";
}

/**
 * Takes a GRUB image made by grub-mkimage apart: the core, and every module that it carries as an
 * ELF file. `core` is GRUB's kernel.img, which names the core's functions once it proves to be the
 * one that was linked in.
 */
export function grubPrograms(origin: string, image: Buffer, core: Buffer | undefined): Program[] {
  const sections = peSections(origin, image);
  const programs: Program[] = sections
    .filter((section) => section.code)
    .map((section) => ({ name: "grub/core", origin, elf: namedCore(section, core) }));
  const modules = sections.find((section) => section.name === "mods");
  if (modules !== undefined) programs.push(...moduleElfs(origin, modules.data));
  if (programs.length > 0) return programs;
  throw badImage(origin, "holds no code section");
}

function peSections(origin: string, image: Buffer): PeSection[] {
  const pe = image.readUInt32LE(PE_POINTER);
  if (image.readUInt16LE(pe + 4) !== MACHINE_I386) throw badImage(origin, "is not for 32-bit x86 firmware");
  const table = pe + 24 + image.readUInt16LE(pe + 20);
  return Array.from({ length: image.readUInt16LE(pe + 6) }, (_, index) => {
    const at = table + index * SECTION_HEADER;
    const from = image.readUInt32LE(at + 20);
    const size = Math.min(image.readUInt32LE(at + 16), image.readUInt32LE(at + 8));
    return {
      name: image.toString("latin1", at, at + 8).replace(/\0+$/, ""),
      address: image.readUInt32LE(at + 12),
      code: (image.readUInt32LE(at + 36) & SECTION_CODE) !== 0,
      data: image.subarray(from, from + size),
    };
  });
}

function moduleElfs(origin: string, data: Buffer): Program[] {
  if (data.readUInt32LE(0) !== MODULES_MAGIC)
    throw badImage(origin, "has a mods section without GRUB's module list");
  const end = data.readUInt32LE(8);
  const programs: Program[] = [];
  for (let at = data.readUInt32LE(4); at + 8 <= end; ) {
    const size = data.readUInt32LE(at + 4);
    if (size < 8 || at + size > end) throw badImage(origin, `has a broken module header at ${at} of mods`);
    if (data.readUInt32LE(at) === MODULE_ELF) {
      const elf = new ElfFile(
        `${origin}: module ${programs.length}`,
        Buffer.from(data.subarray(at + 8, at + size)),
      );
      programs.push({ name: `grub/${moduleName(elf)}`, origin, elf });
    }
    at += size;
  }
  return programs;
}

function moduleName(elf: ElfFile): string {
  const section = elf.section(".modname");
  return section === undefined ? elf.name : elf.bytes(section).toString("latin1").replace(/\0.*$/s, "");
}

/** The core under its own names if kernel.img is what was linked, nameless otherwise; checked either way. */
function namedCore(section: PeSection, core: Buffer | undefined): ElfFile {
  if (core !== undefined) {
    const elf = new ElfFile("kernel.img", core);
    const text = elf.section(".text");
    if (text !== undefined && elf.code.length === 1 && section.data.length >= text.size) {
      const mine = Buffer.from(section.data.subarray(0, text.size));
      const theirs = Buffer.from(elf.bytes(text));
      // grub-mkimage fills in addresses; everything else must be the same bytes.
      for (const offset of elf.relocatedOffsets(text)) {
        mine.fill(0, offset, offset + 4);
        theirs.fill(0, offset, offset + 4);
      }
      const padding = section.data.subarray(text.size);
      if (mine.equals(theirs) && padding.every((byte) => byte === 0)) return elf;
    }
  }
  return wrapCode({ name: "grub core", code: section.data, address: section.address });
}

function badImage(origin: string, what: string): IsaError {
  return new IsaError({
    code: "ISA_BAD_FILE",
    where: origin,
    what,
    cure: "Build BOOTIA32.EFI again with grub-mkimage -O i386-efi",
  });
}
