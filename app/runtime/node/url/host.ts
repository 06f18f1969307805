/** Hosts of URLs (URL Standard §3.5): domains, IPv4 in all its spellings, IPv6. Names must be ASCII (or xn--). */
import { native } from "../../binding.ts";

const { isIP } = native("net") as { isIP(text: string): 0 | 4 | 6 };

const FORBIDDEN_IN_HOST = /[\0\t\n\r #/:<>?@[\\\]^|]/;
const FORBIDDEN_IN_DOMAIN = /[\0-\x20#%/:<>?@[\\\]^|\x7f]/;

function parseIPv4Part(part: string): number {
  if (part === "") return Number.NaN;
  if (/^0x[0-9a-f]*$/i.test(part)) return part.length === 2 ? 0 : Number.parseInt(part.slice(2), 16);
  if (/^0[0-7]+$/.test(part)) return Number.parseInt(part, 8);
  return /^\d+$/.test(part) ? Number.parseInt(part, 10) : Number.NaN;
}

/** The dotted form, null for something that must be IPv4 and isn't, undefined for a name. */
function parseIPv4(host: string): string | null | undefined {
  const parts = host.replace(/\.$/, "").split(".");
  const last = parts.at(-1) ?? "";
  if (!/^\d+$/.test(last) && Number.isNaN(parseIPv4Part(last))) return undefined;
  const numbers = parts.map(parseIPv4Part);
  if (parts.length > 4 || numbers.some(Number.isNaN)) return null;
  const tail = numbers.pop() as number;
  if (numbers.some((number) => number > 255) || tail >= 256 ** (4 - numbers.length)) return null;
  const address = numbers.reduce((sum, number, at) => sum + number * 256 ** (3 - at), tail);
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** The pieces of an IPv6 address that inet_pton took. */
function piecesOf(text: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high: string | undefined, low: string | undefined) =>
    (Number(high) * 256 + Number(low)).toString(16);
  const plain = dotted ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}` : text;
  const [head = "", tail] = plain.split("::");
  const numbers = (part: string) =>
    part === "" ? [] : part.split(":").map((piece) => Number.parseInt(piece, 16));
  if (tail === undefined) return numbers(head);
  const [before, after] = [numbers(head), numbers(tail)];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** The shortest spelling: the longest run of zeros becomes "::". */
function serializeIPv6(pieces: readonly number[]): string {
  let [start, length] = [-1, 1];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && pieces[end] === 0) end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  const hex = (list: readonly number[]) => list.map((piece) => piece.toString(16)).join(":");
  return start < 0 ? hex(pieces) : `${hex(pieces.slice(0, start))}::${hex(pieces.slice(start + length))}`;
}

/** A host as it is written in a serialised URL; null when it isn't one. */
export function parseHost(text: string, special: boolean): string | null {
  if (text.startsWith("[")) {
    if (!text.endsWith("]")) return null;
    const address = text.slice(1, -1);
    return !address.includes("%") && isIP(address) === 6 ? `[${serializeIPv6(piecesOf(address))}]` : null;
  }
  if (!special) {
    if (FORBIDDEN_IN_HOST.test(text)) return null;
    return text.replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character));
  }
  let name: string;
  try {
    name = decodeURIComponent(text).toLowerCase();
  } catch {
    return null;
  }
  // Internationalised names would need their tables here; configurations use the xn-- form.
  if (name === "" || FORBIDDEN_IN_DOMAIN.test(name) || /[^\x00-\x7f]/.test(name)) return null;
  const address = parseIPv4(name);
  return address === undefined ? name : address;
}
