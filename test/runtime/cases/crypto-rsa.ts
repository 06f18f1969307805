/** crypto: signatures and RSA encryption of the OPC UA security policies. Argument: folder with the PKI. */
import { Buffer } from "node:buffer";
import * as crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { show, showCode } from "./show.ts";

const folder = process.argv[2] as string;
const pem = (name: string) => readFileSync(`${folder}/${name}`, "utf8");
const wrong = (value: unknown) => value as never;
const { constants } = crypto;
const key = pem("rsa.key");
const certificate = pem("rsa.pem");
const data = Buffer.from("the message of a secure channel");

for (const algorithm of ["RSA-SHA1", "RSA-SHA256", "sha1", "sha256", "sha384", "SHA512"]) {
  show(`sign ${algorithm}`, () => crypto.createSign(algorithm).update(data).sign(key, "base64"));
  show(`verify ${algorithm}`, () => {
    const signature = crypto.createSign(algorithm).update(data).sign(key);
    const check = (bytes: Buffer) =>
      crypto.createVerify(algorithm).update(bytes).verify(certificate, signature);
    return [check(data), check(Buffer.from("another message"))];
  });
}
show("sign in parts", () => {
  const sign = crypto.createSign("sha256");
  sign.update("the message ").update("of a secure");
  sign.write(" channel");
  sign.end();
  return sign.sign(key).equals(crypto.createSign("sha256").update(data).sign(key));
});
show("sign one-shot", () => crypto.sign("sha256", data, key).toString("base64"));
show("verify one-shot", () => crypto.verify("sha256", data, certificate, crypto.sign("sha256", data, key)));
show("verify broken", () => [
  crypto.createVerify("sha256").update(data).verify(certificate, Buffer.alloc(256)),
  crypto.createVerify("sha256").update(data).verify(certificate, Buffer.alloc(3)),
  crypto.createVerify("sha256").update(data).verify(certificate, "00", "hex"),
]);

const PSS = constants.RSA_PKCS1_PSS_PADDING;
for (const saltLength of [
  constants.RSA_PSS_SALTLEN_DIGEST,
  constants.RSA_PSS_SALTLEN_MAX_SIGN,
  0,
  20,
  undefined,
]) {
  const options = { padding: PSS, ...(saltLength === undefined ? {} : { saltLength }) };
  show(`pss ${saltLength}`, () => {
    const signature = crypto
      .createSign("RSA-SHA256")
      .update(data)
      .sign({ key, ...options });
    const check = (length: number | undefined) =>
      crypto
        .createVerify("RSA-SHA256")
        .update(data)
        .verify(wrong({ key: certificate, padding: PSS, saltLength: length }), signature);
    return [
      signature.length,
      check(saltLength),
      check(undefined),
      check(constants.RSA_PSS_SALTLEN_DIGEST),
      check(7),
    ];
  });
}
show("pss is not pkcs1", () => {
  const signature = crypto.createSign("sha256").update(data).sign({ key, padding: PSS });
  return crypto.createVerify("sha256").update(data).verify(certificate, signature);
});
show("ecdsa", () => {
  const signature = crypto.createSign("sha256").update(data).sign(pem("ec.key"));
  return crypto.createVerify("sha256").update(data).verify(pem("ec.pem"), signature);
});
show("ed25519", () => [
  crypto.sign(null, data, pem("ed25519.key")),
  crypto.verify(null, data, pem("ed25519.pem"), crypto.sign(null, data, pem("ed25519.key"))),
]);

show("unknown digest", () => crypto.createSign("nope"));
show("no key", () => crypto.createSign("sha256").update(data).sign(wrong(undefined)));
showCode("public key signs", () =>
  crypto.createSign("sha256").update(data).sign(crypto.createPublicKey(certificate)),
);
show(
  "key object",
  () => crypto.createSign("sha256").update(data).sign(crypto.createPrivateKey(key), "hex").length,
);

const secret = Buffer.from("0123456789abcdef0123456789abcdef");
for (const options of [
  {},
  { padding: constants.RSA_PKCS1_OAEP_PADDING },
  { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" },
  { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" },
  { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "SHA256", oaepLabel: Buffer.from("label") },
]) {
  show(`oaep ${JSON.stringify(options)}`, () => {
    const cipher = crypto.publicEncrypt({ key: certificate, ...options }, secret);
    return [cipher.length, crypto.privateDecrypt({ key, ...options }, cipher).equals(secret)];
  });
}
show("oaep hash mismatch", () => {
  const cipher = crypto.publicEncrypt({ key: certificate, oaepHash: "sha256" }, secret);
  return crypto.privateDecrypt({ key, oaepHash: "sha1" }, cipher);
});
show("oaep most", () => crypto.publicEncrypt(certificate, Buffer.alloc(256 - 42)).length);
show("oaep too long", () => crypto.publicEncrypt(certificate, Buffer.alloc(256 - 41)));
show("oaep256 too long", () =>
  crypto.publicEncrypt({ key: certificate, oaepHash: "sha256" }, Buffer.alloc(256 - 65)),
);
show(
  "pkcs1 encrypt",
  () => crypto.publicEncrypt({ key: certificate, padding: constants.RSA_PKCS1_PADDING }, secret).length,
);
show("pkcs1 too long", () =>
  crypto.publicEncrypt({ key: certificate, padding: constants.RSA_PKCS1_PADDING }, Buffer.alloc(246)),
);
show("decrypt garbage", () => crypto.privateDecrypt(key, Buffer.alloc(256, 1)));
show("decrypt short", () => crypto.privateDecrypt(key, Buffer.alloc(10)));
show("encrypt by ec key", () => {
  try {
    return crypto.publicEncrypt(pem("ec.pem"), secret).length;
  } catch {
    return "refused";
  }
});
show("encrypt text", () =>
  crypto.privateDecrypt(key, crypto.publicEncrypt(certificate, wrong("héllo"))).toString(),
);
showCode("encrypt number", () => crypto.publicEncrypt(certificate, wrong(5)));
