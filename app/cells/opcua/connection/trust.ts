import { crypto_utils } from "node-opcua-client";
import { subjectOf } from "../../../config/distinguished-name.ts";
import type { RevocationList } from "../../../config/revocation-lists.ts";
import { plainText } from "../../../link/plain-text.ts";
import {
  type Claim,
  hostObjection,
  type Objection,
  policyObjection,
  purposeObjection,
} from "./compliance.ts";

/** Whether a server is who the operator meant: our own decision, by the operator's trustList (R63–R65, R71). */

/** Longest chain that is followed from the server's certificate to a trusted one. */
const MAX_CHAIN = 8;

/** Longer names are cut: the reason and its cure have to fit into the same line. */
const LONGEST_NAME = 512;

/** The server's certificate is refused; the message says why and shows what the server sent. */
export class UntrustedServerError extends Error {
  readonly code = "OPCUA_SERVER_UNTRUSTED";
}

interface CertificateFacts {
  readonly der: Buffer;
  /** The whole distinguished name. */
  readonly subject: string;
  readonly thumbprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isAuthority: boolean;
  /** As hexadecimal digits with colons, like the entries of a revocation list. */
  readonly serialNumber: string;
  /** The issuer's name, in a form that can be compared. */
  readonly issuer: string;
}

/** Whom a certificate names, on one line whatever it contains. */
function nameOf(der: Buffer): string {
  const name = plainText(subjectOf(der) ?? "(no name)");
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}

function facts(der: Buffer): CertificateFacts {
  const certificate = crypto_utils.exploreCertificate(der).tbsCertificate;
  const { validity, extensions } = certificate;
  return {
    der,
    subject: nameOf(der),
    thumbprint: crypto_utils.makeSHA1Thumbprint(der).toString("hex"),
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    isAuthority: extensions?.basicConstraints?.cA === true,
    serialNumber: certificate.serialNumber,
    issuer: JSON.stringify(certificate.issuer),
  };
}

/** Validity is a matter of days; a time that differs with each attempt would be told with each attempt. */
function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function describe(certificate: CertificateFacts): string {
  const from = day(certificate.notBefore);
  const to = day(certificate.notAfter);
  return `the server sent the certificate of "${certificate.subject}", SHA-1 ${certificate.thumbprint}, valid ${from} to ${to}`;
}

function checkValidity(certificate: CertificateFacts, sent: CertificateFacts, now: Date): void {
  if (now < certificate.notBefore) {
    throw new UntrustedServerError(
      `the certificate of "${certificate.subject}" is not valid yet; ${describe(sent)}. Cure: set the gateway's clock, it shows ${day(now)}`,
    );
  }
  if (now > certificate.notAfter) {
    throw new UntrustedServerError(
      `the certificate of "${certificate.subject}" has expired; ${describe(sent)}. Cure: renew it, or set the gateway's clock, it shows ${day(now)}`,
    );
  }
}

/** Whether `issuer` signed `certificate`. */
function signed(certificate: Buffer, issuer: Buffer): boolean {
  try {
    return crypto_utils.verifyCertificateSignature(certificate, issuer);
  } catch {
    // Another kind of key or algorithm than the certificate was signed with: not its issuer.
    return false;
  }
}

/**
 * Throws when a list of the certificate's issuer names it. The lists lie beside the trusted certificates, so their
 * authenticity is the operator's; one that the known issuer did not sign belongs to a namesake.
 */
function checkRevocation(options: {
  der: Buffer;
  /** Called only when there are lists: the search costs signature checks. */
  issuer: () => Buffer | undefined;
  lists: readonly RevocationList[];
  sent: CertificateFacts;
}): void {
  const { der, lists, sent } = options;
  if (lists.length === 0) return;
  const certificate = facts(der);
  const issuer = options.issuer();
  for (const { der: list } of lists) {
    const { tbsCertList } = crypto_utils.exploreCertificateRevocationList(list);
    if (JSON.stringify(tbsCertList.issuer) !== certificate.issuer) continue;
    if (!tbsCertList.revokedCertificates.some((each) => each.userCertificate === certificate.serialNumber)) {
      continue;
    }
    if (issuer && !signed(list, issuer)) continue;
    throw new UntrustedServerError(
      `the certificate of "${certificate.subject}" is revoked; ${describe(sent)}. Cure: give the server a new certificate`,
    );
  }
}

/** What the server showed, taken apart; anything may arrive here. */
function readChain(presented: Buffer): { chain: readonly Buffer[]; sent: CertificateFacts } {
  if (presented.length === 0) {
    throw new UntrustedServerError(
      "the server has no certificate. Cure: give the server one, or allow an unprotected connection",
    );
  }
  try {
    const chain = crypto_utils.split_der(presented).slice(0, MAX_CHAIN);
    return { chain, sent: facts(chain[0] ?? presented) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UntrustedServerError(
      `the server's certificate can't be read (${reason}). Cure: give the server a valid one`,
    );
  }
}

/** Subject, SHA-1 thumbprint and validity of what a server showed, for messages. */
export function describePresented(presented: Buffer): string {
  try {
    return describe(readChain(presented).sent);
  } catch (error) {
    if (error instanceof UntrustedServerError) return error.message.replace(/\. Cure:.*$/, "");
    throw error;
  }
}

/** Lists that are used although newer ones should have come: never less strict than with none, and worth a word. */
export function expiredLists(lists: readonly RevocationList[], now: Date): string[] {
  return lists.flatMap(({ file, der }) => {
    const { nextUpdate } = crypto_utils.exploreCertificateRevocationList(der).tbsCertList;
    if (!nextUpdate || now <= nextUpdate) return [];
    const date = nextUpdate.toISOString().slice(0, 10);
    return `the revocation list ${file} has expired (nextUpdate ${date}); it is still used, but what was revoked since is not noticed. Cure: put the authority's newest list on HW-IDS`;
  });
}

function refuse({ problem, cure }: Objection, sent: CertificateFacts): never {
  throw new UntrustedServerError(`${problem}; ${describe(sent)}. Cure: ${cure}`);
}

/**
 * Checks what the server showed: exactly a trusted certificate, or a chain that ends in one; each link valid now, and
 * fit for the policy. `trusted` null accepts any server (AllowAll, L4). Throws `UntrustedServerError`. Returns what is
 * odd about a certificate that is trusted all the same: the operator has named exactly that one.
 */
export function checkServerCertificate(options: {
  presented: Buffer;
  /** The security policy that the connection will have, for example `Basic256Sha256`. */
  policy: string;
  claim: Claim;
  trusted: readonly Buffer[] | null;
  /** What a list of its issuer names is refused, also when it is trusted. */
  revocationLists: readonly RevocationList[];
  now: Date;
}): readonly string[] {
  const { presented, policy, claim, trusted, revocationLists: lists, now } = options;
  if (trusted === null) return [];
  const { chain, sent } = readChain(presented);
  checkValidity(sent, sent, now);
  const unfit = policyObjection(sent.der, policy);
  const odd = purposeObjection(sent.der, claim);
  if (trusted.some((certificate) => certificate.equals(sent.der))) {
    const issuer = () => [...trusted, ...chain].find((candidate) => signed(sent.der, candidate));
    checkRevocation({ der: sent.der, issuer, lists, sent });
    if (unfit) refuse(unfit, sent);
    return odd ? [`${odd.problem}. Cure: ${odd.cure}`] : [];
  }

  // Issuers come from the server's own chain and from the trustList; only the latter may end the search.
  let link = sent.der;
  for (let depth = 0; depth < MAX_CHAIN; depth += 1) {
    const anchor = trusted.find((candidate) => signed(link, candidate));
    if (anchor) {
      const authority = facts(anchor);
      if (authority.isAuthority) {
        checkValidity(authority, sent, now);
        checkRevocation({ der: link, issuer: () => anchor, lists, sent });
        const objection = unfit ?? odd ?? hostObjection(sent.der, claim);
        if (objection) refuse(objection, sent);
        return [];
      }
    }
    const issuer = chain.find((candidate) => !candidate.equals(link) && signed(link, candidate));
    if (!issuer) break;
    const between = facts(issuer);
    if (!between.isAuthority) break;
    checkValidity(between, sent, now);
    checkRevocation({ der: link, issuer: () => issuer, lists, sent });
    link = issuer;
  }
  throw new UntrustedServerError(
    `the server's certificate is not in trustList; ${describe(sent)}. Cure: if that is the right server, put its certificate on HW-IDS and name it in trustList`,
  );
}
