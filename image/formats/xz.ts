import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { runTogether } from "../parallel.ts";
import { runTool } from "../tools.ts";
import { crc32 } from "./crc32.ts";
import { type Extent, readFully, readSparse } from "./sparse.ts";

/**
 * Compresses a mostly empty image into one ordinary .xz stream (The .xz File Format 1.2.0) in well under a second.
 * The image is cut into cells. What is compressible goes through xz; runs of zeros repeat one block that xz made of
 * zeros once; and what would not shrink (the kernel and root file system are compressed already) is stored by us, for
 * xz would spend seconds on finding that out.
 */

const CELL = 1024 * 1024;
const LONG_ZEROS = 16 * CELL;
/** LZMA2 dictionary of xz -1, and its code in a block header. */
const DICTIONARY_CODE = 16;
const XZ_ARGS = ["--compress", "--stdout", "-1", "--threads=2", "--check=crc32"];
/** Bits of entropy per byte above which a cell is stored: at most 1.3 % could be gained. */
const STORE_ABOVE = 7.9;
/** A prime, so that no structure of the data is in step with it. */
const SAMPLE_STEP = 7;
const LZMA2_CHUNK = 64 * 1024;

const HEADER_MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const FOOTER_MAGIC = Buffer.from("YZ", "latin1");
const CHECK_CRC32 = 1;
const STREAM_FLAGS = Buffer.from([0, CHECK_CRC32]);
const HEADER_SIZE = 12;
const FOOTER_SIZE = 12;

/** One independently compressed part of a stream: its bytes, padded, and what the index says about it. */
interface Block {
  readonly bytes: Buffer;
  readonly unpadded: number;
  readonly uncompressed: number;
}

interface Cell {
  readonly range: Extent;
  readonly kind: "zero" | "xz" | "store";
}

/** Writes the .xz of an image; `data` are the parts that are not holes. */
export async function writeXz(options: {
  readonly image: FileHandle;
  readonly size: number;
  readonly data: readonly Extent[];
  readonly output: string;
  readonly work: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const cells = await planCells(options);
  const squeezed = cells.filter((cell) => cell.kind === "xz");
  const zeroCell = Buffer.alloc(CELL);
  const input = async function* (): AsyncGenerator<Buffer> {
    // First, because the last cell of an image may be shorter, and xz cuts at multiples of the cell size.
    yield zeroCell;
    for (const cell of squeezed)
      yield* readSparse({ file: options.image, data: options.data, range: cell.range });
  };
  const longInput = Array.from({ length: LONG_ZEROS / CELL }, () => zeroCell);
  const [blocks, longZeros] = await runTogether(options.signal, [
    (signal) => compress({ ...options, signal, input: input(), blockSize: CELL, name: "cells.xz" }),
    (signal) => compress({ ...options, signal, input: longInput, blockSize: LONG_ZEROS, name: "zeros.xz" }),
  ]);
  const shortZero = blocks.shift() as Block;
  await assemble({ ...options, cells, blocks, zeros: [longZeros[0] as Block, shortZero] });
}

async function planCells(options: {
  readonly image: FileHandle;
  readonly size: number;
  readonly data: readonly Extent[];
}): Promise<Cell[]> {
  const cells: Cell[] = [];
  let next = 0;
  for (let offset = 0; offset < options.size; offset += CELL) {
    const range = { offset, length: Math.min(CELL, options.size - offset) };
    while ((options.data[next]?.offset ?? Infinity) + (options.data[next]?.length ?? 0) <= offset) next++;
    const holdsData = (options.data[next]?.offset ?? Infinity) < offset + range.length;
    // An odd rest at the end is left to xz: the prepared zeros have fixed sizes.
    if (!holdsData && range.length === CELL) cells.push({ range, kind: "zero" });
    else cells.push({ range, kind: (await isDense({ ...options, range })) ? "store" : "xz" });
  }
  return cells;
}

/** Whether the bytes, by a sample of them, are so evenly distributed that compressing them is in vain. */
async function isDense(options: {
  readonly image: FileHandle;
  readonly data: readonly Extent[];
  readonly range: Extent;
}): Promise<boolean> {
  const counts = new Uint32Array(256);
  let samples = 0;
  for await (const chunk of readSparse({ file: options.image, data: options.data, range: options.range }))
    for (let at = 0; at < chunk.length; at += SAMPLE_STEP, samples++) {
      const byte = chunk[at] as number;
      counts[byte] = (counts[byte] as number) + 1;
    }
  let entropy = 0;
  for (const count of counts) if (count > 0) entropy -= (count / samples) * Math.log2(count / samples);
  return entropy > STORE_ABOVE;
}

/** Lets xz compress the input in blocks of a fixed size and takes the blocks out of the stream it made. */
async function compress(options: {
  readonly input: AsyncIterable<Buffer> | Iterable<Buffer>;
  readonly blockSize: number;
  readonly work: string;
  readonly name: string;
  readonly signal: AbortSignal;
}): Promise<Block[]> {
  const file = await open(path.join(options.work, options.name), "w+");
  try {
    await runTool("xz", {
      args: [...XZ_ARGS, `--block-size=${options.blockSize}`],
      input: options.input,
      output: file.fd,
      signal: options.signal,
    });
    const { size } = await file.stat();
    const stream = Buffer.alloc(size);
    await readFully(file, stream, 0);
    return splitStream(stream);
  } finally {
    await file.close();
  }
}

/** Reads the index at the end of a stream and cuts the stream at the borders of its blocks. */
function splitStream(stream: Buffer): Block[] {
  const footer = stream.subarray(stream.length - FOOTER_SIZE);
  const indexSize = (footer.readUInt32LE(4) + 1) * 4;
  const index = stream.subarray(stream.length - FOOTER_SIZE - indexSize);
  let at = 1;
  const number = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = index[at++] as number;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  const count = number();
  const blocks: Block[] = [];
  let offset = HEADER_SIZE;
  for (let n = 0; n < count; n++) {
    const unpadded = number();
    const uncompressed = number();
    const end = offset + Math.ceil(unpadded / 4) * 4;
    blocks.push({ bytes: stream.subarray(offset, end), unpadded, uncompressed });
    offset = end;
  }
  return blocks;
}

async function assemble(options: {
  readonly image: FileHandle;
  readonly data: readonly Extent[];
  readonly output: string;
  readonly cells: readonly Cell[];
  readonly blocks: readonly Block[];
  readonly zeros: readonly [Block, Block];
}): Promise<void> {
  const [longZero, shortZero] = options.zeros;
  const output = await open(options.output, "w");
  const records: Buffer[] = [];
  const append = async (block: Block): Promise<void> => {
    await output.appendFile(block.bytes);
    records.push(encodeNumber(block.unpadded), encodeNumber(block.uncompressed));
  };
  let zeros = 0;
  const flushZeros = async (): Promise<void> => {
    for (; zeros >= LONG_ZEROS / CELL; zeros -= LONG_ZEROS / CELL) await append(longZero);
    for (; zeros > 0; zeros--) await append(shortZero);
  };
  let squeezed = 0;
  try {
    await output.appendFile(Buffer.concat([HEADER_MAGIC, STREAM_FLAGS, uint32(crc32(STREAM_FLAGS))]));
    for (const cell of options.cells) {
      if (cell.kind === "zero") {
        zeros++;
        continue;
      }
      await flushZeros();
      if (cell.kind === "xz") await append(options.blocks[squeezed++] as Block);
      else {
        const parts: Buffer[] = [];
        for await (const part of readSparse({ file: options.image, data: options.data, range: cell.range }))
          parts.push(part);
        await append(storedBlock(Buffer.concat(parts)));
      }
    }
    await flushZeros();
    await output.appendFile(indexAndFooter(records));
  } finally {
    await output.close();
  }
}

/** A block whose LZMA2 data is nothing but uncompressed chunks (control byte 1: reset dictionary, 2: go on, 0: end). */
function storedBlock(bytes: Buffer): Block {
  const chunks: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; offset += LZMA2_CHUNK) {
    const chunk = bytes.subarray(offset, offset + LZMA2_CHUNK);
    const head = Buffer.from([offset === 0 ? 1 : 2, 0, 0]);
    head.writeUInt16BE(chunk.length - 1, 1);
    chunks.push(head, chunk);
  }
  chunks.push(Buffer.from([0]));
  const compressed = Buffer.concat(chunks);
  // Header: both sizes present, one filter: LZMA2 (21h) with one byte of properties.
  const sizes = Buffer.concat([encodeNumber(compressed.length), encodeNumber(bytes.length)]);
  const fields = pad4(
    Buffer.concat([Buffer.from([0, 0xc0]), sizes, Buffer.from([0x21, 1, DICTIONARY_CODE])]),
  );
  fields[0] = fields.length / 4;
  const header = Buffer.concat([fields, uint32(crc32(fields))]);
  const check = uint32(crc32(bytes));
  return {
    bytes: Buffer.concat([header, pad4(compressed), check]),
    unpadded: header.length + compressed.length + check.length,
    uncompressed: bytes.length,
  };
}

function indexAndFooter(records: readonly Buffer[]): Buffer {
  const body = pad4(Buffer.concat([Buffer.from([0]), encodeNumber(records.length / 2), ...records]));
  const index = Buffer.concat([body, uint32(crc32(body))]);
  const trailer = Buffer.concat([uint32(index.length / 4 - 1), STREAM_FLAGS]);
  return Buffer.concat([index, uint32(crc32(trailer)), trailer, FOOTER_MAGIC]);
}

/** Variable-length integer: seven bits per byte, the lowest first. */
function encodeNumber(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function pad4(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
