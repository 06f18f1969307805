/** createSign, createVerify, sign, verify. The data is kept and signed in one go: OPC UA messages are small. */
import { Buffer } from "../buffer.ts";
import { nodeError, validateString } from "../node-error.ts";
import { bytesOf, encoded } from "./bytes.ts";
import { privateHandle, publicHandle } from "./key.ts";
import { type Bytes, binding } from "./native.ts";

/** "Not set" for the native side. */
const KEEP_PADDING = -1;
const SALT_UNSET = -3;

interface SignatureOptions {
  readonly padding?: number;
  readonly saltLength?: number;
}

function optionsOf(key: unknown): [padding: number, salt: number] {
  const options = typeof key === "object" && key !== null ? (key as SignatureOptions) : {};
  return [options.padding ?? KEEP_PADDING, options.saltLength ?? SALT_UNSET];
}

function bufferOf(bytes: Bytes): Uint8Array {
  return bytes instanceof ArrayBuffer
    ? new Uint8Array(bytes)
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

class Collector {
  protected readonly algorithm: string;
  readonly #chunks: Uint8Array[] = [];

  constructor(algorithm: string) {
    validateString(algorithm, "algorithm");
    if (binding.hashNew(algorithm) === undefined) {
      throw nodeError(TypeError, "ERR_CRYPTO_INVALID_DIGEST", "Invalid digest");
    }
    this.algorithm = algorithm;
  }

  update(data: unknown, encoding?: unknown): this {
    this.#chunks.push(Buffer.from(bufferOf(bytesOf(data, "data", encoding))));
    return this;
  }

  write(data: unknown, encoding?: unknown): boolean {
    this.update(data, encoding);
    return true;
  }

  end(data?: unknown, encoding?: unknown): this {
    return data === undefined ? this : this.update(data, encoding);
  }

  protected data(): Uint8Array {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks);
  }
}

export class Sign extends Collector {
  sign(key: unknown, encoding?: unknown): Buffer | string {
    if (!key) throw nodeError(Error, "ERR_CRYPTO_SIGN_KEY_REQUIRED", "No key provided to sign");
    return encoded(
      binding.sign(this.algorithm, this.data(), privateHandle(key), ...optionsOf(key)),
      encoding,
    );
  }
}

export class Verify extends Collector {
  verify(key: unknown, signature: unknown, encoding?: unknown): boolean {
    const bytes = bytesOf(signature, "signature", encoding);
    return binding.verify(this.algorithm, this.data(), publicHandle(key), ...optionsOf(key), bytes);
  }
}

export const createSign = (algorithm: string): Sign => new Sign(algorithm);
export const createVerify = (algorithm: string): Verify => new Verify(algorithm);

/** crypto.sign(algorithm, data, key); no algorithm for EdDSA keys. */
export function sign(algorithm: string | null | undefined, data: unknown, key: unknown): Buffer {
  if (!key) throw nodeError(Error, "ERR_CRYPTO_SIGN_KEY_REQUIRED", "No key provided to sign");
  return binding.sign(algorithm ?? undefined, bytesOf(data, "data"), privateHandle(key), ...optionsOf(key));
}

export function verify(
  algorithm: string | null | undefined,
  data: unknown,
  key: unknown,
  signature: unknown,
): boolean {
  const bytes = bytesOf(signature, "signature");
  return binding.verify(
    algorithm ?? undefined,
    bytesOf(data, "data"),
    publicHandle(key),
    ...optionsOf(key),
    bytes,
  );
}
