/** createCipheriv and createDecipheriv for block and stream ciphers without authentication (OPC UA: AES-CBC). */
import type { Buffer } from "../buffer.ts";
import { invalidArgType, nodeError, validateString } from "../node-error.ts";
import { bytesOf, EXPECTED, encoded, isBytes } from "./bytes.ts";
import { KeyObject } from "./key.ts";
import { binding, type CipherHandle } from "./native.ts";

class CipherBase {
  #handle: CipherHandle | undefined;

  constructor(name: string, key: unknown, iv: unknown, encrypt: boolean) {
    validateString(name, "cipher");
    const secret = key instanceof KeyObject ? key.export() : key;
    if (iv !== null && typeof iv !== "string" && !isBytes(iv)) throw invalidArgType("iv", EXPECTED, iv);
    const start = iv === null ? null : bytesOf(iv, "iv");
    this.#handle = binding.cipherNew(name, bytesOf(secret, "key"), start, encrypt);
  }

  update(data: unknown, inputEncoding?: unknown, outputEncoding?: unknown): Buffer | string {
    const bytes = bytesOf(data, "data", inputEncoding);
    if (this.#handle === undefined) throw new Error("Trying to add data in unsupported state");
    return encoded(binding.cipherUpdate(this.#handle, bytes), outputEncoding);
  }

  final(outputEncoding?: unknown): Buffer | string {
    const handle = this.#handle;
    if (handle === undefined) throw nodeError(Error, "ERR_CRYPTO_INVALID_STATE", "Invalid state");
    this.#handle = undefined;
    return encoded(binding.cipherFinal(handle), outputEncoding);
  }

  setAutoPadding(on = true): this {
    if (this.#handle === undefined) {
      throw nodeError(Error, "ERR_CRYPTO_INVALID_STATE", "Invalid state for operation setAutoPadding");
    }
    binding.cipherSetPadding(this.#handle, Boolean(on));
    return this;
  }
}

export class Cipheriv extends CipherBase {
  constructor(name: string, key: unknown, iv: unknown) {
    super(name, key, iv, true);
  }
}

export class Decipheriv extends CipherBase {
  constructor(name: string, key: unknown, iv: unknown) {
    super(name, key, iv, false);
  }
}

export const createCipheriv = (name: string, key: unknown, iv: unknown): Cipheriv =>
  new Cipheriv(name, key, iv);
export const createDecipheriv = (name: string, key: unknown, iv: unknown): Decipheriv =>
  new Decipheriv(name, key, iv);

export const getCiphers = (): string[] =>
  ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-ctr", "aes-256-ctr"].filter(binding.cipherKnown);
