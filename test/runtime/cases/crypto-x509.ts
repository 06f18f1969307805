/** crypto.X509Certificate. Argument: folder with the PKI. */
import { Buffer } from "node:buffer";
import * as crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { show } from "./show.ts";

const folder = process.argv[2] as string;
const read = (name: string) => readFileSync(`${folder}/${name}`);
const wrong = (value: unknown) => value as never;
const ca = new crypto.X509Certificate(read("ca.pem"));

for (const name of [
  "ca.pem",
  "rsa.pem",
  "ec.pem",
  "ed25519.pem",
  "sha1.pem",
  "odd.pem",
  "server.pem",
  "rsa.der",
]) {
  const certificate = new crypto.X509Certificate(read(name));
  const legacy = certificate.toLegacyObject() as unknown as Record<string, unknown>;
  for (const member of [
    "subject",
    "issuer",
    "subjectAltName",
    "infoAccess",
    "validFrom",
    "validTo",
    "fingerprint",
    "fingerprint256",
    "fingerprint512",
    "serialNumber",
    "ca",
    "keyUsage",
    "raw",
  ] as const) {
    show(`${name} ${member}`, () => certificate[member]);
  }
  for (const member of [
    "subject",
    "issuer",
    "subjectaltname",
    "infoAccess",
    "ca",
    "modulus",
    "exponent",
    "bits",
    "valid_from",
    "valid_to",
  ]) {
    show(`${name} legacy ${member}`, () => legacy[member]);
  }
  show(`${name} legacy usage`, () => [
    legacy.ext_key_usage,
    legacy.serialNumber,
    legacy.fingerprint256,
    legacy.asn1Curve,
  ]);
  show(`${name} text`, () => [certificate.toString(), JSON.stringify(certificate)]);
  show(`${name} key`, () => certificate.publicKey.export({ format: "pem", type: "spki" }));
  for (const host of [
    "broker.example",
    "BROKER.example",
    "x.wild.example",
    "a.b.wild.example",
    "other",
    "ca",
    "leaf",
    "",
  ]) {
    show(`${name} host ${host}`, () => certificate.checkHost(host));
  }
  show(`${name} addresses`, () =>
    ["127.0.0.1", "10.0.0.1", "::1", "0:0:0:0:0:0:0:1"].map((ip) => certificate.checkIP(ip)),
  );
  show(`${name} email`, () => [certificate.checkEmail("a@b.example"), certificate.checkEmail("x@y")]);
  show(`${name} issuer check`, () => [certificate.checkIssued(ca), ca.checkIssued(certificate)]);
  show(`${name} signature`, () => [
    certificate.verify(ca.publicKey),
    certificate.verify(certificate.publicKey),
  ]);
  show(`${name} key match`, () =>
    ["rsa.key", "ec.key", "ca.key"].map((key) =>
      certificate.checkPrivateKey(crypto.createPrivateKey(read(key))),
    ),
  );
}
show("chain file gives the first", () => new crypto.X509Certificate(read("chain.pem")).subject);
show("garbage", () => new crypto.X509Certificate("garbage"));
show("garbage bytes", () => new crypto.X509Certificate(Buffer.from([0x30, 0x82, 0, 0])));
show("number", () => new crypto.X509Certificate(wrong(5)));
show("verify by text", () => ca.verify(wrong("key")));
show("check issued by text", () => ca.checkIssued(wrong("key")));
