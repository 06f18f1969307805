/** DER, as far as certificates need it (X.690): where each part is. */

/** A part of a certificate by its place: slices of a buffer would cost more than all the rest. */
export interface Part {
  readonly tag: number;
  /** Where its contents are. */
  readonly start: number;
  readonly end: number;
}

/** The parts in a stretch of DER; throws when a length goes beyond its end. */
export function partsIn(der: Buffer, { start, end }: Omit<Part, "tag">): Part[] {
  const parts: Part[] = [];
  for (let at = start; at < end; ) {
    const tag = der[at] ?? 0;
    let length = der[at + 1] ?? end;
    let from = at + 2;
    if (length >= 0x80) {
      const size = length & 0x7f;
      length = 0;
      for (let each = 0; each < size; each += 1) length = length * 0x100 + (der[from + each] ?? end);
      from += size;
    }
    at = from + length;
    if (at > end) throw new RangeError("a part of the certificate is longer than the whole");
    parts.push({ tag, start: from, end: at });
  }
  return parts;
}

export function pick(parts: readonly Part[], index: number): Part {
  const part = parts[index];
  if (!part) throw new RangeError("a part of the certificate is missing");
  return part;
}

export function hex(der: Buffer, { start, end }: Part): string {
  return der.toString("hex", start, end);
}
