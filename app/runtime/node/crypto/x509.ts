/** X509Certificate, and beyond Node's API: several certificates in one file, and chains checked against CRLs. */
import type { Buffer } from "../buffer.ts";
import { invalidArgType } from "../node-error.ts";
import { EXPECTED, isBytes } from "./bytes.ts";
import { KeyObject, publicKeyOf } from "./key.ts";
import { type Bytes, binding } from "./native.ts";
import { type CertificateHandle, type CertificateInfo, x509 } from "./x509-native.ts";

/** The object tls.getPeerCertificate() gives. */
export interface LegacyCertificate {
  subject: Record<string, string | string[]>;
  issuer: Record<string, string | string[]>;
  subjectaltname?: string;
  infoAccess?: Record<string, string[]>;
  ca: boolean;
  bits?: number;
  modulus?: string;
  exponent?: string;
  pubkey?: Buffer;
  asn1Curve?: string;
  valid_from: string;
  valid_to: string;
  fingerprint: string;
  fingerprint256: string;
  fingerprint512: string;
  ext_key_usage?: string[];
  serialNumber: string;
  raw: Buffer;
  issuerCertificate?: LegacyCertificate;
}

function nameObject(pairs: CertificateInfo["subjectPairs"]): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = Object.create(null);
  for (const [type, value] of pairs) {
    const before = result[type];
    result[type] =
      before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return result;
}

function accessObject(text: string): Record<string, string[]> {
  const result: Record<string, string[]> = Object.create(null);
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    const key = line.slice(0, colon);
    result[key] = [...(result[key] ?? []), line.slice(colon + 1)];
  }
  return result;
}

interface HostOptions {
  readonly subject?: "default" | "always" | "never";
}

export class X509Certificate {
  readonly #handle: CertificateHandle;
  readonly #info: CertificateInfo;
  #key: KeyObject | undefined;

  constructor(source: unknown) {
    if (typeof source !== "string" && !isBytes(source)) {
      throw invalidArgType("buffer", ["string", "Buffer", "TypedArray", "DataView"], source);
    }
    this.#handle = x509.certificateReadAll(source, true)[0] as CertificateHandle;
    this.#info = x509.certificateInfo(this.#handle);
  }

  /** A certificate that is in native hands already. */
  static fromHandle(handle: CertificateHandle): X509Certificate {
    return new X509Certificate(x509.certificateRaw(handle));
  }

  static handleOf(certificate: X509Certificate): CertificateHandle {
    return certificate.#handle;
  }

  get subject(): string | undefined {
    return this.#info.subject || undefined;
  }
  get issuer(): string | undefined {
    return this.#info.issuer || undefined;
  }
  get subjectAltName(): string | undefined {
    return this.#info.subjectAltName;
  }
  get infoAccess(): string | undefined {
    return this.#info.infoAccess;
  }
  get validFrom(): string {
    return this.#info.validFrom;
  }
  get validTo(): string {
    return this.#info.validTo;
  }
  get validFromDate(): Date {
    return new Date(this.#info.validFromMs);
  }
  get validToDate(): Date {
    return new Date(this.#info.validToMs);
  }
  get fingerprint(): string {
    return this.#info.fingerprint;
  }
  get fingerprint256(): string {
    return this.#info.fingerprint256;
  }
  get fingerprint512(): string {
    return this.#info.fingerprint512;
  }
  get serialNumber(): string {
    return this.#info.serialNumber;
  }
  get ca(): boolean {
    return this.#info.ca;
  }
  /** Object identifiers of the extended key usage, as Node.js has it under this name. */
  get keyUsage(): string[] | undefined {
    return this.#info.extendedKeyUsage;
  }
  /** Node ≥ 24. */
  get signatureAlgorithm(): string {
    return this.#info.signatureAlgorithm;
  }
  /** Beyond Node: names of the key usage bits, undefined without the extension. */
  get keyUsageBits(): readonly string[] | undefined {
    return this.#info.keyUsage;
  }
  get raw(): Buffer {
    return x509.certificateRaw(this.#handle);
  }
  get publicKey(): KeyObject {
    this.#key ??= publicKeyOf(x509.certificatePublicKey(this.#handle));
    return this.#key;
  }

  checkHost(name: string, options: HostOptions = {}): string | undefined {
    const found = x509.certificateMatchesHost(this.#handle, name);
    const hasNames = /(^|, )DNS:/.test(this.#info.subjectAltName ?? "");
    return options.subject === "never" && !hasNames ? undefined : found;
  }
  checkIP(address: string): string | undefined {
    return x509.certificateMatchesAddress(this.#handle, address);
  }
  checkEmail(address: string): string | undefined {
    return x509.certificateMatchesEmail(this.#handle, address);
  }
  checkIssued(issuer: X509Certificate): boolean {
    if (!(issuer instanceof X509Certificate)) throw invalidArgType("otherCert", "X509Certificate", issuer);
    return x509.certificateIssuedBy(this.#handle, issuer.#handle);
  }
  checkPrivateKey(key: KeyObject): boolean {
    if (!(key instanceof KeyObject)) throw invalidArgType("pkey", "KeyObject", key);
    return x509.certificateHasKey(this.#handle, key.handle);
  }
  verify(key: KeyObject): boolean {
    if (!(key instanceof KeyObject)) throw invalidArgType("pkey", "KeyObject", key);
    return x509.certificateSignedBy(this.#handle, key.handle);
  }

  toString(): string {
    return x509.certificatePem(this.#handle);
  }
  toJSON(): string {
    return this.toString();
  }

  toLegacyObject(): LegacyCertificate {
    const info = this.#info;
    const key = this.publicKey;
    const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
    const handle = key.handle;
    const rsa = modulusLength !== undefined && {
      modulus: binding.keyNumber(handle, "n", 0)?.toString("hex").toUpperCase() ?? "",
      bits: modulusLength,
      exponent: `0x${(publicExponent ?? 0n).toString(16)}`,
    };
    return {
      subject: nameObject(info.subjectPairs),
      issuer: nameObject(info.issuerPairs),
      ...(info.subjectAltName === undefined ? {} : { subjectaltname: info.subjectAltName }),
      ...(info.infoAccess === undefined ? {} : { infoAccess: accessObject(info.infoAccess) }),
      ca: info.ca,
      ...(rsa || {}),
      ...(namedCurve === undefined ? {} : { asn1Curve: namedCurve, bits: binding.keyDetails(handle).bits }),
      pubkey: binding.keyExportPublic(handle, "spki", false) as Buffer,
      valid_from: info.validFrom,
      valid_to: info.validTo,
      fingerprint: info.fingerprint,
      fingerprint256: info.fingerprint256,
      fingerprint512: info.fingerprint512,
      ...(info.extendedKeyUsage === undefined ? {} : { ext_key_usage: info.extendedKeyUsage }),
      serialNumber: info.serialNumber,
      raw: this.raw,
    };
  }
}

/** Every certificate of a file: PEM (any number) or DER, one behind the other. */
export function readCertificates(source: string | Bytes): X509Certificate[] {
  if (typeof source !== "string" && !isBytes(source)) throw invalidArgType("source", EXPECTED, source);
  return x509.certificateReadAll(source, false).map(X509Certificate.fromHandle);
}

export interface ChainOptions {
  readonly trusted: readonly X509Certificate[];
  readonly untrusted?: readonly X509Certificate[];
  /** PEM or DER; a missing list is no problem, a certificate that a list names is. */
  readonly crls?: readonly (string | Bytes)[];
  readonly at?: Date;
  /** Trusted certificates needn't be roots (OPC UA trust lists, Part 4 §6.1.3). */
  readonly partial?: boolean;
}

export interface CertificateProblem {
  readonly code: string;
  readonly message: string;
  readonly depth: number;
  readonly certificate: X509Certificate | undefined;
}

/** Every reason not to trust a certificate, each on its own; empty when there is none. */
export function verifyCertificate(certificate: X509Certificate, options: ChainOptions): CertificateProblem[] {
  const { trusted, untrusted = [], crls = [], at = new Date(), partial = false } = options;
  const handle = X509Certificate.handleOf;
  const problems = x509.verifyChain(
    handle(certificate),
    trusted.map(handle),
    untrusted.map(handle),
    crls,
    at.getTime(),
    partial,
  );
  return problems.map(({ code, message, depth, certificate: culprit }) => ({
    code,
    message,
    depth,
    certificate: culprit === null ? undefined : X509Certificate.fromHandle(culprit),
  }));
}
