/** What native/crypto*.c and native/x509*.c offer. Handles are opaque objects that own an OpenSSL structure. */
import { native } from "../../binding.ts";
import type { Buffer } from "../buffer.ts";

declare const kind: unique symbol;
export type HashHandle = { readonly [kind]: "hash" };
export type KeyHandle = { readonly [kind]: "key" };
export type CipherHandle = { readonly [kind]: "cipher" };
export type Bytes = ArrayBufferView | ArrayBuffer;

interface CryptoBinding {
  readonly opensslVersion: string;
  randomFill(target: Bytes): void;
  randomBytes(size: number): Buffer;
  timingSafeEqual(a: Bytes, b: Bytes): boolean;
  hashNew(digest: string): HashHandle | undefined;
  hmacNew(digest: string, key: Bytes): HashHandle | undefined;
  hashUpdate(hash: HashHandle, data: Bytes): void;
  hashDigest(hash: HashHandle): Buffer;
  hashCopy(hash: HashHandle): HashHandle;
  hashOnce(digest: string, data: Bytes): Buffer | undefined;
  keyReadPrivate(
    data: string | Bytes,
    format: string,
    type: string,
    passphrase: Bytes | undefined,
  ): KeyHandle;
  keyReadPublic(data: string | Bytes, format: string, type: string): KeyHandle;
  keyExportPublic(key: KeyHandle, type: string, pem: boolean): string | Buffer;
  keyExportPrivate(
    key: KeyHandle,
    type: string,
    pem: boolean,
    cipher: string | undefined,
    passphrase: Bytes | undefined,
  ): string | Buffer;
  keyDetails(key: KeyHandle): { readonly type?: string; readonly bits: number; readonly curve?: string };
  keyNumber(key: KeyHandle, parameter: string, size: number): Buffer | undefined;
  keyRaw(key: KeyHandle, privateHalf: boolean): Buffer;
  keyEquals(a: KeyHandle, b: KeyHandle): boolean;
  sign(digest: string | undefined, data: Bytes, key: KeyHandle, padding: number, salt: number): Buffer;
  verify(
    digest: string | undefined,
    data: Bytes,
    key: KeyHandle,
    padding: number,
    salt: number,
    signature: Bytes,
  ): boolean;
  rsaEncrypt(
    key: KeyHandle,
    data: Bytes,
    padding: number,
    oaepHash: string,
    label: Bytes | undefined,
  ): Buffer;
  rsaDecrypt(
    key: KeyHandle,
    data: Bytes,
    padding: number,
    oaepHash: string,
    label: Bytes | undefined,
  ): Buffer;
  cipherNew(name: string, key: Bytes, iv: Bytes | null, encrypt: boolean): CipherHandle;
  cipherUpdate(cipher: CipherHandle, data: Bytes): Buffer;
  cipherFinal(cipher: CipherHandle): Buffer;
  cipherSetPadding(cipher: CipherHandle, on: boolean): void;
  cipherKnown(name: string): boolean;
}

export const binding = native("crypto") as CryptoBinding;
