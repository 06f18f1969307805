/** publicEncrypt and privateDecrypt. */
import type { Buffer } from "../buffer.ts";
import { bytesOf } from "./bytes.ts";
import { constants } from "./constants.ts";
import { privateHandle, publicHandle } from "./key.ts";
import { type Bytes, binding } from "./native.ts";

interface CryptOptions {
  readonly padding?: number;
  readonly oaepHash?: string;
  readonly oaepLabel?: unknown;
  readonly encoding?: unknown;
}

function optionsOf(key: unknown): [padding: number, oaepHash: string, label: Bytes | undefined] {
  const options = typeof key === "object" && key !== null ? (key as CryptOptions) : {};
  const { padding = constants.RSA_PKCS1_OAEP_PADDING, oaepHash = "sha1", oaepLabel } = options;
  return [padding, oaepHash, oaepLabel === undefined ? undefined : bytesOf(oaepLabel, "key.oaepLabel")];
}

export function publicEncrypt(key: unknown, data: unknown): Buffer {
  return binding.rsaEncrypt(publicHandle(key), bytesOf(data, "buffer"), ...optionsOf(key));
}

/** With PKCS #1 v1.5 and OpenSSL ≥ 3.2 bad padding gives random bytes instead of an error (Bleichenbacher). */
export function privateDecrypt(key: unknown, data: unknown): Buffer {
  return binding.rsaDecrypt(privateHandle(key), bytesOf(data, "buffer"), ...optionsOf(key));
}
