/** node:crypto on the runtime: as Node.js does it, and as the openssl command does it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { agree, buildsAndQemu } from "./agree.ts";
import { runOnDevice } from "./harness.ts";
import { makePki } from "./pki.ts";

const pki = makePki();
let failed = false;
after(() => {
  if (failed) console.error(`kept: ${pki}`);
  else rmSync(pki, { recursive: true });
});

function check(title: string, body: () => Promise<void>): void {
  test(title, async () => {
    failed = true;
    await body();
    failed = false;
  });
}

for (const name of ["crypto-hash", "crypto-cipher", "message-keys"])
  check(`${name} agrees with Node.js`, () => agree(name));
for (const name of ["crypto-key", "crypto-rsa", "crypto-x509"]) {
  check(`${name} agrees with Node.js`, () => agree(name, [pki]));
}

const MESSAGE = Buffer.from("what a secure channel carries ".repeat(7));
const SECRET = Buffer.from("password and server nonce");
const PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];
const SIGNATURES: readonly (readonly [name: string, digest: string, options: readonly string[]])[] = [
  ["pkcs1-sha1", "-sha1", []],
  ["pkcs1-sha256", "-sha256", []],
  ["pss-sha256", "-sha256", PSS],
];
const ENCRYPTIONS: readonly (readonly [name: string, options: readonly string[]])[] = [
  ["pkcs1", ["-pkeyopt", "rsa_padding_mode:pkcs1"]],
  ["oaep-sha1", ["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha1"]],
  ["oaep-sha256", ["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256"]],
];
const hex = (text: string, size: number) => Buffer.alloc(size, text).toString("hex");

function openssl(folder: string, ...args: readonly string[]): Buffer {
  return execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
}

/** What openssl makes of the same message, secret and keys. */
function makeVectors(folder: string): void {
  const key = join(pki, "rsa.key");
  writeFileSync(join(folder, "message"), MESSAGE);
  writeFileSync(join(folder, "secret"), SECRET);
  for (const [name, digest, options] of SIGNATURES) {
    openssl(folder, "dgst", digest, ...options, "-sign", key, "-out", `${name}.signature`, "message");
  }
  for (const [name, options] of ENCRYPTIONS) {
    const args = ["-encrypt", "-inkey", key, "-in", "secret", "-out", `${name}.encrypted`, ...options];
    openssl(folder, "pkeyutl", ...args);
  }
  for (const size of [128, 256]) {
    const secrets = ["-K", hex("key", size / 8), "-iv", hex("iv", 16)];
    openssl(
      folder,
      "enc",
      `-aes-${size}-cbc`,
      ...secrets,
      "-in",
      "message",
      "-out",
      `aes-${size}-cbc.encrypted`,
    );
  }
  for (const digest of ["sha1", "sha256"]) {
    const mac = ["-mac", "HMAC", "-macopt", `hexkey:${hex("key", 32)}`, "-binary", "-out", `${digest}.hmac`];
    openssl(folder, "dgst", `-${digest}`, ...mac, "message");
    const secrets = ["-kdfopt", `hexsecret:${hex("key", 32)}`, "-kdfopt", `hexseed:${hex("seed", 32)}`];
    openssl(
      folder,
      "kdf",
      "-keylen",
      "96",
      "-kdfopt",
      `digest:${digest}`,
      ...secrets,
      "-binary",
      "-out",
      `${digest}.derived`,
      "TLS1-PRF",
    ); // prettier-ignore
  }
}

/** Lets openssl read what the runtime made. */
function judge(vectors: string, results: string): void {
  const key = join(pki, "rsa.key");
  const message = join(vectors, "message");
  for (const [name, digest, options] of SIGNATURES) {
    const verdict = openssl(
      results,
      "dgst",
      digest,
      ...options,
      "-prverify",
      key,
      "-signature",
      `${name}.signature`,
      message,
    );
    assert.equal(verdict.toString().trim(), "Verified OK", name);
  }
  for (const [name, options] of ENCRYPTIONS) {
    const plain = openssl(
      results,
      "pkeyutl",
      "-decrypt",
      "-inkey",
      key,
      "-in",
      `${name}.encrypted`,
      ...options,
    );
    assert.deepEqual(plain, SECRET, name);
  }
  assert.deepEqual(readFileSync(join(results, "pkcs1.decrypted")), SECRET, "PKCS #1 v1.5 decryption");
  for (const name of ["aes-128-cbc", "aes-256-cbc"]) {
    assert.deepEqual(
      readFileSync(join(results, `${name}.encrypted`)),
      readFileSync(join(vectors, `${name}.encrypted`)),
    );
  }
}

check("what the security policies need is what the openssl command does", async () => {
  const work = mkdtempSync(join(tmpdir(), "gwcard-vectors-"));
  makeVectors(work);
  for (const engine of await buildsAndQemu()) {
    const results = mkdtempSync(join(work, `${engine.name}-`));
    const outcome = await runOnDevice(engine, "crypto-vectors", [pki, work, results]);
    assert.equal(outcome.end, 0, outcome.stderr);
    assert.deepEqual(outcome.stdout.trim().split("\n"), [
      ...SIGNATURES.flatMap(([name]) => [`verify ${name}: true`, `verify spoilt ${name}: false`]),
      ...ENCRYPTIONS.slice(1).map(([name]) => `decrypt ${name}: Buffer<${SECRET.toString("hex")}>`),
      "decrypt aes-128-cbc: true",
      "decrypt aes-256-cbc: true",
      ...["sha1", "sha256"].flatMap((digest) => [`hmac ${digest}: true`, `derive ${digest}: true`]),
    ]);
    judge(work, results);
  }
  rmSync(work, { recursive: true });
});

check("every reason not to trust a certificate is told, revocation lists included", async () => {
  for (const engine of await buildsAndQemu()) {
    const outcome = await runOnDevice(engine, "x509-chain", [pki]);
    assert.equal(outcome.end, 0, outcome.stderr);
    assert.deepEqual(outcome.stdout.trim().split("\n"), [
      'chain file: ["C=DE\\nO=Test\\nCN=gateway", "C=DE\\nO=Test\\nCN=Test CA"]',
      "two DER in one file: 2",
      "text around: 1",
      "cut off: throws Error ERR_OSSL_PEM_BAD_END_LINE: error:04800066:PEM routines::bad end line",
      'rest is no DER: "refused: asn1 encoding routines"',
      "key instead: throws Error ERR_OSSL_PEM_NO_START_LINE: error:0480006C:PEM routines::no start line",
      'facts: [["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment"], "sha256WithRSAEncryption", 300]',
      'facts of an old one: [undefined, "sha1WithRSAEncryption"]',
      "good: []",
      "good with lists: []",
      'list as DER: ["CERT_REVOKED 0 certificate revoked"]',
      "another CA's list: []",
      'revoked: ["CERT_REVOKED 0 certificate revoked"]',
      'expired: ["CERT_HAS_EXPIRED 0 certificate has expired"]',
      'expired, at its time: ["CERT_NOT_YET_VALID 1 certificate is not yet valid"]',
      'not yet valid: ["CERT_NOT_YET_VALID 0 certificate is not yet valid"]',
      'wrong CA: ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY 0 unable to get local issuer certificate", "UNABLE_TO_VERIFY_LEAF_SIGNATURE 0 unable to verify the first certificate"]',
      'nothing trusted: ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY 0 unable to get local issuer certificate", "UNABLE_TO_VERIFY_LEAF_SIGNATURE 0 unable to verify the first certificate"]',
      'expired and from nowhere: ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY 0 unable to get local issuer certificate", "UNABLE_TO_VERIFY_LEAF_SIGNATURE 0 unable to verify the first certificate", "CERT_HAS_EXPIRED 0 certificate has expired"]',
      'self-signed: ["DEPTH_ZERO_SELF_SIGNED_CERT 0 self-signed certificate"]',
      "self-signed, trusted: []",
      "leaf in the trust list: [true, []]",
      'culprit: "CN=server"',
      'list that isn\'t: "refused: asn1 encoding routines"',
    ]);
  }
});

/** Part 7 §6.6: hash of the key derivation, lengths of signing and encrypting key. */
const POLICY_KEYS: readonly (readonly [name: string, digest: string, signing: number, encrypting: number])[] =
  [
    ["Basic128Rsa15", "sha1", 16, 16],
    ["Basic256", "sha1", 24, 32],
    ["Basic256Sha256", "sha256", 32, 32],
    ["Aes128_Sha256_RsaOaep", "sha256", 32, 16],
    ["Aes256_Sha256_RsaPss", "sha256", 32, 32],
  ];
const IV_BYTES = 16;

check("the keys of every security policy are derived as by the openssl command", async () => {
  const [client, server] = [hex("client nonce", 32), hex("server nonce", 32)];
  const derive = (digest: string, secret: string, seed: string, bytes: number): string => {
    const secrets = ["-kdfopt", `hexsecret:${secret}`, "-kdfopt", `hexseed:${seed}`];
    const length = ["-keylen", String(bytes), "-kdfopt", `digest:${digest}`];
    return openssl(pki, "kdf", ...length, ...secrets, "-binary", "TLS1-PRF").toString("hex");
  };
  const expected = POLICY_KEYS.flatMap(([name, digest, signing, encrypting]) =>
    /* What a side protects is derived with the other one's nonce as the secret. */
    [
      ["client", server, client],
      ["server", client, server],
    ].map(([side = "", secret = "", seed = ""]) => {
      const keys = derive(digest, secret, seed, signing + encrypting + IV_BYTES);
      const cuts = [signing * 2, (signing + encrypting) * 2];
      return `${name} ${side}: ${keys.slice(0, cuts[0])} ${keys.slice(cuts[0], cuts[1])} ${keys.slice(cuts[1])}`;
    }),
  );
  for (const engine of await buildsAndQemu()) {
    const outcome = await runOnDevice(engine, "crypto-derive", [client, server]);
    assert.equal(outcome.end, 0, outcome.stderr);
    const found = outcome.stdout.trim().split("\n");
    for (const line of expected)
      assert.ok(found.includes(line), `${engine.name}: ${line}\n${outcome.stdout}`);
  }
});

/** The openssl command's words for the bits of the key usage, and ours. */
const USAGES: Readonly<Record<string, string>> = {
  "Digital Signature": "digitalSignature",
  "Non Repudiation": "nonRepudiation",
  "Key Encipherment": "keyEncipherment",
  "Data Encipherment": "dataEncipherment",
  "Certificate Sign": "keyCertSign",
  "CRL Sign": "cRLSign",
};

check("what a certificate says is what the openssl command reads in it, PEM and DER", async () => {
  const files = ["rsa.pem", "rsa.der", "ca.pem", "ec.pem", "ed25519.pem", "sha1.pem", "opcua-server.pem"];
  const expected = files.flatMap((file) => {
    const form = ["-in", file, "-inform", file.endsWith(".der") ? "DER" : "PEM", "-noout"];
    const facts = openssl(pki, "x509", ...form, "-serial", "-dates", "-fingerprint", "-sha256").toString();
    const text = openssl(pki, "x509", ...form, "-text", "-nameopt", "RFC2253").toString();
    const below = (heading: string) => new RegExp(`X509v3 ${heading}: .*\\n\\s*(.*)`).exec(text)?.[1];
    const usage = below("Key Usage")
      ?.split(", ")
      .map((word) => USAGES[word] ?? word);
    return [
      ...facts.trim().split("\n"),
      `Signature Algorithm: ${/Signature Algorithm: (.*)/.exec(text)?.[1]}`,
      `names: ${below("Subject Alternative Name") ?? "none"}`,
      `usage: ${usage?.join() ?? "none"}`,
      `authority: ${below("Basic Constraints")?.startsWith("CA:TRUE") ?? false}`,
    ].map((line) => `${file} ${line}`);
  });
  for (const engine of await buildsAndQemu()) {
    const outcome = await runOnDevice(engine, "x509-facts", [pki, ...files]);
    assert.equal(outcome.end, 0, outcome.stderr);
    assert.deepEqual(outcome.stdout.trim().split("\n"), expected, engine.name);
  }
});
