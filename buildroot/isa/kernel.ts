import { spawnSync } from "node:child_process";
import { gunzipSync } from "node:zlib";
import { ElfFile, isElf, type Section } from "./elf.ts";
import { IsaError } from "./errors.ts";
import type { Program } from "./program.ts";

/** Offsets in the boot sector, Documentation/arch/x86/boot.rst of the kernel. */
const SETUP_SECTORS = 0x1f1;
const HEADER_MAGIC = 0x202;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const SECTOR = 512;
const PAGE = 4096;
const ALT_ENTRY = 14; // struct alt_instr since Linux 6.4: two offsets, feature and flags, two lengths
const ALT_FLAG_NOT = 1;
const MAX_OUTPUT = 512 * 1024 * 1024;

export function isBzImage(data: Buffer): boolean {
  return data.length > 0x1000 && data.toString("latin1", HEADER_MAGIC, HEADER_MAGIC + 4) === "HdrS";
}

/** Symbol-bearing files of one kernel build. */
export interface KernelTwins {
  readonly vmlinux: Buffer | undefined;
  /** arch/x86/boot/setup.elf: 16-bit code that runs before the decompressor. */
  readonly setup: Buffer | undefined;
  /** arch/x86/boot/compressed/vmlinux: EFI stub and decompressor. */
  readonly decompressor: Buffer | undefined;
  /** arch/x86/realmode/rm/realmode.elf: what the kernel runs in real mode. */
  readonly realMode: Buffer | undefined;
}

/**
 * Takes a bzImage apart: boot code, decompressor, the kernel proper and the vDSO inside it. The twins
 * give names; each is compared with the bytes in the bzImage, so that no other kernel is checked.
 */
export function kernelPrograms(origin: string, image: Buffer, twins: KernelTwins): Program[] {
  const start = ((image.readUInt8(SETUP_SECTORS) || 4) + 1) * SECTOR;
  const at = start + image.readUInt32LE(PAYLOAD_OFFSET);
  const payload = new ElfFile(
    `${origin}: kernel`,
    decompress(origin, image.subarray(at, at + image.readUInt32LE(PAYLOAD_LENGTH))),
  );
  const vmlinux = required(origin, "vmlinux", twins.vmlinux);
  const setup = required(origin, "setup.elf", twins.setup);
  const decompressor = required(origin, "compressed/vmlinux", twins.decompressor);
  compareLoaded(origin, payload, vmlinux);
  compareCode(origin, setup, (section) => image.subarray(section.address, section.address + section.size));
  compareCode(origin, decompressor, ({ address, size }) =>
    image.subarray(start + address, start + address + size),
  );
  return [
    kernelProgram("kernel/vmlinux", origin, vmlinux),
    { name: "kernel/setup", origin, elf: setup, realMode: is16Bit },
    { name: "kernel/decompressor", origin, elf: decompressor },
    ...realModePrograms(origin, vmlinux, twins.realMode),
    ...embeddedElfs(vmlinux).map((elf) => kernelProgram("kernel/vdso", origin, elf)),
  ];
}

/** The trampoline that the kernel carries as data for its rare steps back into real mode. */
function realModePrograms(origin: string, vmlinux: ElfFile, twin: Buffer | undefined): Program[] {
  const [blob] = vmlinux.find("real_mode_blob");
  if (blob === undefined) return [];
  const elf = required(origin, "realmode.elf", twin);
  const start = blob.section.offset + blob.symbol.address - blob.section.address;
  compareCode(origin, elf, ({ address, size }) =>
    vmlinux.data.subarray(start + address, start + address + size),
  );
  return [{ name: "kernel/realmode", origin, elf, realMode: is16Bit }];
}

/** .text32 holds the switches between the modes; the rest of setup.elf and realmode.elf is 16-bit. */
function is16Bit(section: Section): boolean {
  return section.name !== ".text32";
}

function kernelProgram(name: string, origin: string, elf: ElfFile): Program {
  const featuresAt = alternatives(elf);
  return { name, origin, elf, featuresAt };
}

/** Reads .altinstructions: which CPU feature makes the kernel copy which replacement over its code. */
function alternatives(elf: ElfFile): (section: Section, address: number) => string[] {
  const table = elf.section(".altinstructions");
  const entries: Array<{ from: number; to: number; feature: string }> = [];
  if (table !== undefined) {
    for (let at = 0; at + ALT_ENTRY <= table.size; at += ALT_ENTRY) {
      const file = table.offset + at;
      const from = (table.address + at + 4 + elf.data.readInt32LE(file + 4)) >>> 0;
      const bit = elf.data.readUInt16LE(file + 8);
      const not = (elf.data.readUInt16LE(file + 10) & ALT_FLAG_NOT) !== 0;
      const feature = `${not ? "!" : ""}${bit >> 5}*32+${bit & 31}`;
      entries.push({ from, to: from + elf.data.readUInt8(file + 13), feature });
    }
  }
  return (section, address) =>
    section.name.startsWith(".altinstr_replacement")
      ? entries.filter((entry) => address >= entry.from && address < entry.to).map((entry) => entry.feature)
      : [];
}

/** The vDSO: a whole ELF file that the kernel carries as data and maps into every process. */
function embeddedElfs(kernel: ElfFile): ElfFile[] {
  const found: ElfFile[] = [];
  for (const section of kernel.loaded.filter((candidate) => !candidate.executable)) {
    const bytes = kernel.bytes(section);
    const skew = (PAGE - (section.address % PAGE)) % PAGE;
    for (let at = skew; at + 52 < bytes.length; at += PAGE) {
      if (!isElf(bytes.subarray(at))) continue;
      found.push(new ElfFile("vDSO", Buffer.from(bytes.subarray(at))));
    }
  }
  return found;
}

function required(origin: string, what: string, data: Buffer | undefined): ElfFile {
  if (data !== undefined) return new ElfFile(`${origin}: ${what}`, data);
  throw mismatch(origin, `the build's ${what} is missing, so its code can't be told from data nor named`);
}

/** objcopy leaves alone what gets loaded, so kernel and twin must agree in every byte of it. */
function compareLoaded(origin: string, payload: ElfFile, twin: ElfFile): void {
  const mine = payload.loaded;
  const theirs = twin.loaded;
  const same =
    mine.length === theirs.length &&
    mine.every((section, index) => {
      const other = theirs[index];
      return other?.address === section.address && twin.bytes(other).equals(payload.bytes(section));
    });
  if (!same || mine.length === 0) {
    throw mismatch(origin, "the kernel in the bzImage and the vmlinux with symbols are not the same build");
  }
}

function compareCode(origin: string, twin: ElfFile, image: (section: Section) => Buffer): void {
  for (const section of twin.code) {
    // The build writes sizes and checksums into the PE header that lives in .bstext.
    if (section.name === ".bstext" || twin.bytes(section).equals(image(section))) continue;
    throw mismatch(origin, `${section.name} of ${twin.name} is not what the bzImage holds at that place`);
  }
}

function mismatch(origin: string, what: string): IsaError {
  return new IsaError({
    code: "ISA_KERNEL_MISMATCH",
    where: origin,
    what,
    cure: "Build both again (remove out/os, then make os) and pass the debug folder beside them with --debug",
  });
}

function decompress(origin: string, payload: Buffer): Buffer {
  const magic = payload.toString("hex", 0, 6);
  if (isElf(payload)) return payload;
  if (magic.startsWith("1f8b")) return gunzipSync(payload);
  // All other formats carry the unpacked size in four bytes behind the stream.
  const stream = payload.subarray(0, -4);
  if (magic === "fd377a585a00") return filter(origin, ["xz", "-dc"], stream);
  if (magic.startsWith("28b52ffd")) return filter(origin, ["zstd", "-dcq"], stream);
  if (magic.startsWith("02214c18")) return filter(origin, ["lz4", "-dcq"], stream);
  throw new IsaError({
    code: "ISA_BAD_FILE",
    where: origin,
    what: `kernel payload starts with ${magic}, which is none of gzip, xz, zstd, lz4`,
    cure: "Choose one of these with CONFIG_KERNEL_* in the kernel config",
  });
}

/** Runs an unpacker over a buffer. */
export function filter(origin: string, command: readonly [string, ...string[]], input: Buffer): Buffer {
  const [tool, ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(tool, args, { input, maxBuffer: MAX_OUTPUT });
  if (status === 0) return stdout;
  throw new IsaError({
    code: error === undefined ? "ISA_BAD_FILE" : "ISA_TOOL",
    where: origin,
    what: `${command.join(" ")} failed: ${error?.message ?? stderr.toString().trim()}`,
    cure: error === undefined ? "The file is damaged; build it again" : `Install ${tool}`,
  });
}
