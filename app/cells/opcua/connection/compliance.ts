import { crypto_utils } from "node-opcua-client";
import { demandOf } from "../../../config/certificate-rules.ts";
import { isAddress } from "../../../link/status.ts";

/** What a certificate has to be for a security policy, and for the application that shows it (R65, L3). */

/** What is wrong with a certificate, and what helps. */
export interface Objection {
  readonly problem: string;
  readonly cure: string;
}

/** What a new key should have, whatever the policy. */
const GOOD_BITS = 2048;
const WEAK_HASH = /^(?:md[245]|sha1)(?=with)/i;

/** Whether keys and signature are good enough for the policy, for example `Basic256Sha256` (R65). */
export function policyObjection(der: Buffer, policy: string): Objection | null {
  const { signatureAlgorithm, tbsCertificate } = crypto_utils.exploreCertificate(der);
  const { algorithm, keyLength } = tbsCertificate.subjectPublicKeyInfo;
  const { rsaBits, oldHashes } = demandOf(policy);
  if (algorithm !== "rsaEncryption") {
    return {
      problem: `the server's key is no RSA key, which ${policy} needs`,
      cure: "give the server an RSA key and a certificate for it",
    };
  }
  const bits = keyLength * 8;
  if (bits < rsaBits) {
    return {
      problem: `the server's key has only ${bits} bits, but ${policy} needs at least ${rsaBits}`,
      cure: `give the server a key of at least ${GOOD_BITS} bits and a certificate for it`,
    };
  }
  const hash = WEAK_HASH.exec(signatureAlgorithm.identifier)?.[0];
  if (hash && !oldHashes) {
    return {
      problem: `the server's certificate is signed with ${hash.toUpperCase().replace("SHA1", "SHA-1")}, which ${policy} does not allow`,
      cure: "give the server a certificate that is signed with SHA-256",
    };
  }
  return null;
}

/** Whose certificate is expected. */
export interface Claim {
  /** What the server calls itself; null: it gives no name. */
  readonly applicationUri: string | null;
  /** The host name or address that the operator has written. */
  readonly host: string;
}

/** An IPv4 address as a certificate holds it: eight hexadecimal digits. Other names stay as they are. */
function asInCertificate(host: string): string {
  return isAddress(host) ? Buffer.from(host.split(".").map(Number)).toString("hex") : host.toLowerCase();
}

/** Whether the certificate is made for the host that shows it (Part 4 §6.1.3). */
export function hostObjection(der: Buffer, { host }: Claim): Objection | null {
  const names = crypto_utils.exploreCertificate(der).tbsCertificate.extensions?.subjectAltName;
  const hosts: readonly string[] = [...(names?.dNSName ?? []), ...(names?.iPAddress ?? [])];
  if (hosts.some((each) => each.toLowerCase() === asInCertificate(host))) return null;
  return {
    problem: `the server's certificate is not made out to ${host}, so it may be another server of the same authority`,
    cure: "put the server's own certificate on HW-IDS and name it in trustList, or give the server one with that name",
  };
}

/** Whether the certificate is made for the application that shows it, and for what it is used for (Part 4 §6.1.3). */
export function purposeObjection(der: Buffer, { applicationUri }: Claim): Objection | null {
  const { extensions } = crypto_utils.exploreCertificate(der).tbsCertificate;
  const uris: readonly string[] = extensions?.subjectAltName?.uniformResourceIdentifier ?? [];
  if (applicationUri !== null && !uris.includes(applicationUri)) {
    return {
      problem: `the server calls itself ${applicationUri}, but its certificate is made out to ${uris.join(", ") || "no application"}`,
      cure: "give the server a certificate with its application URI",
    };
  }
  const usage = extensions?.keyUsage;
  // Without the extension a key may be used for anything (RFC 5280 §4.2.1.3).
  if (!usage) return null;
  const missing = [
    ...(usage.digitalSignature ? [] : ["digital signatures"]),
    ...(usage.dataEncipherment || usage.keyEncipherment ? [] : ["encryption"]),
  ];
  if (missing.length === 0) return null;
  return {
    problem: `the server's certificate is not made for ${missing.join(" and ")}`,
    cure: "give the server a certificate with the key usages of OPC UA",
  };
}
