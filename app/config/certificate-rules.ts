import type { CertificateFacts } from "./certificate-facts.ts";
import type { ConfigFault } from "./fault.ts";
import { fileFault, type NamedFile } from "./pki.ts";

/** What is odd about a certificate that can be read (R131, requirements §2-C, L2, K38). */

/** Key usage bits in their order (RFC 5280 §4.2.1.3). */
const USAGES = ["digital signatures", "non-repudiation", "key encipherment", "data encipherment"];
/** OPC UA Part 6 §6.2.2: all four. */
export const OPCUA_USAGES = 0b1111;
/** TLS with (EC)DHE key exchange: signatures. */
export const TLS_USAGES = 0b0001;

/** What keys and signatures have to be for somebody to take them seriously. */
export interface Demand {
  /** Fewest bits of an RSA key. */
  readonly rsaBits: number;
  /** Fewest bits of an elliptic curve; null: only RSA keys will do. */
  readonly curveBits: number | null;
  /** Whether signatures that rest on SHA-1 or older will do. */
  readonly oldHashes: boolean;
}

/** Policies that were made for certificates that are weak today (OPC UA Part 7); `Any` may end up with one. */
const LENIENT: readonly string[] = ["Basic128Rsa15", "Basic256", "Any"];

/** R65: what a security policy asks of the certificates on both sides. */
export function demandOf(policy: string): Demand {
  const lenient = LENIENT.includes(policy);
  return { rsaBits: lenient ? 1024 : 2048, curveBits: null, oldHashes: lenient };
}

/** R126, R129: what TLS asks of every certificate of a chain; OpenSSL's security level 2, which the card has. */
export const TLS_DEMAND: Demand = { rsaBits: 2048, curveBits: 224, oldHashes: false };

/** Why a key will not do; null: it will. */
export function keyObjection({ key }: CertificateFacts, { rsaBits, curveBits }: Demand): string | null {
  const { kind, bits } = key;
  if (curveBits === null && kind !== "RSA") return "the key is no RSA key";
  const fewest = kind === "elliptic curve" ? curveBits : rsaBits;
  return kind === null || fewest === null || bits >= fewest ? null : `the ${kind} key has only ${bits} bits`;
}

/** Why a certificate will not do; null: it will. */
export function objection(facts: CertificateFacts, demand: Demand): string | null {
  const { weakHash } = facts;
  return (
    keyObjection(facts, demand) ??
    (weakHash === null || demand.oldHashes ? null : `the certificate is signed with ${weakHash}`)
  );
}

/** Its time: the other side decides, and the gateway's clock may be the one that is wrong (R135). */
export function checkValidity(file: NamedFile, facts: CertificateFacts, now = new Date()): ConfigFault[] {
  const text = (date: Date): string => date.toISOString().slice(0, 10);
  const { notBefore, notAfter } = facts;
  if (now < notBefore)
    return [fileFault("certificate-early", file, { date: text(notBefore), now: text(now) })];
  if (now > notAfter)
    return [fileFault("certificate-expired", file, { date: text(notAfter), now: text(now) })];
  return [];
}

/** What a client's certificate is made for. */
export function checkUsage(file: NamedFile, facts: CertificateFacts, needed: number): ConfigFault[] {
  const missing = USAGES.filter(
    (_, bit) => facts.keyUsage !== null && (needed & (1 << bit)) !== 0 && (facts.keyUsage & (1 << bit)) === 0,
  );
  if (!facts.forClients) missing.push("client authentication");
  return missing.length === 0 ? [] : [fileFault("certificate-usage", file, { missing: missing.join(", ") })];
}

/** Whom it names. */
export function checkSubject(file: NamedFile, facts: CertificateFacts): ConfigFault[] {
  const missing = [
    ...(facts.hasCommonName ? [] : ["common name (CN)"]),
    ...(facts.hasOrganization ? [] : ["organization (O)"]),
  ];
  return missing.length === 0
    ? []
    : [fileFault("certificate-subject", file, { missing: missing.join(" and no ") })];
}
