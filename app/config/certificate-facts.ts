import { hex, type Part, partsIn, pick } from "./der.ts";

/** What the rules need to know of a certificate, straight from its bytes (X.509, RFC 5280 §4.1): no library, no keys. */

export interface CertificateFacts {
  /** Name of the hash in the signature when it is a broken one: MD2, MD5, SHA-1. */
  readonly weakHash: string | null;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly hasCommonName: boolean;
  readonly hasOrganization: boolean;
  /** First subject alternative name of type URI. */
  readonly uri: string | null;
  /** Bit n is set when key usage bit n is; null without the extension: anything goes. */
  readonly keyUsage: number | null;
  /** Whether it may prove who a client is. */
  readonly forClients: boolean;
}

/** Object identifiers as the hexadecimal digits of their encoding. */
const COMMON_NAME = "550403";
const ORGANIZATION = "55040a";
const KEY_USAGE = "551d0f";
const ALTERNATIVE_NAME = "551d11";
const EXTENDED_KEY_USAGE = "551d25";
const CLIENT_PURPOSES: readonly string[] = ["2b06010505070302", "551d2500"];
const WEAK_SIGNATURES: ReadonlyMap<string, string> = new Map([
  ["2a864886f70d010102", "MD2"],
  ["2a864886f70d010104", "MD5"],
  ["2a864886f70d010105", "SHA-1"],
  ["2b0e03021d", "SHA-1"],
  ["2a8648ce3d0401", "SHA-1"],
  ["2a8648ce380403", "SHA-1"],
]);
const TAG_UTC_TIME = 0x17;
const TAG_GENERALIZED_TIME = 0x18;
const TAG_VERSION = 0xa0;
const TAG_EXTENSIONS = 0xa3;
const TAG_URI = 0x86;

function readTime(der: Buffer, { tag, start, end }: Part): Date {
  const text = der.toString("latin1", start, end);
  // RFC 5280 §4.1.2.5.1: two digits mean 1950 to 2049.
  const century = tag === TAG_GENERALIZED_TIME ? "" : text < "50" ? "20" : "19";
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text);
  if (!match) throw new RangeError("a date of the certificate is unreadable");
  const [year = 0, month = 1, ...rest] = match.slice(1).map(Number);
  return new Date(Date.UTC(year, month - 1, ...rest));
}

/** Extensions by object identifier: what is in their octet strings. */
function extensionsOf(der: Buffer, tbs: readonly Part[]): Map<string, Part> {
  const found = new Map<string, Part>();
  const wrapped = tbs.find(({ tag }) => tag === TAG_EXTENSIONS);
  if (!wrapped) return found;
  for (const extension of partsIn(der, pick(partsIn(der, wrapped), 0))) {
    const parts = partsIn(der, extension);
    found.set(hex(der, pick(parts, 0)), pick(parts, parts.length - 1));
  }
  return found;
}

function keyUsageOf(der: Buffer, extension: Part | undefined): number | null {
  if (!extension) return null;
  // BIT STRING: the first byte counts unused bits; bit 0 is the highest of the next one.
  const octet = der[pick(partsIn(der, extension), 0).start + 1] ?? 0;
  let bits = 0;
  for (let bit = 0; bit < 8; bit += 1) if (octet & (0x80 >> bit)) bits |= 1 << bit;
  return bits;
}

/** When the next edition of a revocation list was to appear (RFC 5280 §5.1.2.5); null: it does not say. */
export function renewalOf(der: Buffer): Date | null {
  const list = partsIn(der, pick(partsIn(der, { start: 0, end: der.length }), 0));
  const [, renewal] = partsIn(der, pick(list, 0)).filter(
    ({ tag }) => tag === TAG_UTC_TIME || tag === TAG_GENERALIZED_TIME,
  );
  return renewal ? readTime(der, renewal) : null;
}

/** A certificate's public key (SubjectPublicKeyInfo, RFC 5280 §4.1.2.7), in DER form. */
export function publicKeyOf(der: Buffer): Buffer {
  const certificate = partsIn(der, pick(partsIn(der, { start: 0, end: der.length }), 0));
  const all = partsIn(der, pick(certificate, 0));
  const subject = all[0]?.tag === TAG_VERSION ? 5 : 4;
  return der.subarray(pick(all, subject).end, pick(all, subject + 1).end);
}

/** Reads a certificate in DER form. Throws a `RangeError` when it is none. */
export function certificateFacts(der: Buffer): CertificateFacts {
  const inside = (part: Part): Part[] => partsIn(der, part);
  const certificate = inside(pick(partsIn(der, { start: 0, end: der.length }), 0));
  const all = inside(pick(certificate, 0));
  const tbs = all[0]?.tag === TAG_VERSION ? all.slice(1) : all;
  const dates = inside(pick(tbs, 3));
  const names = inside(pick(tbs, 4)).flatMap((set) =>
    inside(set).map((pair) => hex(der, pick(inside(pair), 0))),
  );
  const extensions = extensionsOf(der, tbs);
  const alternatives = extensions.get(ALTERNATIVE_NAME);
  const uri = alternatives && inside(pick(inside(alternatives), 0)).find(({ tag }) => tag === TAG_URI);
  const purposes = extensions.get(EXTENDED_KEY_USAGE);
  return {
    weakHash: WEAK_SIGNATURES.get(hex(der, pick(inside(pick(certificate, 1)), 0))) ?? null,
    notBefore: readTime(der, pick(dates, 0)),
    notAfter: readTime(der, pick(dates, 1)),
    hasCommonName: names.includes(COMMON_NAME),
    hasOrganization: names.includes(ORGANIZATION),
    uri: uri ? der.toString("latin1", uri.start, uri.end) : null,
    keyUsage: keyUsageOf(der, extensions.get(KEY_USAGE)),
    forClients:
      !purposes ||
      inside(pick(inside(purposes), 0)).some((purpose) => CLIENT_PURPOSES.includes(hex(der, purpose))),
  };
}
