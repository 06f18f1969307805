import path from "node:path";
import { fileURLToPath } from "node:url";
import { LayoutError } from "./errors.ts";
import { INODE_SIZE } from "./formats/ext3.ts";
import { BACKUP_SECTORS, PRIMARY_SECTORS, SECTOR, TYPE_GUID } from "./formats/gpt.ts";
import { readChecked } from "./schema.ts";

/** The geometry of the card: `partitions/layout.json`, checked, with every size in bytes (R11, R12). */

/**
 * Time stamp of everything on the card, seconds since 1970: 2000-01-01T00:00:00Z. Fixed, so that two builds give
 * the same bytes; early, because a device whose clock has lost its battery must not find the card dated in the future.
 */
export const CARD_EPOCH = Date.UTC(2000, 0, 1) / 1000;

/** Partitions, file system blocks and holes all lie on this grid. */
export const ALIGNMENT = 4096;

/** The smallest cards sold as 4 GB hold a little less than 3.7e9 bytes. */
const MAX_CARD_SIZE = 3.6e9;

/** R11: what the product's card has; the sixth, FAT, is what UEFI starts from. */
export const CARD_LABELS = ["HW-BOOT", "HW-LOG", "HW-IDS", "HW-INW", "HW-ENW"] as const;

const FAT_LABEL_LIMIT = 11;
/** Fewer clusters of one sector and the file system would be FAT16 by definition. */
const FAT32_MIN_SIZE = 34 * 1024 * 1024;

export interface Ext3Settings {
  readonly type: "ext3";
  readonly uuid: string;
  readonly journalSize: number;
  readonly inodes: number;
}

export interface Fat32Settings {
  readonly type: "fat32";
  readonly volumeId: string;
}

export interface LayoutPartition {
  readonly number: number;
  readonly label: string;
  readonly guid: string;
  readonly typeGuid: string;
  /** Bytes from the start of the card. */
  readonly offset: number;
  readonly size: number;
  readonly fileSystem: Ext3Settings | Fat32Settings;
}

export interface Layout {
  readonly file: string;
  readonly diskGuid: string;
  readonly size: number;
  /** In the order in which they lie on the card, not by number. */
  readonly partitions: readonly LayoutPartition[];
}

interface LayoutFile {
  readonly diskGuid: string;
  readonly size: string;
  readonly partitions: readonly {
    readonly number: number;
    readonly label: string;
    readonly guid: string;
    readonly start: string;
    readonly size: string;
    readonly fileSystem:
      | { readonly type: "ext3"; readonly uuid: string; readonly journal: string; readonly inodes: number }
      | Fat32Settings;
  }[];
}

const UNIT = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

export const DEFAULT_LAYOUT = fileURLToPath(new URL("../partitions/layout.json", import.meta.url));

/** Reads a layout file and refuses anything that would make a card with a flaw, before any byte is written. */
export async function readLayout(file: string = DEFAULT_LAYOUT): Promise<Layout> {
  const raw = await readChecked<LayoutFile>({ file, schema: "layout.schema.json" });
  const layout: Layout = {
    file,
    diskGuid: raw.diskGuid,
    size: bytes(raw.size),
    partitions: raw.partitions.map((partition) => ({
      number: partition.number,
      label: partition.label,
      guid: partition.guid,
      typeGuid: partition.fileSystem.type === "fat32" ? TYPE_GUID.esp : TYPE_GUID.linux,
      offset: bytes(partition.start),
      size: bytes(partition.size),
      fileSystem:
        partition.fileSystem.type === "fat32"
          ? partition.fileSystem
          : {
              type: "ext3",
              uuid: partition.fileSystem.uuid,
              journalSize: bytes(partition.fileSystem.journal),
              inodes: partition.fileSystem.inodes,
            },
    })),
  };
  checkCardSize(layout);
  checkUnique(layout);
  layout.partitions.forEach((partition, index) => {
    checkGeometry(layout, partition, index);
    checkFileSystem(layout, partition, index);
  });
  checkComplete(layout);
  return layout;
}

/** Folder with what a partition starts with: `contents.json` and the files it names. */
export function contentsFolder(layout: Layout, label: string): string {
  return path.join(path.dirname(layout.file), label);
}

function bytes(text: string): number {
  const [, amount, unit] = /^(\d+)(KiB|MiB|GiB)$/.exec(text) as unknown as [
    string,
    string,
    keyof typeof UNIT,
  ];
  return Number(amount) * UNIT[unit];
}

function checkCardSize(layout: Layout): void {
  const { file, size } = layout;
  const pointer = "/size";
  if (size % ALIGNMENT !== 0)
    throw new LayoutError({
      file,
      pointer,
      problem: `${size} bytes is not a multiple of ${ALIGNMENT}`,
      next: "flashing tools refuse odd sizes; use whole MiB",
    });
  if (size > MAX_CARD_SIZE)
    throw new LayoutError({
      file,
      pointer,
      problem: `${size} bytes do not fit a card sold as 4 GB (${MAX_CARD_SIZE})`,
      next: "make HW-LOG smaller",
    });
}

function checkUnique(layout: Layout): void {
  const seen = new Map<string, string>([[`GUID ${layout.diskGuid}`, "/diskGuid"]]);
  const claim = (what: string, pointer: string): void => {
    const earlier = seen.get(what);
    if (earlier !== undefined)
      throw new LayoutError({
        file: layout.file,
        pointer,
        problem: `${what} is already used at ${earlier}`,
        next: "give each its own",
      });
    seen.set(what, pointer);
  };
  layout.partitions.forEach((partition, index) => {
    const pointer = `/partitions/${index}`;
    claim(`partition number ${partition.number}`, `${pointer}/number`);
    claim(`label ${partition.label}`, `${pointer}/label`);
    claim(`GUID ${partition.guid}`, `${pointer}/guid`);
    const { fileSystem } = partition;
    if (fileSystem.type === "ext3") claim(`GUID ${fileSystem.uuid}`, `${pointer}/fileSystem/uuid`);
  });
}

function checkGeometry(layout: Layout, partition: LayoutPartition, index: number): void {
  const { file } = layout;
  const pointer = `/partitions/${index}`;
  const end = partition.offset + partition.size;
  for (const [key, value] of [
    ["start", partition.offset],
    ["size", partition.size],
  ] as const)
    if (value % ALIGNMENT !== 0)
      throw new LayoutError({
        file,
        pointer: `${pointer}/${key}`,
        problem: `${partition.label}: ${value} bytes is not a multiple of ${ALIGNMENT}`,
        next: "use whole MiB",
      });
  const first = PRIMARY_SECTORS * SECTOR;
  if (partition.offset < first)
    throw new LayoutError({
      file,
      pointer: `${pointer}/start`,
      problem: `${partition.label} starts at ${partition.offset}, inside the partition table (ends at ${first})`,
      next: "start at 1MiB or later",
    });
  const last = layout.size - BACKUP_SECTORS * SECTOR;
  if (end > last)
    throw new LayoutError({
      file,
      pointer: `${pointer}/size`,
      problem: `${partition.label} ends at ${end}, behind the last usable byte ${last} of the card`,
      next: "make it smaller, or the card (/size) bigger; the last 1MiB belongs to the backup partition table",
    });
  for (const [otherIndex, other] of layout.partitions.slice(0, index).entries())
    if (partition.offset < other.offset + other.size && other.offset < end)
      throw new LayoutError({
        file,
        pointer: `${pointer}/start`,
        problem:
          `${partition.label} (${partition.offset} to ${end}) overlaps ` +
          `${other.label} (${other.offset} to ${other.offset + other.size}, /partitions/${otherIndex})`,
        next: `start it at ${other.offset + other.size} bytes or later`,
      });
}

function checkFileSystem(layout: Layout, partition: LayoutPartition, index: number): void {
  const { file } = layout;
  const pointer = `/partitions/${index}`;
  const { fileSystem } = partition;
  if (fileSystem.type === "fat32") {
    if (partition.label.length > FAT_LABEL_LIMIT)
      throw new LayoutError({
        file,
        pointer: `${pointer}/label`,
        problem: `${partition.label} has more than the ${FAT_LABEL_LIMIT} characters of a FAT label`,
        next: "shorten it",
      });
    if (partition.size < FAT32_MIN_SIZE)
      throw new LayoutError({
        file,
        pointer: `${pointer}/size`,
        problem: `${partition.label}: ${partition.size} bytes are too few for FAT32`,
        next: "use 34MiB or more",
      });
    return;
  }
  if (fileSystem.journalSize < 4 * UNIT.MiB || fileSystem.journalSize % UNIT.MiB !== 0)
    throw new LayoutError({
      file,
      pointer: `${pointer}/fileSystem/journal`,
      problem: `${partition.label}: a journal needs whole MiB, at least 4MiB`,
      next: "use 4MiB",
    });
  // mke2fs wants as much room left as the journal takes; bitmaps and the like take a little, too.
  const room = (partition.size - fileSystem.inodes * INODE_SIZE) * 0.95;
  if (fileSystem.journalSize > room / 2)
    throw new LayoutError({
      file,
      pointer: `${pointer}/fileSystem/journal`,
      problem: `${partition.label}: the journal would take more than half of the ${Math.floor(room)} bytes that are free`,
      next: "make the journal smaller, the inodes fewer or the partition bigger",
    });
}

function checkComplete(layout: Layout): void {
  const ext3 = layout.partitions.filter((partition) => partition.fileSystem.type === "ext3");
  const missing = CARD_LABELS.find((label) => !ext3.some((partition) => partition.label === label));
  if (missing !== undefined)
    throw new LayoutError({
      file: layout.file,
      pointer: "/partitions",
      problem: `there is no ext3 partition ${missing}`,
      next: `the gateway needs ${CARD_LABELS.join(", ")}`,
    });
  if (ext3.length !== layout.partitions.length - 1)
    throw new LayoutError({
      file: layout.file,
      pointer: "/partitions",
      problem: `there are ${layout.partitions.length - ext3.length} fat32 partitions`,
      next: "the device's firmware starts from exactly one",
    });
}
