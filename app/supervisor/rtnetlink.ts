/**
 * What the kernel says about links and addresses (rtnetlink(7)), in its own byte order, which is little-endian here.
 * Only the kernel can send to such a socket; what is not whole or not known is left out all the same.
 */

export type NetlinkEvent =
  | { readonly kind: "link"; readonly index: number; readonly loopback: boolean; readonly up: boolean }
  | { readonly kind: "removed"; readonly index: number }
  | {
      readonly kind: "address";
      readonly index: number;
      readonly added: boolean;
      /** `192.168.188.15/24` */
      readonly address: string;
      /** It has no end: written in a file rather than leased. */
      readonly lasting: boolean;
    }
  /** Everything that was asked for has been told. */
  | { readonly kind: "done" };

/** struct nlmsghdr: length, type, flags, sequence, port. */
const HEADER_BYTES = 16;
/** struct ifinfomsg and struct ifaddrmsg, in front of the attributes. */
const LINK_BYTES = 16;
const ADDRESS_BYTES = 8;
const ATTRIBUTE_BYTES = 4;
const TYPE = {
  error: 2,
  done: 3,
  newLink: 16,
  delLink: 17,
  getLink: 18,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
};
/** NLM_F_REQUEST | NLM_F_DUMP */
const DUMP = 0x301;
const AF_INET = 2;
const IPV4_BYTES = 4;
const IPV4_BITS = 32;
/** IFF_UP, IFF_LOOPBACK, IFF_LOWER_UP: the last is the carrier as the driver sees it. */
const FLAG = { up: 0x1, loopback: 0x8, lowerUp: 0x10000 };
const ATTRIBUTE = { address: 1, local: 2, flags: 8 };
const IFA_F_PERMANENT = 0x80;

const align = (length: number): number => (length + 3) & ~3;

/** Asks for the state of all links or all IPv4 addresses; one question at a time. */
export function netlinkQuestion(what: "links" | "addresses"): Buffer {
  const length = HEADER_BYTES + LINK_BYTES;
  const message = Buffer.alloc(length);
  message.writeUInt32LE(length, 0);
  message.writeUInt16LE(what === "links" ? TYPE.getLink : TYPE.getAddress, 4);
  message.writeUInt16LE(DUMP, 6);
  message.writeUInt8(what === "links" ? 0 : AF_INET, HEADER_BYTES);
  return message;
}

/** Attributes by type; the first of a kind counts. */
function attributes(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  let at = 0;
  while (at + ATTRIBUTE_BYTES <= bytes.length) {
    const length = bytes.readUInt16LE(at);
    const type = bytes.readUInt16LE(at + 2);
    if (length < ATTRIBUTE_BYTES || at + length > bytes.length) break;
    if (!found.has(type)) found.set(type, bytes.subarray(at + ATTRIBUTE_BYTES, at + length));
    at += align(length);
  }
  return found;
}

function linkEvent(type: number, body: Buffer): NetlinkEvent | null {
  if (body.length < LINK_BYTES) return null;
  const index = body.readInt32LE(4);
  if (type === TYPE.delLink) return { kind: "removed", index };
  const flags = body.readUInt32LE(8);
  const carries = FLAG.up | FLAG.lowerUp;
  return {
    kind: "link",
    index,
    loopback: (flags & FLAG.loopback) !== 0,
    up: (flags & carries) === carries,
  };
}

function addressEvent(type: number, body: Buffer): NetlinkEvent | null {
  if (body.length < ADDRESS_BYTES || body.readUInt8(0) !== AF_INET) return null;
  const prefix = body.readUInt8(1);
  const found = attributes(body.subarray(ADDRESS_BYTES));
  // On a link between two points IFA_ADDRESS is the other end's.
  const bytes = found.get(ATTRIBUTE.local) ?? found.get(ATTRIBUTE.address);
  if (bytes?.length !== IPV4_BYTES || prefix > IPV4_BITS) return null;
  const wide = found.get(ATTRIBUTE.flags);
  const flags = wide?.length === 4 ? wide.readUInt32LE(0) : body.readUInt8(2);
  return {
    kind: "address",
    index: body.readUInt32LE(4),
    added: type === TYPE.newAddress,
    address: `${[...bytes].join(".")}/${prefix}`,
    lasting: (flags & IFA_F_PERMANENT) !== 0,
  };
}

/** Takes one datagram apart. */
export function parseNetlink(chunk: Uint8Array): NetlinkEvent[] {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const events: NetlinkEvent[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    const type = bytes.readUInt16LE(at + 4);
    if (length < HEADER_BYTES || at + length > bytes.length) break;
    const body = bytes.subarray(at + HEADER_BYTES, at + length);
    let event: NetlinkEvent | null = null;
    if (type === TYPE.newLink || type === TYPE.delLink) event = linkEvent(type, body);
    else if (type === TYPE.newAddress || type === TYPE.delAddress) event = addressEvent(type, body);
    // A question that the kernel refuses is answered, too.
    else if (type === TYPE.done || type === TYPE.error) event = { kind: "done" };
    if (event) events.push(event);
    at += align(length);
  }
  return events;
}
