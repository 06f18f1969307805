/** What native/x509*.c offers. */
import { native } from "../../binding.ts";
import type { Buffer } from "../buffer.ts";
import type { Bytes, KeyHandle } from "./native.ts";

declare const kind: unique symbol;
export type CertificateHandle = { readonly [kind]: "certificate" };

/** Everything a certificate says. Texts are Node's; times are also given in milliseconds. */
export interface CertificateInfo {
  readonly subject: string;
  readonly subjectPairs: readonly (readonly [type: string, value: string])[];
  readonly issuer: string;
  readonly issuerPairs: readonly (readonly [type: string, value: string])[];
  readonly subjectAltName: string | undefined;
  readonly infoAccess: string | undefined;
  readonly validFrom: string;
  readonly validTo: string;
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly fingerprint: string;
  readonly fingerprint256: string;
  readonly fingerprint512: string;
  readonly serialNumber: string;
  /** RFC 5280 names ("digitalSignature"); undefined without the extension. */
  readonly keyUsage: readonly string[] | undefined;
  /** Object identifiers; undefined without the extension. */
  readonly extendedKeyUsage: string[] | undefined;
  readonly signatureAlgorithm: string;
  readonly ca: boolean;
}

export interface ChainProblem {
  /** As Node.js names TLS verification results: "CERT_HAS_EXPIRED". */
  readonly code: string;
  readonly message: string;
  /** 0 is the certificate itself, 1 its issuer, … */
  readonly depth: number;
  readonly certificate: CertificateHandle | null;
}

interface X509Binding {
  certificateReadAll(data: string | Bytes, onlyFirst: boolean): CertificateHandle[];
  certificateInfo(certificate: CertificateHandle): CertificateInfo;
  certificatePem(certificate: CertificateHandle): string;
  certificateRaw(certificate: CertificateHandle): Buffer;
  certificatePublicKey(certificate: CertificateHandle): KeyHandle;
  certificateIssuedBy(certificate: CertificateHandle, issuer: CertificateHandle): boolean;
  certificateSignedBy(certificate: CertificateHandle, key: KeyHandle): boolean;
  certificateHasKey(certificate: CertificateHandle, key: KeyHandle): boolean;
  certificateMatchesHost(certificate: CertificateHandle, name: string): string | undefined;
  certificateMatchesAddress(certificate: CertificateHandle, address: string): string | undefined;
  certificateMatchesEmail(certificate: CertificateHandle, address: string): string | undefined;
  verifyChain(
    certificate: CertificateHandle,
    trusted: readonly CertificateHandle[],
    untrusted: readonly CertificateHandle[],
    crls: readonly (string | Bytes)[],
    milliseconds: number,
    partial: boolean,
  ): ChainProblem[];
}

export const x509 = native("x509") as X509Binding;
