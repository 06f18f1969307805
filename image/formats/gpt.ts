import type { FileHandle } from "node:fs/promises";
import { ImageError } from "../errors.ts";
import { crc32 } from "./crc32.ts";

/** GUID partition table, UEFI specification 2.10 §5: protective MBR, primary and backup header, 128 entries. */

export const SECTOR = 512;
const ENTRY_SIZE = 128;
const ENTRY_COUNT = 128;
const HEADER_SIZE = 92;
const ENTRIES_SECTORS = (ENTRY_SIZE * ENTRY_COUNT) / SECTOR;
/** Protective MBR, header and entries: what lies before the first usable sector. */
export const PRIMARY_SECTORS = 2 + ENTRIES_SECTORS;
/** Entries and header, at the very end. */
export const BACKUP_SECTORS = 1 + ENTRIES_SECTORS;
const NAME_CHARACTERS = 36;

export const TYPE_GUID = {
  linux: "0fc63daf-8483-4772-8e79-3d69d8477de4",
  esp: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
} as const;

export interface GptPartition {
  /** 1-based index in the table: the N of mmcblk0pN. */
  readonly number: number;
  readonly label: string;
  readonly guid: string;
  readonly typeGuid: string;
  /** Bytes from the start of the disk. */
  readonly offset: number;
  readonly size: number;
}

export interface Gpt {
  readonly diskGuid: string;
  readonly size: number;
  readonly partitions: readonly GptPartition[];
}

/** Bytes and where on the disk they belong. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Makes both copies of the table: the first piece starts the disk, the second ends it. */
export function encodeGpt(gpt: Gpt): readonly [Piece, Piece] {
  const sectors = gpt.size / SECTOR;
  const entries = Buffer.alloc(ENTRY_SIZE * ENTRY_COUNT);
  for (const partition of gpt.partitions) encodeEntry(entries, partition);
  const header = (own: number, other: number, entriesAt: number) =>
    encodeHeader({ own, other, entriesAt, sectors, entries, diskGuid: gpt.diskGuid });
  const last = sectors - 1;
  const primary = Buffer.concat([protectiveMbr(sectors), header(1, last, 2), entries]);
  const backup = Buffer.concat([entries, header(last, 1, sectors - BACKUP_SECTORS)]);
  return [
    { offset: 0, bytes: primary },
    { offset: gpt.size - backup.length, bytes: backup },
  ];
}

function encodeEntry(entries: Buffer, partition: GptPartition): void {
  const entry = entries.subarray((partition.number - 1) * ENTRY_SIZE, partition.number * ENTRY_SIZE);
  encodeGuid(partition.typeGuid).copy(entry, 0);
  encodeGuid(partition.guid).copy(entry, 16);
  entry.writeBigUInt64LE(BigInt(partition.offset / SECTOR), 32);
  entry.writeBigUInt64LE(BigInt((partition.offset + partition.size) / SECTOR - 1), 40);
  entry.write(partition.label, 56, NAME_CHARACTERS * 2, "utf16le");
}

function encodeHeader(options: {
  readonly own: number;
  readonly other: number;
  readonly entriesAt: number;
  readonly sectors: number;
  readonly entries: Buffer;
  readonly diskGuid: string;
}): Buffer {
  const header = Buffer.alloc(SECTOR);
  header.write("EFI PART", 0, "latin1");
  header.writeUInt32LE(0x00010000, 8);
  header.writeUInt32LE(HEADER_SIZE, 12);
  header.writeBigUInt64LE(BigInt(options.own), 24);
  header.writeBigUInt64LE(BigInt(options.other), 32);
  header.writeBigUInt64LE(BigInt(PRIMARY_SECTORS), 40);
  header.writeBigUInt64LE(BigInt(options.sectors - BACKUP_SECTORS - 1), 48);
  encodeGuid(options.diskGuid).copy(header, 56);
  header.writeBigUInt64LE(BigInt(options.entriesAt), 72);
  header.writeUInt32LE(ENTRY_COUNT, 80);
  header.writeUInt32LE(ENTRY_SIZE, 84);
  header.writeUInt32LE(crc32(options.entries), 88);
  header.writeUInt32LE(crc32(header.subarray(0, HEADER_SIZE)), 16);
  return header;
}

/** One partition of type EE over everything, so that tools that know no GPT leave the disk alone (UEFI §5.2.3). */
function protectiveMbr(sectors: number): Buffer {
  const mbr = Buffer.alloc(SECTOR);
  mbr.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 446);
  mbr.writeUInt32LE(1, 454);
  mbr.writeUInt32LE(Math.min(sectors - 1, 0xffffffff), 458);
  mbr.writeUInt16LE(0xaa55, 510);
  return mbr;
}

/** Text form to the mixed-endian bytes of UEFI: the first three fields are little-endian. */
function encodeGuid(guid: string): Buffer {
  const raw = Buffer.from(guid.replaceAll("-", ""), "hex");
  raw.subarray(0, 4).reverse();
  raw.subarray(4, 6).reverse();
  raw.subarray(6, 8).reverse();
  return raw;
}

function decodeGuid(bytes: Buffer): string {
  const raw = Buffer.from(bytes);
  raw.subarray(0, 4).reverse();
  raw.subarray(4, 6).reverse();
  raw.subarray(6, 8).reverse();
  return raw.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Reads and checks the primary table of an open image. */
export async function readGpt(image: FileHandle, name: string): Promise<Gpt> {
  const fail = (problem: string): ImageError =>
    new ImageError({
      code: "IMAGE_NO_GPT",
      message: `${name} is not a card image: ${problem}`,
      next: "use an image made by `gwcard build`, unpacked (not the .xz)",
      data: { image: name },
    });
  const start = Buffer.alloc(PRIMARY_SECTORS * SECTOR);
  const { bytesRead } = await image.read(start, 0, start.length, 0);
  if (bytesRead < start.length) throw fail(`it has only ${bytesRead} bytes`);
  const header = Buffer.from(start.subarray(SECTOR, SECTOR + HEADER_SIZE));
  if (header.toString("latin1", 0, 8) !== "EFI PART") throw fail("it has no GUID partition table");
  const headerCrc = header.readUInt32LE(16);
  header.writeUInt32LE(0, 16);
  if (crc32(header) !== headerCrc) throw fail("the checksum of the partition table header is wrong");
  if (header.readUInt32LE(80) !== ENTRY_COUNT || header.readUInt32LE(84) !== ENTRY_SIZE)
    throw fail("its partition table has an unusual size");
  const entries = start.subarray(2 * SECTOR);
  if (crc32(entries) !== header.readUInt32LE(88))
    throw fail("the checksum of the partition entries is wrong");
  const partitions: GptPartition[] = [];
  for (let number = 1; number <= ENTRY_COUNT; number++) {
    const entry = entries.subarray((number - 1) * ENTRY_SIZE, number * ENTRY_SIZE);
    if (entry.subarray(0, 16).every((byte) => byte === 0)) continue;
    const first = Number(entry.readBigUInt64LE(32));
    const last = Number(entry.readBigUInt64LE(40));
    partitions.push({
      number,
      label: entry.toString("utf16le", 56, ENTRY_SIZE).replace(/\0.*$/s, ""),
      typeGuid: decodeGuid(entry.subarray(0, 16)),
      guid: decodeGuid(entry.subarray(16, 32)),
      offset: first * SECTOR,
      size: (last - first + 1) * SECTOR,
    });
  }
  const size = (Number(header.readBigUInt64LE(32)) + 1) * SECTOR;
  return { diskGuid: decodeGuid(header.subarray(56, 72)), size, partitions };
}
