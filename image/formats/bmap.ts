import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { BLOCK, type Extent, readSparse, totalLength } from "./sparse.ts";

/**
 * bmap 2.0, the block map of bmap-tools: which blocks must be written to a card, with a SHA-256 per range. Blocks
 * outside may keep whatever the card held before.
 */

const CHECKSUM_PLACEHOLDER = "0".repeat(64);

/** Describes an image. `mapped` is what must be written, `data` what of the image is not a hole; both in whole blocks. */
export async function encodeBmap(options: {
  readonly file: FileHandle;
  readonly size: number;
  readonly mapped: readonly Extent[];
  readonly data: readonly Extent[];
}): Promise<string> {
  const ranges: string[] = [];
  for (const extent of options.mapped) {
    const hash = createHash("sha256");
    for await (const chunk of readSparse({ file: options.file, data: options.data, range: extent }))
      hash.update(chunk);
    const first = extent.offset / BLOCK;
    const last = first + extent.length / BLOCK - 1;
    const blocks = first === last ? `${first}` : `${first}-${last}`;
    ranges.push(`        <Range chksum="${hash.digest("hex")}"> ${blocks} </Range>`);
  }
  const text = [
    '<?xml version="1.0" ?>',
    '<bmap version="2.0">',
    `    <ImageSize> ${options.size} </ImageSize>`,
    `    <BlockSize> ${BLOCK} </BlockSize>`,
    `    <BlocksCount> ${options.size / BLOCK} </BlocksCount>`,
    `    <MappedBlocksCount> ${totalLength(options.mapped) / BLOCK} </MappedBlocksCount>`,
    "    <ChecksumType> sha256 </ChecksumType>",
    `    <BmapFileChecksum> ${CHECKSUM_PLACEHOLDER} </BmapFileChecksum>`,
    "    <BlockMap>",
    ...ranges,
    "    </BlockMap>",
    "</bmap>",
    "",
  ].join("\n");
  // The file's own checksum is taken with zeros in its place.
  return text.replace(CHECKSUM_PLACEHOLDER, createHash("sha256").update(text).digest("hex"));
}
