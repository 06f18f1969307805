/**
 * crypto against the openssl command: takes what openssl made (crypto.test.ts) and leaves what openssl shall judge.
 * Arguments: PKI folder, folder of the vectors, folder for the results.
 */
import { Buffer } from "node:buffer";
import * as crypto from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { show } from "./show.ts";

const [, , pki, vectors, results] = process.argv as [string, string, string, string, string];
const pem = (name: string) => readFileSync(`${pki}/${name}`, "utf8");
const vector = (name: string) => readFileSync(`${vectors}/${name}`);
const leave = (name: string, bytes: Uint8Array) => writeFileSync(`${results}/${name}`, bytes);
const { constants } = crypto;
const message = vector("message");
const secret = vector("secret");
const key = pem("rsa.key");
const certificate = pem("rsa.pem");

const signatures = [
  { name: "pkcs1-sha1", digest: "RSA-SHA1", options: {} },
  { name: "pkcs1-sha256", digest: "RSA-SHA256", options: {} },
  {
    name: "pss-sha256",
    digest: "RSA-SHA256",
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  },
];
for (const { name, digest, options } of signatures) {
  const verify = (signature: Buffer) =>
    crypto
      .createVerify(digest)
      .update(message)
      .verify({ key: certificate, ...options }, signature);
  show(`verify ${name}`, () => verify(vector(`${name}.signature`)));
  show(`verify spoilt ${name}`, () => {
    const signature = vector(`${name}.signature`);
    signature.writeUInt8(signature.readUInt8(9) ^ 1, 9);
    return verify(signature);
  });
  leave(
    `${name}.signature`,
    crypto
      .createSign(digest)
      .update(message)
      .sign({ key, ...options }),
  );
}

const encryptions = [
  { name: "oaep-sha1", options: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" } },
  { name: "oaep-sha256", options: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" } },
];
for (const { name, options } of encryptions) {
  show(`decrypt ${name}`, () => crypto.privateDecrypt({ key, ...options }, vector(`${name}.encrypted`)));
  leave(`${name}.encrypted`, crypto.publicEncrypt({ key: certificate, ...options }, secret));
}
const pkcs1 = { padding: constants.RSA_PKCS1_PADDING };
leave("pkcs1.encrypted", crypto.publicEncrypt({ key: certificate, ...pkcs1 }, secret));
/* Node.js refuses to decrypt PKCS #1 v1.5 when its OpenSSL can't hide bad padding. */
leave("pkcs1.decrypted", decrypted(vector("pkcs1.encrypted")));
function decrypted(bytes: Buffer): Uint8Array {
  try {
    return crypto.privateDecrypt({ key, ...pkcs1 }, bytes);
  } catch (error) {
    return Buffer.from(String(error));
  }
}

for (const size of [128, 256]) {
  const name = `aes-${size}-cbc`;
  const [aesKey, iv] = [Buffer.alloc(size / 8, "key"), Buffer.alloc(16, "iv")];
  show(`decrypt ${name}`, () => {
    const decipher = crypto.createDecipheriv(name, aesKey, iv);
    return Buffer.concat([decipher.update(vector(`${name}.encrypted`)), decipher.final()]).equals(message);
  });
  const cipher = crypto.createCipheriv(name, aesKey, iv);
  leave(`${name}.encrypted`, Buffer.concat([cipher.update(message), cipher.final()]));
}

for (const digest of ["sha1", "sha256"]) {
  const hmac = (data: Buffer) => crypto.createHmac(digest, Buffer.alloc(32, "key")).update(data).digest();
  show(`hmac ${digest}`, () => hmac(message).equals(vector(`${digest}.hmac`)));
  /* P_SHA of OPC UA Part 6 §6.7.5 is TLS 1.2's PRF without a label. */
  show(`derive ${digest}`, () => {
    const seed = Buffer.alloc(32, "seed");
    const parts: Buffer[] = [];
    for (let a = hmac(seed); parts.length < 8; a = hmac(a)) parts.push(hmac(Buffer.concat([a, seed])));
    return Buffer.concat(parts)
      .subarray(0, 96)
      .equals(vector(`${digest}.derived`));
  });
}
