/** node:string_decoder: bytes to text across chunk borders. */
import { Buffer } from "./buffer.ts";
import { unknownEncoding } from "./node-error.ts";

const NAMES: Record<string, BufferEncoding> = {
  utf8: "utf8",
  "utf-8": "utf8",
  ucs2: "utf16le",
  "ucs-2": "utf16le",
  utf16le: "utf16le",
  "utf-16le": "utf16le",
  latin1: "latin1",
  binary: "latin1",
  base64: "base64",
  base64url: "base64url",
  ascii: "ascii",
  hex: "hex",
};

/** Bytes at the end that begin a UTF-8 character which isn't complete yet. */
function incompleteUtf8(bytes: Buffer): number {
  const last = bytes.length - 1;
  for (let back = 0; back < 3 && back <= last; back++) {
    const byte = bytes[last - back] as number;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const size =
      byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xc2 && byte < 0xe0 ? 2 : 1;
    if (size <= back + 1) return 0;
    const tail = bytes.subarray(last - back);
    /* Ill-formed already (surrogates, overlong forms): nothing to wait for. */
    return tail.toString("utf8").length === 1 ? back + 1 : 0;
  }
  return 0;
}

function incompleteUtf16(bytes: Buffer): number {
  const odd = bytes.length % 2;
  const at = bytes.length - odd - 2;
  const high = at >= 0 && ((bytes[at + 1] as number) & 0xfc) === 0xd8;
  return high ? odd + 2 : odd;
}

/** How many bytes at the end have to wait for the next chunk. */
function waiting(bytes: Buffer, encoding: BufferEncoding): number {
  switch (encoding) {
    case "utf8":
      return incompleteUtf8(bytes);
    case "utf16le":
      return incompleteUtf16(bytes);
    case "base64":
    case "base64url":
      return bytes.length % 3;
    default:
      return 0;
  }
}

export class StringDecoder {
  readonly encoding: BufferEncoding;
  #rest: Buffer = Buffer.alloc(0);

  constructor(encoding?: string) {
    const name = NAMES[(encoding || "utf8").toLowerCase()];
    if (name === undefined) throw unknownEncoding(encoding);
    this.encoding = name;
  }

  write(chunk: string | ArrayBufferView): string {
    if (typeof chunk === "string") return chunk;
    const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, fresh]) : fresh;
    const keep = waiting(bytes, this.encoding);
    this.#rest = keep > 0 ? Buffer.from(bytes.subarray(bytes.length - keep)) : Buffer.alloc(0);
    return bytes.toString(this.encoding, 0, bytes.length - keep);
  }

  end(chunk?: string | ArrayBufferView): string {
    const text = chunk === undefined ? "" : this.write(chunk);
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return text + rest.toString(this.encoding);
  }
}

export default { StringDecoder };
