import type { FileHandle } from "node:fs/promises";

/** Images with holes: which byte ranges hold data, and copying or reading only those. */

export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** Holes are kept at this granularity, the block size of file systems and of bmap files. */
export const BLOCK = 4096;
const CHUNK = 1024 * 1024;
const ZERO_BLOCK = Buffer.alloc(BLOCK);
const ZERO_CHUNK = Buffer.alloc(CHUNK);

/** Sorts extents, widens them to whole blocks and joins those that touch. */
export function mergeExtents(extents: readonly Extent[]): Extent[] {
  const merged: { offset: number; length: number }[] = [];
  for (const extent of [...extents].sort((a, b) => a.offset - b.offset)) {
    const offset = Math.floor(extent.offset / BLOCK) * BLOCK;
    const end = Math.ceil((extent.offset + extent.length) / BLOCK) * BLOCK;
    const last = merged.at(-1);
    if (last !== undefined && offset <= last.offset + last.length)
      last.length = Math.max(last.length, end - last.offset);
    else merged.push({ offset, length: end - offset });
  }
  return merged;
}

/** Moves extents, for example from partition to card coordinates. */
export function shiftExtents(extents: readonly Extent[], by: number): Extent[] {
  return extents.map(({ offset, length }) => ({ offset: offset + by, length }));
}

export function totalLength(extents: readonly Extent[]): number {
  return extents.reduce((sum, extent) => sum + extent.length, 0);
}

/** Copies the given ranges to `at` in another file, leaving out blocks of zeros. Returns what it wrote, in `to`'s bytes. */
export async function copyData(options: {
  readonly from: FileHandle;
  readonly extents: readonly Extent[];
  readonly to: FileHandle;
  readonly at: number;
}): Promise<Extent[]> {
  const { from, to, at } = options;
  const written: Extent[] = [];
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (const extent of options.extents) {
    for (let done = 0; done < extent.length; done += CHUNK) {
      const offset = extent.offset + done;
      const chunk = buffer.subarray(0, Math.min(CHUNK, extent.length - done));
      await readFully(from, chunk, offset);
      for (const run of dataRuns(chunk)) {
        await to.write(chunk, run.offset, run.length, at + offset + run.offset);
        written.push({ offset: at + offset + run.offset, length: run.length });
      }
    }
  }
  return mergeExtents(written);
}

/** Writes a file over `length` bytes of another, but only the blocks that differ, so that holes stay holes. */
export async function copyChanges(options: {
  readonly from: FileHandle;
  readonly to: FileHandle;
  readonly at: number;
  readonly length: number;
}): Promise<void> {
  const wanted = Buffer.allocUnsafe(CHUNK);
  const present = Buffer.allocUnsafe(CHUNK);
  for (let offset = 0; offset < options.length; offset += CHUNK) {
    const size = Math.min(CHUNK, options.length - offset);
    await readFully(options.from, wanted.subarray(0, size), offset);
    await readFully(options.to, present.subarray(0, size), options.at + offset);
    for (let block = 0; block < size; block += BLOCK) {
      const bytes = wanted.subarray(block, Math.min(block + BLOCK, size));
      if (!bytes.equals(present.subarray(block, block + bytes.length)))
        await options.to.write(bytes, 0, bytes.length, options.at + offset + block);
    }
  }
}

function* dataRuns(chunk: Buffer): Generator<Extent> {
  let start = -1;
  for (let offset = 0; offset < chunk.length; offset += BLOCK) {
    const block = chunk.subarray(offset, offset + BLOCK);
    const empty = block.equals(block.length === BLOCK ? ZERO_BLOCK : ZERO_BLOCK.subarray(0, block.length));
    if (!empty && start < 0) start = offset;
    if (empty && start >= 0) {
      yield { offset: start, length: offset - start };
      start = -1;
    }
  }
  if (start >= 0) yield { offset: start, length: chunk.length - start };
}

/** Yields the bytes of a range in order. Holes come from a buffer of zeros, without touching the file. */
export async function* readSparse(options: {
  readonly file: FileHandle;
  readonly data: readonly Extent[];
  readonly range: Extent;
}): AsyncGenerator<Buffer> {
  const { file, range } = options;
  const end = range.offset + range.length;
  let position = range.offset;
  for (const extent of options.data) {
    const from = Math.max(extent.offset, position);
    const to = Math.min(extent.offset + extent.length, end);
    if (from >= to) continue;
    yield* zeros(from - position);
    for (position = from; position < to; ) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, to - position));
      await readFully(file, chunk, position);
      yield chunk;
      position += chunk.length;
    }
  }
  yield* zeros(end - position);
}

function* zeros(length: number): Generator<Buffer> {
  for (let left = length; left > 0; left -= CHUNK)
    yield left >= CHUNK ? ZERO_CHUNK : ZERO_CHUNK.subarray(0, left);
}

/** Reads exactly as many bytes as the buffer holds. */
export async function readFully(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
  for (let done = 0; done < buffer.length; ) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0)
      throw new RangeError(`the file ends at ${position + done}, ${buffer.length - done} bytes short`);
    done += bytesRead;
  }
}
