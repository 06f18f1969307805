/**
 * What an OS payload consists of, one line each, to be compared with board/iot2040/manifest.txt, the list that both
 * builders must meet: `node --import tsx buildroot/manifest.ts --os out/os` prints the differences and fails on any;
 * with `--write` it makes the list anew.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parseArgs } from "node:util";
import { BOARD } from "./from-debian/board.ts";
import { type CpioItem, cpioItems } from "./isa/cpio.ts";
import { ElfFile, isElf } from "./isa/elf.ts";

export const EXPECTED = join(BOARD, "manifest.txt");
const HEADING = `# The root file system without the app, and the kernel's options: what both builders must make. Written by
# "node --import tsx buildroot/manifest.ts --os out/os --write", compared by test/unit/os-manifest.test.ts.
# File: type and mode, owner:group, path, target of a link (absolute), numbers of a device, libraries that a program needs.
`;

const TYPES: Readonly<Record<number, string>> = { 1: "p", 2: "c", 4: "d", 6: "b", 8: "-", 10: "l", 12: "s" };
const PT_DYNAMIC = 2;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
/** Facts about the compiler, which differ between builders and say nothing about the kernel's abilities. */
const COMPILER =
  /^CONFIG_(CC_|GCC_|AS_|LD_|CLANG_|LLD_|RUSTC?_|PAHOLE_|TOOLS_|HAVE_|ARCH_|BINDGEN_|.*_CC_|CC_VERSION_TEXT|LOCALVERSION|BUILD_SALT|INITRAMFS_SOURCE)/;

/** Lines for everything in the root file system `rootfs` (newc, not compressed). */
export function fileLines(rootfs: Buffer): string[] {
  return [...cpioItems("rootfs.cpio", rootfs)]
    .filter(({ path }) => path !== "/." && path !== "/")
    .map(fileLine);
}

function fileLine(item: CpioItem): string {
  const { path, mode, uid, gid, data } = item;
  const type = TYPES[mode >> 12] ?? "?";
  const permissions = (mode & 0o7777).toString(8).padStart(4, "0");
  return `file ${type}${permissions} ${uid}:${gid} ${path}${detail(type, path, item.device, data)}`;
}

function detail(type: string, path: string, device: readonly number[], data: Buffer): string {
  if (type === "l") return ` -> ${posix.resolve(posix.dirname(path), data.toString("utf8"))}`;
  if (type === "c" || type === "b") return ` ${device.join(",")}`;
  if (!isElf(data)) return "";
  const libraries = neededLibraries(new ElfFile(path, data));
  return libraries.length === 0 ? " needs nothing" : ` needs ${libraries.join(" ")}`;
}

/** The DT_NEEDED entries of a program, in their order; none: it is static. */
export function neededLibraries(elf: ElfFile): string[] {
  const dynamic = elf.segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined) return [];
  const entries: [tag: number, value: number][] = [];
  for (let at = dynamic.offset; at + 8 <= dynamic.offset + dynamic.fileSize; at += 8) {
    entries.push([elf.data.readUInt32LE(at), elf.data.readUInt32LE(at + 4)]);
  }
  const address = entries.find(([tag]) => tag === DT_STRTAB)?.[1];
  const strings = elf.segments.find(
    (each) => address !== undefined && address >= each.address && address < each.address + each.fileSize,
  );
  if (address === undefined || strings === undefined) return [];
  const start = strings.offset + address - strings.address;
  return entries
    .filter(([tag]) => tag === DT_NEEDED)
    .map(([, offset]) => elf.data.toString("latin1", start + offset, elf.data.indexOf(0, start + offset)));
}

/** A line for each option of a kernel's .config that is set, but what only describes the compiler. */
export function kernelLines(config: string): string[] {
  return config
    .split("\n")
    .filter((line) => /^CONFIG_\w+=/.test(line) && !COMPILER.test(line))
    .map((line) => `kernel ${line}`);
}

/** All lines of the OS payload in folder `os`, sorted. */
export function manifestLines(os: string): string[] {
  const [rootfs, config] = [join(os, "rootfs.cpio"), join(os, "kernel.config")];
  for (const file of [rootfs, config]) {
    if (!existsSync(file)) throw new Error(`${file} is missing: run make os`);
  }
  return [...fileLines(readFileSync(rootfs)), ...kernelLines(readFileSync(config, "utf8"))].sort();
}

/** Lines that only the list has (`-`), or only the payload (`+`); empty: they agree. */
export function differences(options: { expected: string; lines: readonly string[] }): string[] {
  const wanted = options.expected.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const [missing, extra] = [
    wanted.filter((line) => !options.lines.includes(line)),
    options.lines.filter((line) => !wanted.includes(line)),
  ];
  return [...missing.map((line) => `- ${line}`), ...extra.map((line) => `+ ${line}`)];
}

function main(): void {
  const { values } = parseArgs({ options: { os: { type: "string" }, write: { type: "boolean" } } });
  if (values.os === undefined) {
    process.stderr.write("usage: buildroot/manifest.ts --os OS_PAYLOAD_DIR [--write]\n");
    process.exitCode = 2;
    return;
  }
  const lines = manifestLines(values.os);
  if (values.write) {
    writeFileSync(EXPECTED, `${HEADING}${lines.join("\n")}\n`);
    return;
  }
  const found = differences({ expected: readFileSync(EXPECTED, "utf8"), lines });
  for (const line of found) process.stdout.write(`${line}\n`);
  if (found.length === 0) process.stdout.write(`${lines.length} lines, as expected\n`);
  else process.exitCode = 1;
}

if (process.argv[1] === new URL(import.meta.url).pathname) main();
