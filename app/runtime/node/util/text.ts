/** TextEncoder and TextDecoder (Encoding Standard) for UTF-8, UTF-16LE and Latin-1. */
import { Buffer, utf8Decode } from "../buffer.ts";
import { nodeError } from "../node-error.ts";
import { StringDecoder } from "../string_decoder.ts";

export class TextEncoder {
  get encoding(): string {
    return "utf-8";
  }

  encode(text = ""): Uint8Array {
    const bytes = Buffer.from(String(text), "utf8");
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  encodeInto(text: string, target: Uint8Array): { read: number; written: number } {
    let read = 0;
    let written = 0;
    for (const character of text) {
      const bytes = Buffer.from(character, "utf8");
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}

const ENCODINGS: Readonly<Record<string, string>> = {
  "utf-8": "utf-8",
  utf8: "utf-8",
  "unicode-1-1-utf-8": "utf-8",
  "utf-16le": "utf-16le",
  "utf-16": "utf-16le",
  ucs2: "utf-16le",
  "iso-8859-1": "windows-1252",
  latin1: "windows-1252",
  ascii: "windows-1252",
  "us-ascii": "windows-1252",
  "windows-1252": "windows-1252",
};

interface DecoderOptions {
  fatal?: boolean;
  ignoreBOM?: boolean;
}

export class TextDecoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  #stream: { write(bytes: Uint8Array): string; end(): string } | null = null;
  #seenStart = false;

  constructor(label = "utf-8", options: DecoderOptions = {}) {
    const encoding = ENCODINGS[String(label).trim().toLowerCase()];
    if (encoding === undefined) {
      throw nodeError(RangeError, "ERR_ENCODING_NOT_SUPPORTED", `The "${label}" encoding is not supported`);
    }
    this.encoding = encoding;
    this.fatal = options.fatal === true;
    this.ignoreBOM = options.ignoreBOM === true;
  }

  decode(
    input: ArrayBuffer | ArrayBufferView = new Uint8Array(0),
    options: { stream?: boolean } = {},
  ): string {
    if (this.encoding === "utf-8" && !options.stream && this.#stream === null) {
      const text = utf8Decode(input, this.fatal, this.ignoreBOM);
      if (text === undefined) this.#refuse();
      return text;
    }
    const bytes = ArrayBuffer.isView(input)
      ? Buffer.from(input.buffer, input.byteOffset, input.byteLength)
      : Buffer.from(input);
    if (this.encoding === "windows-1252") return bytes.toString("latin1");
    this.#stream ??= new StringDecoder(this.encoding === "utf-8" ? "utf8" : "utf16le");
    let text = this.#stream.write(bytes);
    if (!options.stream) {
      text += this.#stream.end();
      this.#stream = null;
    }
    if (this.fatal && text.includes("\ufffd")) this.#refuse();
    if (!this.#seenStart && !this.ignoreBOM && text.startsWith("\ufeff")) text = text.slice(1);
    this.#seenStart = options.stream === true && (this.#seenStart || text !== "");
    return text;
  }

  #refuse(): never {
    throw nodeError(
      TypeError,
      "ERR_ENCODING_INVALID_ENCODED_DATA",
      `The encoded data was not valid for encoding ${this.encoding}`,
    );
  }
}
