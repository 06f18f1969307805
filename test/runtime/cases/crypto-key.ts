/** crypto: keys in every form that OPC UA code uses. Argument: folder with the PKI of test/runtime/pki.ts. */
import { Buffer } from "node:buffer";
import * as crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { show, showCode } from "./show.ts";

const folder = process.argv[2] as string;
const pem = (name: string) => readFileSync(`${folder}/${name}`, "utf8");
const wrong = (value: unknown) => value as never;

for (const name of ["rsa.key", "rsa-pkcs1.key", "ec.key", "ed25519.key"]) {
  const key = crypto.createPrivateKey(pem(name));
  const half = crypto.createPublicKey(key);
  show(`${name}`, () => [
    key.type,
    key.asymmetricKeyType,
    key.asymmetricKeyDetails,
    half.type,
    half.asymmetricKeyDetails,
  ]);
  for (const format of ["pem", "der", "jwk", "nope", undefined]) {
    for (const type of ["pkcs1", "pkcs8", "sec1", "spki", "nope", undefined]) {
      show(`${name} private ${format} ${type}`, () => key.export(wrong({ format, type })));
      show(`${name} public ${format} ${type}`, () => half.export(wrong({ format, type })));
    }
  }
  show(`${name} equals`, () => [
    key.equals(crypto.createPrivateKey(pem(name))),
    key.equals(half),
    half.equals(crypto.createPublicKey(pem(name))),
    /* Node.js leaves an OpenSSL error behind when types differ, and the next call trips over it. */
    name.startsWith("rsa") && half.equals(crypto.createPublicKey(pem("other.key"))),
  ]);
  show(`${name} round trip`, () => {
    const der = key.export({ format: "der", type: "pkcs8" });
    const spki = half.export({ format: "der", type: "spki" });
    return [
      crypto.createPrivateKey({ key: der, format: "der", type: "pkcs8" }).equals(key),
      crypto.createPublicKey({ key: spki, format: "der", type: "spki" }).equals(half),
      crypto.createPublicKey(wrong({ key: der, format: "der", type: "pkcs8" })).equals(half),
    ];
  });
}
show("pkcs1 der", () => {
  const key = crypto.createPrivateKey(pem("rsa.key"));
  const der = key.export({ format: "der", type: "pkcs1" });
  return crypto.createPrivateKey({ key: der, format: "der", type: "pkcs1" }).equals(key);
});
show("public from certificate", () => {
  const key = crypto.createPublicKey(pem("rsa.pem"));
  return [key.equals(crypto.createPublicKey(pem("rsa.key"))), key.export({ format: "pem", type: "spki" })];
});
show("public from Buffer", () => crypto.createPublicKey(Buffer.from(pem("rsa.pem"))).asymmetricKeyType);
show("public from public pkcs1", () => {
  const key = crypto.createPublicKey(pem("rsa.pem"));
  return crypto.createPublicKey(key.export({ format: "pem", type: "pkcs1" })).equals(key);
});
show("public from public", () => crypto.createPublicKey(wrong(crypto.createPublicKey(pem("rsa.pem")))));
show("crlf", () => crypto.createPrivateKey(pem("rsa.key").replaceAll("\n", "\r\n")).asymmetricKeyType);
show("no line end", () => crypto.createPrivateKey(pem("rsa.key").trimEnd()).asymmetricKeyType);

const encrypted = pem("rsa-encrypted.key");
show("encrypted", () =>
  crypto
    .createPrivateKey({ key: encrypted, passphrase: "secret" })
    .equals(crypto.createPrivateKey(pem("rsa.key"))),
);
show(
  "encrypted bytes",
  () => crypto.createPrivateKey({ key: encrypted, passphrase: Buffer.from("secret") }).type,
);
show("encrypted wrong", () => crypto.createPrivateKey({ key: encrypted, passphrase: "wrong" }));
show("encrypted without is refused", () => {
  try {
    return crypto.createPrivateKey(encrypted).type;
  } catch {
    return "refused";
  }
});
show("export encrypted", () => {
  const key = crypto.createPrivateKey(pem("rsa.key"));
  const text = key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }) as string;
  return [text.split("\n")[0], crypto.createPrivateKey({ key: text, passphrase: "x" }).equals(key)];
});

for (const make of [crypto.createPrivateKey, crypto.createPublicKey]) {
  show(`${make.name} garbage`, () => make("garbage"));
  show(`${make.name} garbage bytes`, () => make(Buffer.from("garbage")));
  showCode(`${make.name} number`, () => make(wrong(5)));
  showCode(`${make.name} wrapped number`, () => make({ key: wrong(5) }));
  showCode(`${make.name} nothing`, () => make(wrong(undefined)));
  show(`${make.name} der without type`, () => make(wrong({ key: Buffer.from("x"), format: "der" })));
}
show("private from certificate", () => crypto.createPrivateKey(pem("rsa.pem")));
show("private from CRL", () => crypto.createPrivateKey(pem("ca.crl")));
