/** Tiny programs, kernels, GRUB images and cards with one instruction planted in them. */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const GRUB = "/usr/lib/grub/i386-efi";
const SECTOR = 512;
const MIB = 1024 * 1024;

export interface IsaRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the check as `make isa` does, without its cache. */
export function runIsa(args: readonly string[]): IsaRun {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", "buildroot/isa/main.ts", "--no-cache", ...args],
    { cwd: REPOSITORY, encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

/** Writes a list of excuses and returns its path. */
export function excuseFile(folder: string, content: { code?: unknown[]; data?: unknown[] } = {}): string {
  const path = join(folder, "excuses.json");
  writeFileSync(path, JSON.stringify({ code: content.code ?? [], data: content.data ?? [] }));
  return path;
}

/** A static i586 program: `_start` calls `checksum`, in which `planted` (assembler) stands. */
export function program(folder: string, name: string, planted = "", extra = ""): string {
  return assemble(
    join(folder, name),
    `.globl _start, checksum
     .type _start, @function
     .type checksum, @function
     _start: call checksum
             mov $1, %eax
             int $0x80
     .size _start, .-_start
     checksum: fld1
             fstp %st(0)
             cpuid
             ${planted}
             ret
     .size checksum, .-checksum
     ${extra}`,
  );
}

/** Assembles and links one file of i386 code; `link` are more arguments for ld. */
export function assemble(output: string, source: string, link: readonly string[] = []): string {
  mkdirSync(dirname(output), { recursive: true });
  execFileSync("as", ["--32", "-o", `${output}.o`, "-"], { input: `${source}\n` });
  execFileSync("ld", ["-m", "elf_i386", "-z", "noexecstack", ...link, "-o", output, `${output}.o`]);
  return output;
}

/** An archive as the kernel takes it. */
export function cpio(folder: string, output: string): string {
  const names = execFileSync("find", ["."], { cwd: folder });
  writeFileSync(output, execFileSync("cpio", ["-o", "-H", "newc", "--quiet"], { cwd: folder, input: names }));
  return output;
}

/**
 * A bzImage around a four-instruction kernel, and the folder of files with symbols that belongs to it.
 * `alternative` is patched over `probe` when CPU feature 26 is there (XMM2, as for mfence).
 */
export function kernel(
  folder: string,
  planted: { kernel?: string; alternative?: string; setup?: string; realMode?: string; vdso?: string } = {},
): { bzImage: string; debug: string } {
  const debug = join(folder, "debug");
  const vdso = program(folder, "vdso", planted.vdso);
  const realMode = assemble(
    join(debug, "boot/realmode.elf"),
    `.code16
     .globl _start
     _start: cli
             ${planted.realMode ?? ""}
             hlt`,
    ["-Ttext=0"],
  );
  const vmlinux = assemble(
    join(debug, "vmlinux"),
    `.globl _start, probe
     .type probe, @function
     _start: call probe
     1: hlt
        jmp 1b
     probe: ${planted.kernel ?? ""}
     orig: nop
           nop
           nop
           ret
     .size probe, .-probe
     .section .altinstr_replacement, "ax"
     repl: ${planted.alternative ?? "nop"}
     repl_end:
     .section .altinstructions, "a"
     .long orig - .
     .long repl - .
     .word 26, 0
     .byte 3, repl_end - repl
     .section .rodata, "a"
     .balign 4096
     .incbin "${vdso}"
     real_mode_blob: .incbin "${rawCode(realMode)}"`,
    ["-Ttext=0xc1000000"],
  );
  const setup = assemble(
    join(debug, "boot/setup.elf"),
    `.code16
     .globl _start
     _start: mov %cs, %ax
             movl $1, %eax
             ${planted.setup ?? ""}
             hlt`,
    ["-Ttext=0x300"],
  );
  const decompressor = assemble(
    join(debug, "boot/compressed/vmlinux"),
    ".globl _start\n_start: cld\n cli\n hlt",
    ["-Ttext=0"],
  );
  const start = 2 * SECTOR;
  const image = Buffer.alloc(64 * 1024);
  const stripped = join(folder, "vmlinux.bin");
  execFileSync("objcopy", ["-S", vmlinux, stripped]);
  const payload = gzipSync(readFileSync(stripped));
  image[0x1f1] = 1;
  image.write("HdrS", 0x202, "latin1");
  image.writeUInt32LE(0x800, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  readFileSync(rawCode(setup)).copy(image, 0x300);
  readFileSync(rawCode(decompressor)).copy(image, start);
  payload.copy(image, start + 0x800);
  const bzImage = join(folder, "bzImage");
  writeFileSync(bzImage, image);
  return { bzImage, debug };
}

/** The bytes of a program's .text, in a file. */
function rawCode(file: string): string {
  const dump = `${file}.text`;
  execFileSync("objcopy", ["-O", "binary", "-j", ".text", file, dump]);
  return dump;
}

/** A GRUB image whose only module is ours. */
export function grub(folder: string, planted = ""): string {
  const modules = join(folder, "modules");
  mkdirSync(modules, { recursive: true });
  copyFileSync(join(GRUB, "kernel.img"), join(modules, "kernel.img"));
  writeFileSync(join(modules, "moddep.lst"), "hello:\n");
  const source = `.type greet, @function
    greet: ${planted}
    ret
    .size greet, .-greet
    .section .modname
    .string "hello"
    .section .module_license
    .string "LICENSE=GPLv3+"`;
  execFileSync("as", ["--32", "-o", join(modules, "hello.mod"), "-"], { input: `${source}\n` });
  const output = join(folder, "BOOTIA32.EFI");
  execFileSync("grub-mkimage", ["-O", "i386-efi", "-d", modules, "-p", "/boot", "-o", output, "hello"]);
  return output;
}

/** A card with the partitions that matter: HW-BOOT (ext3) with /boot, and the EFI system partition. */
export function card(folder: string, parts: { bzImage: string; cpio: string; efi: string }): string {
  const image = join(folder, "card.img");
  const boot = join(folder, "HW-BOOT/boot");
  mkdirSync(boot, { recursive: true });
  copyFileSync(parts.bzImage, join(boot, "bzImage"));
  execFileSync("lz4", ["-l", "-q", "-f", parts.cpio, join(boot, "rootfs.cpio.lz4")]);
  const [espAt, bootAt, size] = [MIB, 4 * MIB, 16 * MIB];
  writeFileSync(image, "");
  execFileSync("truncate", ["-s", String(size), image]);
  const sgdisk = [
    "-n",
    "6:2048:8191",
    "-t",
    "6:ef00",
    "-c",
    "6:ESP",
    "-n",
    "1:8192:24575",
    "-c",
    "1:HW-BOOT",
  ];
  execFileSync("sgdisk", [...sgdisk, image]);
  const esp = `${image}@@${espAt}`;
  execFileSync("mformat", ["-i", esp, "-T", "6144", "-h", "64", "-s", "32", "::"]);
  execFileSync("mmd", ["-i", esp, "::/EFI", "::/EFI/BOOT"]);
  execFileSync("mcopy", ["-i", esp, parts.efi, "::/EFI/BOOT/BOOTIA32.EFI"]);
  const options = ["-q", "-F", "-t", "ext3", "-L", "HW-BOOT", "-d", join(folder, "HW-BOOT")];
  execFileSync("mke2fs", [...options, "-E", `offset=${bootAt}`, image, "8M"]);
  return image;
}
