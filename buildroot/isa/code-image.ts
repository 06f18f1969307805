import { ElfFile } from "./elf.ts";

const HEADER = 52;
const SECTION_HEADER = 40;
const LONGEST_INSTRUCTION = 15;
const NOP = 0x90;
const NAMES = Buffer.from("\0.text\0.shstrtab\0", "latin1");

/**
 * Wraps bare machine code (a PE core, a program whose section headers were removed) into an ELF
 * file with one `.text`, so that everything goes through one and the same check.
 */
export function wrapCode(options: { name: string; code: Buffer; address: number }): ElfFile {
  const { name, address } = options;
  // Padding of the section may end in half an instruction; NOPs complete it and are harmless.
  const code = Buffer.concat([options.code, Buffer.alloc(LONGEST_INSTRUCTION, NOP)]);
  const tableAt = HEADER + code.length + NAMES.length;
  const header = Buffer.alloc(HEADER);
  header.write("\x7fELF\x01\x01\x01", "latin1");
  header.writeUInt16LE(1, 16); // ET_REL: nothing else is claimed about it
  header.writeUInt16LE(3, 18); // EM_386
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(tableAt, 32);
  header.writeUInt16LE(HEADER, 40);
  header.writeUInt16LE(SECTION_HEADER, 46);
  header.writeUInt16LE(3, 48);
  header.writeUInt16LE(2, 50);
  const table = Buffer.alloc(SECTION_HEADER * 3);
  const text = [1, 1, 6, address, HEADER, code.length, 0, 0, 1, 0]; // PROGBITS, ALLOC|EXECINSTR
  const names = [7, 3, 0, 0, HEADER + code.length, NAMES.length, 0, 0, 1, 0]; // STRTAB
  [...text, ...names].forEach((value, index) => {
    table.writeUInt32LE(value, SECTION_HEADER + index * 4);
  });
  return new ElfFile(name, Buffer.concat([header, code, NAMES, table]));
}
