import { hex, type Part, partsIn, pick } from "./der.ts";

/** The subject of a certificate as one line of text, most specific part first, like RFC 4514 writes it. */

const TAG_VERSION = 0xa0;
/** By the hexadecimal digits of their encoding; what is none of these is shown by its number. */
const ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ["550403", "CN"],
  ["550405", "serialNumber"],
  ["550406", "C"],
  ["550407", "L"],
  ["550408", "ST"],
  ["550409", "STREET"],
  ["55040a", "O"],
  ["55040b", "OU"],
  ["0992268993f22c640101", "UID"],
  ["0992268993f22c640119", "DC"],
  ["2a864886f70d010901", "emailAddress"],
]);
const TAG_UTF8 = 0x0c;
const TAG_BMP = 0x1e;
/** Numeric, printable, teletex, IA5, visible. */
const LATIN1_TAGS: readonly number[] = [0x12, 0x13, 0x14, 0x16, 0x1a];

/** An object identifier in dotted form (X.690 §8.19). */
function dotted(encoded: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of encoded) {
    arc = arc * 0x80 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (arcs.length === 0) {
      const first = Math.min(Math.floor(arc / 40), 2);
      arcs.push(first, arc - first * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  return arcs.join(".");
}

/** Null: it is no text. */
function textOf(der: Buffer, { tag, start, end }: Part): string | null {
  if (tag === TAG_UTF8) return der.toString("utf8", start, end);
  if (LATIN1_TAGS.includes(tag)) return der.toString("latin1", start, end);
  if (tag !== TAG_BMP) return null;
  let text = "";
  for (let at = start; at + 1 < end; at += 2)
    text += String.fromCharCode((der[at] ?? 0) * 0x100 + (der[at + 1] ?? 0));
  return text;
}

/** RFC 4514 §2.4. */
function escaped(text: string): string {
  return text.replace(/["+,;<>\\]|^[ #]| $/g, "\\$&");
}

function attribute(der: Buffer, pair: Part): string {
  const parts = partsIn(der, pair);
  const [type, value] = [pick(parts, 0), pick(parts, 1)];
  const name = ATTRIBUTES.get(hex(der, type)) ?? dotted(der.subarray(type.start, type.end));
  const text = textOf(der, value);
  return `${name}=${text === null ? `#${hex(der, value)}` : escaped(text)}`;
}

/** The subject of a certificate in DER form; null: the name is empty. Throws a `RangeError` when it is no certificate. */
export function subjectOf(der: Buffer): string | null {
  const inside = (part: Part): Part[] => partsIn(der, part);
  const certificate = inside(pick(partsIn(der, { start: 0, end: der.length }), 0));
  const all = inside(pick(certificate, 0));
  const subject = pick(all, all[0]?.tag === TAG_VERSION ? 5 : 4);
  const names = inside(subject).map((set) => inside(set).map((pair) => attribute(der, pair)));
  if (names.length === 0) return null;
  return names
    .reverse()
    .map((pairs) => pairs.reverse().join("+"))
    .join(",");
}
