import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, writeFile } from "node:fs/promises";
import path from "node:path";
import { type ContentEntry, readContents } from "./contents.ts";
import { encodeBmap } from "./formats/bmap.ts";
import { ext3UsedExtents, makeExt3 } from "./formats/ext3.ts";
import { fatUsedExtents, makeFat32 } from "./formats/fat.ts";
import { encodeGpt } from "./formats/gpt.ts";
import { encodeSbom } from "./formats/sbom.ts";
import {
  copyData,
  type Extent,
  mergeExtents,
  readSparse,
  shiftExtents,
  totalLength,
} from "./formats/sparse.ts";
import { writeXz } from "./formats/xz.ts";
import { CARD_EPOCH, type Layout, type LayoutPartition } from "./layout.ts";
import { stageOutput } from "./output.ts";
import { runTogether } from "./parallel.ts";
import { hashFile, type Payload } from "./payload.ts";
import { requireTools } from "./tools.ts";

/** Makes a card image and everything that goes with it (design: the card). */

export interface BuildOptions {
  readonly layout: Layout;
  readonly payload: Payload;
  /** The image; its companions lie beside it: .xz, .bmap, .sha256, .cdx.json. */
  readonly output: string;
  readonly signal: AbortSignal;
}

export interface BuildResult {
  readonly files: readonly string[];
  readonly sha256: string;
  readonly size: number;
  /** Bytes that must be written to a card, and bytes that the sparse file takes on this machine. */
  readonly mapped: number;
  readonly stored: number;
  readonly compressed: number;
}

interface Composed {
  readonly mapped: readonly Extent[];
  readonly data: readonly Extent[];
}

/** Builds the image in a folder beside the output and moves all files into place at the very end. */
export async function buildCard(options: BuildOptions): Promise<BuildResult> {
  const { layout, payload, signal } = options;
  await requireTools(["mke2fs", "debugfs", "mkfs.vfat", "mmd", "mcopy", "xz"]);
  const contents = new Map<LayoutPartition, ContentEntry[]>();
  for (const partition of layout.partitions)
    contents.set(partition, await readContents({ layout, partition, payload }));

  return stageOutput({ output: options.output, signal }, async ({ folder, work, names }) => {
    const image = await open(path.join(folder, names.image), "w+");
    try {
      const { mapped, data } = await compose({ layout, contents, image, work, signal });
      const xz = path.join(folder, names.xz);
      const [sha256, bmap] = await runTogether(signal, [
        (stop) => hashImage({ image, size: layout.size, data, signal: stop }),
        () => encodeBmap({ file: image, size: layout.size, mapped, data }),
        (stop) => writeXz({ image, size: layout.size, data, output: xz, work, signal: stop }),
      ]);
      await writeFile(path.join(folder, names.bmap), bmap);
      await writeFile(
        path.join(folder, names.sbom),
        await encodeSbom({ payload, name: names.image, sha256 }),
      );
      const hashes = [`${sha256}  ${names.image}`];
      for (const name of [names.xz, names.bmap, names.sbom])
        hashes.push(`${await hashFile(path.join(folder, name))}  ${name}`);
      await writeFile(path.join(folder, names.sha256), `${hashes.join("\n")}\n`);
      const handle = await open(xz, "r");
      const compressed = (await handle.stat().finally(() => handle.close())).size;
      const files = Object.values(names).map((name) => path.join(path.dirname(options.output), name));
      const sizes = { size: layout.size, mapped: totalLength(mapped), stored: totalLength(data), compressed };
      return { files, sha256, ...sizes };
    } finally {
      await image.close();
    }
  });
}

/** Makes every partition on its own and puts them together. */
async function compose(options: {
  readonly layout: Layout;
  readonly contents: ReadonlyMap<LayoutPartition, ContentEntry[]>;
  readonly image: FileHandle;
  readonly work: string;
  readonly signal: AbortSignal;
}): Promise<Composed> {
  const { layout, image } = options;
  await image.truncate(layout.size);
  const parts = await runTogether(
    options.signal,
    layout.partitions.map(
      (partition) => (signal: AbortSignal) => placePartition({ ...options, partition, signal }),
    ),
  );
  const table: Extent[] = [];
  for (const { offset, bytes } of encodeGpt(layout)) {
    await image.write(bytes, 0, bytes.length, offset);
    table.push({ offset, length: bytes.length });
  }
  return {
    mapped: mergeExtents([...table, ...parts.flatMap((part) => part.mapped)]),
    data: mergeExtents([...table, ...parts.flatMap((part) => part.data)]),
  };
}

async function placePartition(options: {
  readonly partition: LayoutPartition;
  readonly contents: ReadonlyMap<LayoutPartition, ContentEntry[]>;
  readonly image: FileHandle;
  readonly work: string;
  readonly signal: AbortSignal;
}): Promise<Composed> {
  const { partition, signal } = options;
  const work = path.join(options.work, partition.label);
  await mkdir(work);
  const file = path.join(work, "partition.img");
  const { label, size, offset, fileSystem } = partition;
  const entries = options.contents.get(partition) ?? [];
  const common = { file, size, offset, label, entries, time: CARD_EPOCH, work, signal };
  if (fileSystem.type === "fat32") await makeFat32({ ...common, settings: fileSystem });
  else await makeExt3({ ...common, settings: fileSystem });
  const from = await open(file, "r");
  try {
    const extents = await (fileSystem.type === "fat32" ? fatUsedExtents(from) : ext3UsedExtents(from));
    const data = await copyData({ from, extents, to: options.image, at: offset });
    return { mapped: shiftExtents(extents, offset), data };
  } finally {
    await from.close();
  }
}

async function hashImage(options: {
  readonly image: FileHandle;
  readonly size: number;
  readonly data: readonly Extent[];
  readonly signal: AbortSignal;
}): Promise<string> {
  const hash = createHash("sha256");
  const range = { offset: 0, length: options.size };
  for await (const chunk of readSparse({ file: options.image, data: options.data, range })) {
    options.signal.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest("hex");
}
