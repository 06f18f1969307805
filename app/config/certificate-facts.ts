import { hex, type Part, partsIn, pick } from "./der.ts";

/** What the rules need to know of a certificate, straight from its bytes (X.509, RFC 5280 §4.1): no library, no keys. */

export interface CertificateFacts {
  /** Name of the hash in the signature when it is a broken one: MD2, MD5, SHA-1. */
  readonly weakHash: string | null;
  /** Bits of the modulus, or of the curve; null: another kind of key. */
  readonly key: { readonly kind: "RSA" | "RSA-PSS" | "elliptic curve" | null; readonly bits: number };
  /** Whether it may issue certificates. */
  readonly isAuthority: boolean;
  /** Whether subject and issuer are the same: nobody is above it. */
  readonly isSelfIssued: boolean;
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
const BASIC_CONSTRAINTS = "551d13";
const RSA_KEY = "2a864886f70d010101";
const RSA_PSS_KEY = "2a864886f70d01010a";
const CURVE_KEY = "2a8648ce3d0201";
const CLIENT_PURPOSES: readonly string[] = ["2b06010505070302", "551d2500"];
const WEAK_SIGNATURES: ReadonlyMap<string, string> = new Map([
  ["2a864886f70d010102", "MD2"],
  ["2a864886f70d010103", "MD4"],
  ["2a864886f70d010104", "MD5"],
  ["2a864886f70d010105", "SHA-1"],
  ["2b0e03021d", "SHA-1"],
  ["2a8648ce3d0401", "SHA-1"],
  ["2a8648ce380403", "SHA-1"],
]);
const TAG_BOOLEAN = 0x01;
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

function isAuthority(der: Buffer, extension: Part | undefined): boolean {
  if (!extension) return false;
  const [first] = partsIn(der, pick(partsIn(der, extension), 0));
  return first?.tag === TAG_BOOLEAN && der[first.start] !== 0;
}

/** Kind and length of a SubjectPublicKeyInfo. */
function keyOf(der: Buffer, info: Part): CertificateFacts["key"] {
  const [algorithm, bits] = [pick(partsIn(der, info), 0), pick(partsIn(der, info), 1)];
  const kind = hex(der, pick(partsIn(der, algorithm), 0));
  // The first byte of a BIT STRING counts unused bits.
  const key = { start: bits.start + 1, end: bits.end };
  if (kind === RSA_KEY || kind === RSA_PSS_KEY) {
    const { start, end } = pick(partsIn(der, pick(partsIn(der, key), 0)), 0);
    const zeros = der[start] === 0 ? 1 : 0;
    const unused = Math.clz32((der[start + zeros] ?? 0) << 24);
    return { kind: kind === RSA_KEY ? "RSA" : "RSA-PSS", bits: (end - start - zeros) * 8 - unused };
  }
  // RFC 5480 §2.2: a point, as 04 and both coordinates, or as 02 or 03 and one of them.
  const coordinates = der[key.start] === 4 ? 2 : 1;
  if (kind === CURVE_KEY)
    return { kind: "elliptic curve", bits: ((key.end - key.start - 1) / coordinates) * 8 };
  return { kind: null, bits: 0 };
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
    key: keyOf(der, pick(tbs, 5)),
    isAuthority: isAuthority(der, extensions.get(BASIC_CONSTRAINTS)),
    isSelfIssued: hex(der, pick(tbs, 2)) === hex(der, pick(tbs, 4)),
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
