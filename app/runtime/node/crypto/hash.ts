/** createHash and createHmac. */
import { Buffer } from "../buffer.ts";
import { invalidArgType, nodeError, validateString } from "../node-error.ts";
import { bytesOf, EXPECTED, encoded, isBytes } from "./bytes.ts";
import { KeyObject } from "./key.ts";
import { binding, type HashHandle } from "./native.ts";

function finalized(): Error {
  return nodeError(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
}

/** Not a stream, unlike Node's: nothing of the bundle pipes into a hash. */
export class Hash {
  #handle: HashHandle;
  #done = false;

  constructor(algorithm: string | HashHandle) {
    if (typeof algorithm === "object" && algorithm !== null) {
      this.#handle = algorithm;
      return;
    }
    validateString(algorithm, "algorithm");
    const handle = binding.hashNew(algorithm);
    if (handle === undefined) throw new Error("Digest method not supported");
    this.#handle = handle;
  }

  update(data: unknown, encoding?: unknown): this {
    if (this.#done) throw finalized();
    binding.hashUpdate(this.#handle, bytesOf(data, "data", encoding));
    return this;
  }

  digest(encoding?: unknown): Buffer | string {
    if (this.#done) throw finalized();
    this.#done = true;
    return encoded(binding.hashDigest(this.#handle), encoding);
  }

  copy(): Hash {
    if (this.#done) throw finalized();
    return new Hash(binding.hashCopy(this.#handle));
  }
}

export class Hmac {
  #handle: HashHandle;
  #done = false;

  constructor(algorithm: string, key: unknown) {
    validateString(algorithm, "hmac");
    const bytes = key instanceof KeyObject ? key.export() : key;
    if (typeof bytes !== "string" && !isBytes(bytes)) {
      throw invalidArgType("key", [...EXPECTED.slice(1), "KeyObject", "CryptoKey", "string"], key);
    }
    const handle = binding.hmacNew(algorithm, bytesOf(bytes, "key"));
    if (handle === undefined) {
      throw nodeError(TypeError, "ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${algorithm}`);
    }
    this.#handle = handle;
  }

  update(data: unknown, encoding?: unknown): this {
    if (this.#done) throw finalized();
    binding.hashUpdate(this.#handle, bytesOf(data, "data", encoding));
    return this;
  }

  /** A second call gives nothing, as Node does. */
  digest(encoding?: unknown): Buffer | string {
    if (this.#done) return encoded(Buffer.alloc(0), encoding);
    this.#done = true;
    return encoded(binding.hashDigest(this.#handle), encoding);
  }
}

export const createHash = (algorithm: string): Hash => new Hash(algorithm);
export const createHmac = (algorithm: string, key: unknown): Hmac => new Hmac(algorithm, key);

/** crypto.hash(algorithm, data, outputEncoding = "hex") */
export function hash(algorithm: string, data: unknown, encoding: unknown = "hex"): Buffer | string {
  const result = binding.hashOnce(algorithm, bytesOf(data, "input"));
  if (result === undefined) throw new Error("Digest method not supported");
  return encoded(result, encoding);
}

export const getHashes = (): string[] => [
  "RSA-SHA1",
  "RSA-SHA256",
  "RSA-SHA384",
  "RSA-SHA512",
  "sha1",
  "sha256",
  "sha384",
  "sha512",
];
