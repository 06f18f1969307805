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
const TAG_GENERALIZED_TIME = 0x18;
const TAG_VERSION = 0xa0;
const TAG_EXTENSIONS = 0xa3;
const TAG_URI = 0x86;

interface Part {
  readonly tag: number;
  readonly contents: Buffer;
}

/** The parts of a DER value that consists of parts; throws when a length goes beyond the end. */
function partsOf(bytes: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at);
    let length = bytes.readUInt8(at + 1);
    let start = at + 2;
    if (length >= 0x80) {
      const size = length & 0x7f;
      length = bytes.readUIntBE(start, size);
      start += size;
    }
    at = start + length;
    if (at > bytes.length) throw new RangeError("a part of the certificate is longer than the whole");
    parts.push({ tag, contents: bytes.subarray(start, at) });
  }
  return parts;
}

function contents(parts: readonly Part[], index: number): Buffer {
  const part = parts[index];
  if (!part) throw new RangeError("a part of the certificate is missing");
  return part.contents;
}

function readTime(part: Part | undefined): Date {
  const text = part?.contents.toString("latin1") ?? "";
  // RFC 5280 §4.1.2.5.1: two digits mean 1950 to 2049.
  const century = part?.tag === TAG_GENERALIZED_TIME ? "" : text < "50" ? "20" : "19";
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text);
  if (!match) throw new RangeError("a date of the certificate is unreadable");
  const [year = 0, month = 1, ...rest] = match.slice(1).map(Number);
  return new Date(Date.UTC(year, month - 1, ...rest));
}

/** Extensions by object identifier: what is in their octet strings. */
function extensionsOf(tbs: readonly Part[]): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const wrapped = tbs.find(({ tag }) => tag === TAG_EXTENSIONS);
  if (!wrapped) return found;
  for (const extension of partsOf(contents(partsOf(wrapped.contents), 0))) {
    const parts = partsOf(extension.contents);
    found.set(contents(parts, 0).toString("hex"), contents(parts, parts.length - 1));
  }
  return found;
}

function keyUsageOf(extension: Buffer | undefined): number | null {
  if (!extension) return null;
  // BIT STRING: the first byte counts unused bits; bit 0 is the highest of the next one.
  const octet = contents(partsOf(extension), 0).at(1) ?? 0;
  let bits = 0;
  for (let bit = 0; bit < 8; bit += 1) if (octet & (0x80 >> bit)) bits |= 1 << bit;
  return bits;
}

/** Reads a certificate in DER form. Throws a `RangeError` when it is none. */
export function certificateFacts(der: Buffer): CertificateFacts {
  const certificate = partsOf(contents(partsOf(der), 0));
  const all = partsOf(contents(certificate, 0));
  const tbs = all[0]?.tag === TAG_VERSION ? all.slice(1) : all;
  const [notBefore, notAfter] = partsOf(contents(tbs, 3));
  const names = partsOf(contents(tbs, 4)).flatMap((set) =>
    partsOf(set.contents).map((pair) => contents(partsOf(pair.contents), 0).toString("hex")),
  );
  const extensions = extensionsOf(tbs);
  const alternatives = extensions.get(ALTERNATIVE_NAME);
  const uri = alternatives
    ? partsOf(contents(partsOf(alternatives), 0)).find(({ tag }) => tag === TAG_URI)
    : undefined;
  const purposes = extensions.get(EXTENDED_KEY_USAGE);
  const signature = contents(partsOf(contents(certificate, 1)), 0).toString("hex");
  return {
    weakHash: WEAK_SIGNATURES.get(signature) ?? null,
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    hasCommonName: names.includes(COMMON_NAME),
    hasOrganization: names.includes(ORGANIZATION),
    uri: uri?.contents.toString("latin1") ?? null,
    keyUsage: keyUsageOf(extensions.get(KEY_USAGE)),
    forClients:
      !purposes ||
      partsOf(contents(partsOf(purposes), 0)).some((purpose) =>
        CLIENT_PURPOSES.includes(purpose.contents.toString("hex")),
      ),
  };
}
