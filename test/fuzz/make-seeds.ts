/**
 * Program: makes the seeds in seeds/ anew. They are committed, so that a finding stays reproducible; run this when a
 * target's input format changes. Certificates, keys and lists come from the openssl command.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codec } from "../../app/link/codec.ts";
import { makePki } from "../runtime/pki.ts";
import { seedFolder, targetNames } from "./build.ts";

const pki = makePki();
const read = (name: string): Buffer => readFileSync(join(pki, name));
const openssl = (...args: string[]): Buffer =>
  execFileSync("openssl", args, { cwd: pki, stdio: ["ignore", "pipe", "ignore"] });
const der = (name: string): Buffer => openssl("x509", "-in", name, "-outform", "DER");

const bytes = (...parts: (Buffer | string | number)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === "number"
        ? Buffer.from([part])
        : typeof part === "string"
          ? Buffer.from(part, "latin1")
          : part,
    ),
  );
/** A piece with its length in front, as fuzz_piece reads it. */
const piece = (data: Buffer | string): Buffer => {
  const body = Buffer.from(data);
  return bytes(body.length >> 8, body.length & 0xff, body);
};
/** A number by fuzz_number's plainest kind. */
const number = (value: number): Buffer => bytes(8, value);

function addresses(): Buffer[] {
  const port = bytes(0, 0, 0x22, 0xb3);
  return ["192.0.2.1", "::1", "2001:db8::192.0.2.33", "fe80::1%eth0", "1.2.3.4.5", "::ffff:10.0.0.1"].map(
    (text) => bytes(port, text),
  );
}

function texts(): Buffer[] {
  const kinds = [0, 1, 2, 3, 4];
  return [
    ...kinds.map((kind) => bytes(kind, 0, "plain")),
    bytes(0, 0, Buffer.from("grün €𝄞", "utf8"), 0xe2, 0x82, 0xff, 0xed, 0xa0, 0x80),
    bytes(0, 4, "any bytes"),
    bytes(1, 4, 0, "YWJj\nZGVm=="),
    bytes(1, 3, 0, "00ffAb0"),
    bytes(1, 6, 1, Buffer.from("wide 𝄞\ud834", "utf16le")),
    bytes(2, 4, piece("0123456789"), number(3), number(4), 0, "YWJjZGVm"),
    bytes(3, 6, number(1), number(9), Buffer.from("x𝄞y", "utf16le")),
    bytes(5, 0, 0, "utf16le"),
  ];
}

function memory(): Buffer[] {
  const target = piece("0123456789abcdef");
  return [
    ...[1, 7, 11, 13, 15].map((which) => bytes(target, 0, which, number(3), number(42))),
    bytes(target, 2, piece("----"), number(1), number(2), number(9)),
    bytes(target, 3, number(2), number(9), 1),
    bytes(target, 4, 2, 1, piece("ab"), 1, piece("cd"), number(3)),
    bytes(target, 5, 1, piece("89"), number(1), 1, 0),
    bytes(target, 5, 1, piece("89"), 3, 1, 0, 1),
    bytes(target, 6, 1, piece("xy"), number(1), number(9)),
    bytes(target, 7, number(4), piece("0123")),
    bytes(target, 8, number(2), number(4), piece("0123")),
  ];
}

function certificates(): Buffer[] {
  return [
    ...["odd.pem", "ec.pem"].map((name) => bytes(0, read(name))),
    ...["rsa.pem", "ed25519.pem", "odd.pem", "ca.pem"].map((name) => bytes(0, der(name))),
    bytes(0, der("ed25519.pem"), der("ec.pem")),
    bytes(1, 0, read("ed25519.pem")),
    bytes(2, "text around\n", read("chain.pem")),
  ];
}

/** Time, partial, leaf, then pieces with their group in front: 0 trusted, 1 sent along, 2 list. */
function chains(): Buffer[] {
  const now = Buffer.alloc(4);
  now.writeUInt32BE(Math.floor(Date.now() / 1000));
  const ca = bytes(0, piece(der("ca.pem")));
  const list = bytes(2, piece(read("ca.crl.der")));
  const chain = (...parts: (Buffer | number)[]) => bytes(now, ...parts);
  return [
    chain(0, piece(der("ec.pem")), ca),
    chain(0, piece(der("server-revoked.pem")), ca, list),
    chain(0, piece(der("server-revoked.pem")), ca, 2, piece(read("ca.crl"))),
    chain(1, piece(der("ec.pem")), 0, piece(der("ec.pem"))),
    chain(0, piece(der("server-wrong-ca.pem")), 1, piece(der("other-ca.pem")), ca),
    chain(0, piece(der("server-expired.pem")), ca, 2, piece(read("other-ca.crl"))),
  ];
}

/** Keys are thrown away with the folder: these seeds hold public halves, damaged files and keys of curves. */
function keys(): Buffer[] {
  const [DER, PRIVATE, PHRASE] = [1, 8, 32];
  const type = { pkcs1: 0, sec1: 2, pkcs8: 4, spki: 6 };
  const ed25519 = openssl("pkey", "-in", "ed25519.key", "-outform", "DER");
  const locked = openssl("pkcs8", "-topk8", "-in", "ed25519.key", "-passout", "pass:word", "-outform", "DER");
  return [
    bytes(DER | type.spki, openssl("pkey", "-in", "rsa.key", "-pubout", "-outform", "DER")),
    bytes(DER | type.pkcs1, openssl("rsa", "-in", "rsa.key", "-RSAPublicKey_out", "-outform", "DER")),
    bytes(0, openssl("pkey", "-in", "ec.key", "-pubout")),
    bytes(0, read("ec.pem")),
    bytes(DER | PRIVATE | type.pkcs8, ed25519),
    bytes(DER | PRIVATE | type.sec1, openssl("ec", "-in", "ec.key", "-outform", "DER")),
    bytes(DER | PRIVATE | PHRASE | type.pkcs8, "word", locked),
    bytes(
      PRIVATE,
      "-----BEGIN PRIVATE KEY-----\n",
      ed25519.toString("base64"),
      "\n-----END PRIVATE KEY-----\n",
    ),
  ];
}

function ciphers(): Buffer[] {
  const secrets = Buffer.alloc(48, "secret");
  return [
    ...[0, 1, 2, 3].map((how) => bytes(0, how, secrets, 5, "exactly 16 bytes")),
    bytes(0, 2, secrets, 20, Buffer.alloc(64, "block")),
    ...[0, 1, 2, 3].map((padding) => bytes(2, padding | 4, Buffer.alloc(128, 7))),
    bytes(2, 1 | 16, piece("label"), Buffer.alloc(128, 1)),
    ...[0, 2].map((padding) => bytes(3, padding | 4 | 16, piece("message"), Buffer.alloc(128, 9))),
    bytes(3, 2, piece("message"), 20, Buffer.alloc(128, 9)),
  ];
}

function bytecodeFiles(): Buffer[] {
  const file = Buffer.alloc(80, "x");
  const magic = Buffer.from("GWQBC\r\n\x1a", "latin1");
  return [
    bytes(0, magic, Buffer.alloc(72)),
    bytes(1, file),
    bytes(3, 10, file),
    bytes(3, 16, file),
    bytes(3, 24, file),
  ];
}

/** Frames as app/link writes them; PUBLISH and PUBACK. */
function codecs(): Buffer[] {
  const frame = Buffer.alloc(64);
  const end = codec.writeFrame(frame, 0, 7, '{"Value":1}');
  const one = frame.subarray(0, end);
  const pubacks = Buffer.from([0x40, 2, 0, 1, 0x40, 2, 0, 2, 0x40, 2, 0xff, 0xff, 0x40, 2, 0, 1]);
  /** Small fields as targets/codec.c reads them, even bytes in front: topics of ports 1 and 2, cursor, two frames, ring. */
  const small = (...values: number[]) => values.flatMap((value) => [0, value]);
  const publishes = [
    ...[1, ...small(1, 0, 4, 0), ...small(2, 4, 8, 0), 1, ...small(0, 1, 0, 16), 2],
    ...[...small(0, end, 1), ...small(end, 2 * end, 2), 2, ...small(0, 0, 0, 0)],
    ...[...number(0), ...number(2)],
  ];
  return [
    bytes(0, number(0), one, one, one),
    bytes(0, number(1), 0, one, one.subarray(0, 20)),
    bytes(1, piece(Buffer.alloc(80)), number(3), number(9), 0, "a payload"),
    bytes(1, piece(Buffer.alloc(80)), number(0), number(9), 1, Buffer.from("wide 𝄞\ud834", "utf16le")),
    bytes(2, piece(one), piece(Buffer.alloc(12)), number(0), number(1)),
    bytes(3, piece(Buffer.alloc(99)), piece(bytes(one, one)), 2, piece("2\0\x01a4\0\x01b"), ...publishes),
    bytes(4, number(0), pubacks),
  ];
}

/** The first byte is `how` of targets/message-keys.c. */
function messageKeys(): Buffer[] {
  const secrets = Buffer.alloc(80, "secrets");
  const [LONG, FIXED] = [16, 8];
  const target = bytes(20, 10, Buffer.alloc(330, "message"));
  return [
    ...[0, 1, 2, 3, 7].map((how) => bytes(how, Buffer.alloc(8, 1), Buffer.alloc(80, how))),
    ...[0, 1, 2, 3, 7].map((how) => bytes(how | LONG | FIXED, secrets, target, 0, 0, 0, 100, 0, 0, 0, 9, 3)),
    bytes(3, Buffer.alloc(8), Buffer.alloc(16 + 240)),
    bytes(
      32,
      Buffer.alloc(8),
      0,
      "sha256",
      piece(Buffer.alloc(32)),
      piece(Buffer.alloc(16)),
      piece(Buffer.alloc(16)),
    ),
  ];
}

/** The first byte is `how` of targets/tls.c; edits are below 160 for "none". */
function conversations(): Buffer[] {
  const calm = Buffer.alloc(12);
  const record = (type: number, body: Buffer) =>
    bytes(type, 3, 3, body.length >> 8, body.length & 0xff, body);
  const alert = record(21, Buffer.from([2, 40]));
  return [
    bytes(0, 2, alert, 40, "HTTP/1.1 400 Bad Request\r\n\r\n"),
    bytes(0, 9, record(22, Buffer.from([2, 0, 0, 38, 3, 3])), 9, Buffer.alloc(64)),
    ...[1, 5, 1 | 32, 5 | 32, 1 | 64, 5 | 64, 1 | 8, 5 | 8, 1 | 16].map((how) => bytes(how, calm)),
    bytes(1, 200, 0, 30, 0, 1, calm),
    bytes(5, 200, 0, 90, 2, 4, calm),
    bytes(1, 0, 0, 200, 0, 3, 3, calm),
    bytes(5, 0, 0, 0, 255, 0, 9, 1, 8, Buffer.alloc(8, 0x17), calm),
    bytes(3, piece("no session"), calm),
    bytes(1 | 128, 7, 0, "broker", calm),
  ];
}

const SEEDS: Readonly<Record<string, () => Buffer[]>> = {
  address: addresses,
  "bytecode-file": bytecodeFiles,
  certificate: certificates,
  chain: chains,
  cipher: ciphers,
  codec: codecs,
  key: keys,
  memory,
  "message-keys": messageKeys,
  text: texts,
  tls: conversations,
};

for (const target of targetNames) {
  const make = SEEDS[target];
  if (!make) throw new Error(`there are no seeds for ${target}. Cure: write them here`);
  const folder = seedFolder(target);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [index, seed] of make().entries())
    writeFileSync(join(folder, String(index).padStart(2, "0")), seed);
}
rmSync(pki, { recursive: true });
