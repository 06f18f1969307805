/** Reading and writing by descriptor. */
import { native } from "../../binding.ts";
import { Buffer } from "../buffer.ts";
import { invalidArgType, invalidArgValue, outOfRange, validateInteger } from "../node-error.ts";

/** On open files (`native/fs_io.c`). */
interface IoBinding {
  open(path: string, flags: number, mode: number): number;
  close(fd: number): void;
  read(fd: number, bytes: ArrayBufferView, offset: number, length: number, position: number | null): number;
  write(fd: number, bytes: ArrayBufferView, offset: number, length: number, position: number | null): number;
  readAll(fd: number): Buffer;
  ftruncate(fd: number, length: number): void;
  fsync(fd: number): void;
  fdatasync(fd: number): void;
}

export const io = native("fs_io") as IoBinding;

export function checkFd(fd: unknown): asserts fd is number {
  validateInteger(fd, "fd", 0, 2 ** 31 - 1);
}

interface ReadOptions {
  offset?: number;
  length?: number;
  position?: number | bigint | null;
}

export function readSync(
  fd: number,
  bytes: ArrayBufferView,
  offsetOrOptions: number | ReadOptions = 0,
  length?: number,
  position?: number | bigint | null,
): number {
  checkFd(fd);
  if (!ArrayBuffer.isView(bytes)) throw invalidArgType("buffer", ["Buffer", "TypedArray", "DataView"], bytes);
  const options: ReadOptions =
    typeof offsetOrOptions === "object" && offsetOrOptions !== null
      ? offsetOrOptions
      : {
          offset: offsetOrOptions,
          ...(length !== undefined && { length }),
          ...(position !== undefined && { position }),
        };
  const offset = options.offset ?? 0;
  validateInteger(offset, "offset", 0);
  const count = options.length ?? bytes.byteLength - offset;
  if (count !== 0) {
    if (bytes.byteLength === 0) throw invalidArgValue("buffer", bytes, "is empty and cannot be written");
    checkLength(count, bytes.byteLength - offset);
  }
  const at = options.position ?? null;
  return count === 0 ? 0 : io.read(fd, bytes, offset, count, at === null || at === -1 ? null : Number(at));
}

function checkLength(length: number, most: number): void {
  if (length < 0) throw outOfRange("length", ">= 0", length);
  if (length > most) throw outOfRange("length", `<= ${most}`, length);
}

/** Writes a part of the bytes that is in them. */
function writePart(
  fd: number,
  data: ArrayBufferView,
  part: { offset: number; length: number; position: number | null },
): number {
  const { offset, length, position } = part;
  validateInteger(offset, "offset", 0);
  if (offset > data.byteLength) throw outOfRange("offset", `<= ${data.byteLength}`, offset);
  checkLength(length, data.byteLength - offset);
  return io.write(fd, data, offset, length, position);
}

export function writeSync(
  fd: number,
  data: string | ArrayBufferView,
  offsetOrPosition?: number | null | { offset?: number; length?: number; position?: number | null },
  lengthOrEncoding?: number | string | null,
  position?: number | null,
): number {
  checkFd(fd);
  if (typeof data === "string") {
    const bytes = Buffer.from(data, (lengthOrEncoding ?? "utf8") as BufferEncoding);
    return io.write(
      fd,
      bytes,
      0,
      bytes.length,
      typeof offsetOrPosition === "number" ? offsetOrPosition : null,
    );
  }
  if (!ArrayBuffer.isView(data))
    throw invalidArgType("buffer", ["string", "Buffer", "TypedArray", "DataView"], data);
  if (typeof offsetOrPosition === "object" && offsetOrPosition !== null) {
    const { offset = 0, length = data.byteLength - offset, position: at = null } = offsetOrPosition;
    return writePart(fd, data, { offset, length, position: at });
  }
  const offset = offsetOrPosition ?? 0;
  const length = typeof lengthOrEncoding === "number" ? lengthOrEncoding : data.byteLength - offset;
  return writePart(fd, data, { offset, length, position: position ?? null });
}
