import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { ConfigFault } from "./fault.ts";
import { ABSENT, type RawFile } from "./raw-files.ts";
import type { RuleId, RuleValues } from "./rules.ts";

/** Certificates and keys from the operator's files. */

/** A file that a setting names: where it has to lie, and where its name stands. */
export interface NamedFile {
  readonly name: string;
  /** `HW-IDS:/app/…` directory, for messages. */
  readonly directory: string;
  readonly files: ReadonlyMap<string, RawFile>;
  /** The settings file, as the operator finds it: `HW-IDS:/app/…/OpcUaClientSettings-0.json`. */
  readonly namedBy: string;
  /** JSON pointer of the setting: `/security/trustList/0`. */
  readonly pointer: string;
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----/g;

/** A fault of a file that a setting names. */
export function fileFault(rule: RuleId, file: NamedFile, values: RuleValues = {}): ConfigFault {
  const { directory, name, namedBy, pointer } = file;
  return new ConfigFault({ rule, file: `${directory}/${name}`, namedBy, pointer, values });
}

/** The bytes of a named file; throws a `ConfigFault` that says which file is missing and who asks for it. */
export function namedBytes(file: NamedFile): Buffer {
  const raw = file.files.get(file.name) ?? ABSENT;
  if ("problem" in raw) throw fileFault("pki-file-unreadable", file, { reason: raw.problem });
  if (raw.bytes.length === 0) throw fileFault("pki-file-empty", file);
  return raw.bytes;
}

/** All PEM blocks of a text: label → contents, in order. */
export function pemBlocks(bytes: Buffer): { label: string; text: string }[] {
  return [...bytes.toString("latin1").matchAll(PEM_BLOCK)].map((match) => ({
    label: match[1] ?? "",
    text: match[0],
  }));
}

/** The bytes in a PEM block. */
export function derOfPem(text: string): Buffer {
  return Buffer.from(text.replace(/-----[^-]+-----/g, ""), "base64");
}

/** A private key, PEM or DER, as PEM. */
export function readPrivateKeyPem(file: NamedFile): string {
  const bytes = namedBytes(file);
  if (bytes.includes("-----BEGIN ")) {
    const blocks = pemBlocks(bytes);
    const locked = blocks.some((block) => block.label === "ENCRYPTED PRIVATE KEY");
    if (locked || bytes.includes("Proc-Type: 4,ENCRYPTED")) throw fileFault("key-locked", file);
    const key = blocks.find((block) => block.label.endsWith("PRIVATE KEY"));
    if (!key) throw fileFault("key-none", file);
    return `${key.text}\n`;
  }
  // DER: SEQUENCE { version INTEGER, then either an AlgorithmIdentifier SEQUENCE (PKCS#8) or the modulus INTEGER (PKCS#1) }.
  if (bytes[0] !== 0x30) throw fileFault("key-form", file, { form: "a PEM nor a DER" });
  const lengthBytes = (bytes[1] ?? 0) < 0x80 ? 1 : 1 + ((bytes[1] ?? 0) & 0x7f);
  const afterVersion = bytes[1 + lengthBytes + 3];
  const label = afterVersion === 0x30 ? "PRIVATE KEY" : afterVersion === 0x02 ? "RSA PRIVATE KEY" : null;
  if (!label) throw fileFault("key-form", file, { form: "a PKCS#8 nor a PKCS#1" });
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** The PEM text of a file that must be PEM (R128), with at least one certificate in it. */
export function readPemCertificates(file: NamedFile): string {
  const bytes = namedBytes(file);
  const blocks = pemBlocks(bytes).filter((block) => block.label === "CERTIFICATE");
  if (blocks.length === 0) throw fileFault("certificate-not-pem", file);
  return `${blocks.map((block) => block.text).join("\n")}\n`;
}

/** The key that a PEM text holds; throws a `ConfigFault` when it is damaged. */
export function parsePrivateKey(file: NamedFile, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fileFault("key-unreadable", file, { reason });
  }
}

/** Throws a `ConfigFault` unless the certificate was made for this key. */
export function checkPair(options: {
  certificate: NamedFile;
  key: NamedFile;
  /** The client's own certificate, PEM or DER; what follows it in a chain does not matter. */
  leaf: string | Buffer;
  privateKey: KeyObject;
}): void {
  const { certificate, key, leaf, privateKey } = options;
  let matches: boolean;
  try {
    matches = new X509Certificate(leaf).checkPrivateKey(privateKey);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fileFault("certificate-unreadable", certificate, { reason });
  }
  if (!matches)
    throw fileFault("key-mismatch", key, { certificate: `${certificate.directory}/${certificate.name}` });
}
