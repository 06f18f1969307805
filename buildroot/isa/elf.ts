import { IsaError } from "./errors.ts";

const EM_386 = 3;
const PT_LOAD = 1;
const PF_X = 1;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHT_REL = 9;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const STT_OBJECT = 1;
const STT_SECTION = 3;
const STT_FILE = 4;
const SHN_LORESERVE = 0xff00;

export interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly loaded: boolean;
  readonly executable: boolean;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

export interface Segment {
  readonly type: number;
  readonly executable: boolean;
  readonly address: number;
  readonly offset: number;
  readonly fileSize: number;
}

export interface ElfSymbol {
  readonly name: string;
  readonly address: number;
  readonly size: number;
}

/** True for any ELF file, whatever its machine. */
export function isElf(data: Uint8Array): boolean {
  return data.length > 52 && data[0] === 0x7f && data[1] === 0x45 && data[2] === 0x4c && data[3] === 0x46;
}

/** A 32-bit x86 ELF file held in memory: just what the instruction check asks of it. */
export class ElfFile {
  readonly name: string;
  readonly data: Buffer;
  readonly sections: readonly Section[];
  readonly segments: readonly Segment[];
  #symbols: Map<number, ElfSymbol[]> | undefined;

  constructor(name: string, data: Buffer) {
    this.name = name;
    this.data = data;
    if (!isElf(data) || data[4] !== 1 || data[5] !== 1 || data.readUInt16LE(18) !== EM_386) {
      throw new IsaError({
        code: "ISA_BAD_FILE",
        where: name,
        what: "not a 32-bit x86 ELF file, so the Quark can't run it",
        cure: "Build it with the i586 compiler or leave it off the card",
      });
    }
    try {
      this.segments = this.#table(28, 42, (offset) => this.#segment(offset));
      this.sections = this.#sections();
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new IsaError({
        code: "ISA_BAD_FILE",
        where: name,
        what: `the ELF headers point outside of the file's ${data.length} bytes`,
        cure: "The file is cut short or damaged; build it again",
      });
    }
  }

  /** Sections that hold instructions and have bytes in the file. */
  get code(): Section[] {
    return this.sections.filter(
      (section) => section.executable && section.type !== SHT_NOBITS && section.size > 0,
    );
  }

  /** Executable bytes of a file without section headers. */
  get codeSegments(): Segment[] {
    return this.segments.filter((segment) => segment.type === PT_LOAD && segment.executable);
  }

  /** Sections whose bytes are in memory when the program runs. */
  get loaded(): Section[] {
    return this.sections.filter(
      (section) => section.loaded && section.type !== SHT_NOBITS && section.size > 0,
    );
  }

  section(name: string): Section | undefined {
    return this.sections.find((section) => section.name === name);
  }

  bytes(section: Section): Buffer {
    return this.data.subarray(section.offset, section.offset + section.size);
  }

  /** Named places in a section, by address; several names may share one address. */
  symbolsIn(section: Section): readonly ElfSymbol[] {
    this.#symbols ??= this.#readSymbols();
    return this.#symbols.get(section.index) ?? [];
  }

  /** Where a name is defined. */
  find(name: string): Array<{ readonly section: Section; readonly symbol: ElfSymbol }> {
    return this.sections.flatMap((section) =>
      this.symbolsIn(section)
        .filter((symbol) => symbol.name === name)
        .map((symbol) => ({ section, symbol })),
    );
  }

  /** False for a stripped file. */
  get hasSymbols(): boolean {
    return this.#symbolTable !== undefined;
  }

  /** Offsets inside `target` that a relocation overwrites (relocatable files only). */
  relocatedOffsets(target: Section): number[] {
    const offsets: number[] = [];
    for (const section of this.sections) {
      if (section.type !== SHT_REL || section.info !== target.index) continue;
      for (let at = section.offset; at < section.offset + section.size; at += 8) {
        offsets.push(this.data.readUInt32LE(at));
      }
    }
    return offsets;
  }

  /**
   * Copy of the file in which no code section has data symbols. objdump prints what a data symbol marks as
   * a hex dump, and hand-written code puts such symbols even between an opcode and its operand.
   */
  withoutDataSymbols(): Buffer {
    const copy = Buffer.from(this.data);
    for (const at of this.#symbolOffsets()) {
      const section = this.sections[copy.readUInt16LE(at + 14)];
      const isData = (copy.readUInt8(at + 12) & 0xf) === STT_OBJECT;
      if (isData && section?.executable === true) copy.writeUInt16LE(0, at + 14); // SHN_UNDEF
    }
    return copy;
  }

  #sections(): Section[] {
    const headers = this.#table(32, 46, (offset, index) => ({ index, offset }));
    const names = headers[this.data.readUInt16LE(50)];
    if (names === undefined) return [];
    const strings = this.data.readUInt32LE(names.offset + 16);
    return headers.map(({ index, offset }) => ({
      index,
      name: this.#string(strings + this.data.readUInt32LE(offset)),
      type: this.data.readUInt32LE(offset + 4),
      loaded: (this.data.readUInt32LE(offset + 8) & SHF_ALLOC) !== 0,
      executable: (this.data.readUInt32LE(offset + 8) & SHF_EXECINSTR) !== 0,
      address: this.data.readUInt32LE(offset + 12),
      offset: this.data.readUInt32LE(offset + 16),
      size: this.data.readUInt32LE(offset + 20),
      link: this.data.readUInt32LE(offset + 24),
      info: this.data.readUInt32LE(offset + 28),
    }));
  }

  #segment(offset: number): Segment {
    return {
      type: this.data.readUInt32LE(offset),
      offset: this.data.readUInt32LE(offset + 4),
      address: this.data.readUInt32LE(offset + 8),
      fileSize: this.data.readUInt32LE(offset + 16),
      executable: (this.data.readUInt32LE(offset + 24) & PF_X) !== 0,
    };
  }

  #readSymbols(): Map<number, ElfSymbol[]> {
    const strings = this.sections[this.#symbolTable?.link ?? -1];
    const symbols = new Map<number, ElfSymbol[]>();
    if (strings === undefined) return symbols;
    for (const at of this.#symbolOffsets()) {
      const type = this.data.readUInt8(at + 12) & 0xf;
      const section = this.data.readUInt16LE(at + 14);
      const name = this.#string(strings.offset + this.data.readUInt32LE(at));
      if (
        type === STT_SECTION ||
        type === STT_FILE ||
        name === "" ||
        section === 0 ||
        section >= SHN_LORESERVE
      ) {
        continue;
      }
      const list = symbols.get(section) ?? [];
      list.push({ name, address: this.data.readUInt32LE(at + 4), size: this.data.readUInt32LE(at + 8) });
      symbols.set(section, list);
    }
    for (const list of symbols.values()) list.sort((a, b) => a.address - b.address || b.size - a.size);
    return symbols;
  }

  get #symbolTable(): Section | undefined {
    return this.sections.find((section) => section.type === SHT_SYMTAB);
  }

  #symbolOffsets(): number[] {
    const table = this.#symbolTable;
    if (table === undefined) return [];
    return Array.from({ length: Math.floor(table.size / 16) }, (_, index) => table.offset + index * 16);
  }

  /** Reads the table whose file offset and entry count stand at these places of the ELF header. */
  #table<T>(offsetAt: number, countAt: number, read: (offset: number, index: number) => T): T[] {
    const start = this.data.readUInt32LE(offsetAt);
    const entrySize = this.data.readUInt16LE(countAt);
    const count = start === 0 ? 0 : this.data.readUInt16LE(countAt + 2);
    return Array.from({ length: count }, (_, index) => read(start + index * entrySize, index));
  }

  #string(at: number): string {
    return this.data.toString("latin1", at, this.data.indexOf(0, at));
  }
}
