/**
 * All of node:crypto, on OpenSSL: what OPC UA's security policies, MQTT and the gateway use. Missing on purpose: key
 * generation, Diffie-Hellman, password hashing, Web Crypto's subtle.
 */

import { nodeError } from "../node-error.ts";
import { isBytes } from "./bytes.ts";
import { Cipheriv, createCipheriv, createDecipheriv, Decipheriv, getCiphers } from "./cipher.ts";
import { constants } from "./constants.ts";
import { createHash, createHmac, getHashes, Hash, Hmac, hash } from "./hash.ts";
import { createPrivateKey, createPublicKey, createSecretKey, KeyObject } from "./key.ts";
import { binding } from "./native.ts";
import { getRandomValues, randomBytes, randomFillSync, randomInt, randomUUID } from "./random.ts";
import { privateDecrypt, publicEncrypt } from "./rsa.ts";
import { createSign, createVerify, Sign, sign, Verify, verify } from "./sign.ts";
import { X509Certificate } from "./x509.ts";

function onlyBytes(value: unknown, name: string) {
  if (isBytes(value)) return value;
  const message = `The "${name}" argument must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView.`;
  throw nodeError(TypeError, "ERR_INVALID_ARG_TYPE", message);
}

export function timingSafeEqual(a: unknown, b: unknown): boolean {
  const [left, right] = [onlyBytes(a, "buf1"), onlyBytes(b, "buf2")];
  if (left.byteLength !== right.byteLength) {
    const message = "Input buffers must have the same byte length";
    throw nodeError(RangeError, "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH", message);
  }
  return binding.timingSafeEqual(left, right);
}

export const webcrypto = { getRandomValues, randomUUID };

/** Keys are made on a PC; node-opcua-crypto names the function and the gateway never calls it. */
export function generateKeyPairSync(): never {
  throw Object.assign(new Error("crypto.generateKeyPairSync: keys are made on a PC, not on the device"), {
    code: "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
  });
}

export {
  Cipheriv,
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  createSign,
  createVerify,
  Decipheriv,
  getCiphers,
  getHashes,
  getRandomValues,
  Hash,
  Hmac,
  hash,
  KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  randomFillSync,
  randomInt,
  randomUUID,
  Sign,
  sign,
  Verify,
  verify,
  X509Certificate,
};
