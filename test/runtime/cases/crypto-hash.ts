/** crypto: hashes, HMAC (also as OPC UA's P_SHA uses it), random numbers, comparisons. */
import { Buffer } from "node:buffer";
import * as crypto from "node:crypto";
import { show, showCode } from "./show.ts";

const wrong = (value: unknown) => value as never;
const DIGESTS = ["sha1", "SHA1", "SHA256", "sha256", "RSA-SHA1", "RSA-SHA256", "sha384", "sha512", "md5"];

for (const digest of DIGESTS) {
  for (const size of [0, 1, 55, 56, 63, 64, 65, 127, 128, 129, 1000]) {
    const data = Buffer.alloc(size, "abcdefg");
    show(`${digest} ${size}`, () => crypto.createHash(digest).update(data).digest("hex"));
    show(`hmac ${digest} ${size}`, () => crypto.createHmac(digest, data).update(data).digest());
  }
  show(`${digest} parts`, () =>
    crypto.createHash(digest).update("ab").update("ç").update("ff", "hex").digest("base64"),
  );
  show(`hmac ${digest} text`, () => crypto.createHmac(digest, "key").update("data").digest(wrong("latin1")));
}
show("views", () => {
  const bytes = new Uint8Array([1, 2, 3, 4]);
  const hash = (data: NodeJS.ArrayBufferView) => crypto.createHash("sha1").update(data).digest("hex");
  return [hash(bytes), hash(new Uint16Array(bytes.buffer)), hash(new DataView(bytes.buffer, 1, 2))];
});
show("encodings", () => {
  const digest = (encoding?: crypto.BinaryToTextEncoding) =>
    crypto.createHash("sha1").update("x").digest(wrong(encoding));
  return [digest(), digest("hex"), digest("base64"), digest("base64url"), digest(wrong("buffer"))];
});
show("copy", () => {
  const hash = crypto.createHash("sha256").update("a");
  return [hash.copy().update("b").digest("hex"), hash.update("c").digest("hex")];
});
show("unknown", () => crypto.createHash("nope"));
show("hmac unknown", () => crypto.createHmac("nope", "k"));
show("digest twice", () => {
  const hash = crypto.createHash("sha1");
  hash.digest();
  hash.digest();
});
show("update after digest", () => {
  const hash = crypto.createHash("sha1");
  hash.digest();
  hash.update("a");
});
show("copy after digest", () => {
  const hash = crypto.createHash("sha1");
  hash.digest();
  hash.copy();
});
show("hmac twice", () => {
  const hmac = crypto.createHmac("sha1", "k");
  return [hmac.digest("hex"), hmac.digest("hex")];
});
show("update number", () => crypto.createHash("sha1").update(wrong(5)));
show("update nothing", () => crypto.createHash("sha1").update(wrong(undefined)));
showCode("hmac key", () => crypto.createHmac("sha1", wrong(5)));
show("secret key", () => {
  const key = crypto.createSecretKey(Buffer.from("secret"));
  return [
    key.type,
    key.symmetricKeySize,
    key.export(),
    crypto.createHmac("sha1", key).update("a").digest("hex"),
  ];
});

/** OPC UA Part 6 §6.7.5: P_SHA of RFC 5246. */
function derive(digest: string, secret: Buffer, seed: Buffer, size: number): Buffer {
  const hmac = (data: Buffer) => crypto.createHmac(digest, secret).update(data).digest();
  const parts: Buffer[] = [];
  for (let a = hmac(seed); Buffer.concat(parts).length < size; a = hmac(a))
    parts.push(hmac(Buffer.concat([a, seed])));
  return Buffer.concat(parts).subarray(0, size);
}
for (const digest of ["sha1", "sha256"]) {
  show(`P_${digest}`, () => derive(digest, Buffer.alloc(32, 7), Buffer.alloc(32, 9), 96));
}

show("randomBytes", () => [crypto.randomBytes(0).length, crypto.randomBytes(33).length]);
show("randomBytes negative", () => crypto.randomBytes(-1));
show("randomBytes text", () => crypto.randomBytes(wrong("5")));
show("random differs", () => crypto.randomBytes(16).equals(crypto.randomBytes(16)));
show("randomFillSync", () => {
  const buffer = Buffer.alloc(64);
  crypto.randomFillSync(buffer, 32);
  return [buffer.subarray(0, 32).every((b) => b === 0), buffer.subarray(32).some((b) => b !== 0)];
});
show("randomFillSync out", () => crypto.randomFillSync(Buffer.alloc(3), 5));
show("randomFillSync size", () => crypto.randomFillSync(Buffer.alloc(3), 1, 5));
show("randomUUID", () =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()),
);
show("randomInt", () => {
  const numbers = Array.from({ length: 200 }, () => crypto.randomInt(3, 6));
  return [Math.min(...numbers), Math.max(...numbers), crypto.randomInt(1)];
});
show("randomInt empty", () => crypto.randomInt(5, 5));
show("randomInt text", () => crypto.randomInt(wrong("5")));
show("getRandomValues", () => globalThis.crypto.getRandomValues(new Uint8Array(8)).length);
show("timingSafeEqual", () => [
  crypto.timingSafeEqual(Buffer.from("ab"), Buffer.from("ab")),
  crypto.timingSafeEqual(Buffer.from("ab"), Buffer.from("ac")),
]);
show("timingSafeEqual length", () => crypto.timingSafeEqual(Buffer.from("ab"), Buffer.from("abc")));
show("timingSafeEqual text", () => crypto.timingSafeEqual(wrong("ab"), Buffer.from("ab")));

crypto.randomBytes(4, (error, bytes) => console.log(`randomBytes callback: ${error} ${bytes.length}`));
