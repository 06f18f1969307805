import type { ElfFile, ElfSymbol, Section } from "./elf.ts";
import type { DataExcuse, Excuses } from "./excuses.ts";

const NOP = 0x90;

/** Something with instructions in it, found on the card or in an OS payload. */
export interface Program {
  /** What reports and excuses call it: `/usr/bin/busybox`, `kernel/vmlinux`, `grub/normal`. */
  readonly name: string;
  /** Where it was found: `card.img:HW-BOOT/boot/bzImage`. */
  readonly origin: string;
  /** The program itself, or its unstripped twin once that is proven to hold the same code. */
  readonly elf: ElfFile;
  /** Sections of 16-bit code. */
  readonly realMode?: (section: Section) => boolean;
  /** CPU features (`0*32+26`, `!` in front when absence patches) under which the kernel patches this code in. */
  readonly featuresAt?: (section: Section, address: number) => string[];
}

/** Names every function a place belongs to, aliases included; the first is the one to print. */
export function functionsAt(
  elf: ElfFile,
  section: Section,
  address: number,
): { names: string[]; offset: number } {
  const inside = elf.symbolsIn(section).filter((symbol) => symbol.address <= address);
  const covering = inside.filter((symbol) => symbol.size > 0 && address < symbol.address + symbol.size);
  const nearest = inside.at(-1);
  const home = covering.at(-1) ?? nearest;
  if (home === undefined) return { names: [section.name], offset: address - section.address };
  const aliases = inside.filter((symbol) => symbol.address === home.address && sameKind(symbol, home));
  const plain = [
    ...new Set(aliases.map((symbol) => symbol.name.replace(/\.(isra|constprop|part|cold)\b.*$/, ""))),
  ];
  const past = home.size > 0 && address >= home.address + home.size;
  return { names: past ? plain.map((name) => `after ${name}`) : plain, offset: address - home.address };
}

function sameKind(a: ElfSymbol, b: ElfSymbol): boolean {
  return a.size > 0 === b.size > 0;
}

/** Copy of the program's bytes in which everything that is excused as data reads as NOPs. */
export function withoutData(program: Program, excuses: Excuses): Buffer {
  const { elf } = program;
  const copy = elf.withoutDataSymbols();
  for (const { index, excuse } of excuses.dataFor(program.name)) {
    for (const section of elf.code.filter((candidate) => candidate.name === excuse.section)) {
      for (const [from, to] of dataRanges(elf, section, excuse)) {
        copy.fill(NOP, section.offset + from, section.offset + to);
        excuses.dataFound(index);
      }
    }
  }
  return copy;
}

function dataRanges(elf: ElfFile, section: Section, excuse: DataExcuse): Array<[number, number]> {
  const base = section.address;
  if (excuse.symbol !== undefined) {
    const symbols = elf.symbolsIn(section);
    return symbols
      .filter((symbol) => symbol.name === excuse.symbol)
      .map((symbol) => {
        const next = symbols.find((other) => other.address > symbol.address);
        const end = (next?.address ?? base + section.size) - base;
        const length = excuse.length ?? (symbol.size || end - (symbol.address - base));
        return [symbol.address - base, Math.min(symbol.address - base + length, section.size)];
      });
  }
  if (excuse.startsWith === undefined) return [[0, section.size]];
  const bytes = elf.bytes(section);
  const start = Buffer.from(excuse.startsWith, "hex");
  const ranges: Array<[number, number]> = [];
  for (let at = bytes.indexOf(start); at >= 0; at = bytes.indexOf(start, at + 1)) {
    ranges.push([at, Math.min(at + (excuse.length ?? 0), section.size)]);
  }
  return ranges;
}
