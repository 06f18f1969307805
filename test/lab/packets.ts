/** Ethernet, ARP, IPv4, UDP, DHCP (RFC 2131) and DNS (RFC 1035), as far as a plant's network needs them in a test. */

export const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const UDP_BYTES = 8;
const TYPE = { ipv4: 0x0800, arp: 0x0806 };
const ARP = { bytes: 28, request: 1, reply: 2 };
const UDP = 17;
const TTL = 64;

export const ip = {
  bytes: (address: string): Buffer => Buffer.from(address.split(".").map(Number)),
  text: (bytes: Uint8Array): string => [...bytes].join("."),
};

export interface Ipv4 {
  readonly from: string;
  readonly to: string;
  readonly protocol: number;
  readonly payload: Buffer;
  /** Of UDP and TCP. */
  readonly ports: { readonly from: number; readonly to: number } | null;
}

export const sourceMac = (frame: Buffer): Buffer => frame.subarray(6, 12);

export function ethernet(options: { to: Buffer; from: Buffer; type: "ipv4" | "arp"; body: Buffer }): Buffer {
  const type = Buffer.alloc(2);
  type.writeUInt16BE(TYPE[options.type]);
  const frame = Buffer.concat([options.to, options.from, type, options.body]);
  // The shortest frame on a wire.
  return frame.length < 60 ? Buffer.concat([frame, Buffer.alloc(60 - frame.length)]) : frame;
}

export function readIpv4(frame: Buffer): Ipv4 | null {
  if (frame.length < ETHERNET_BYTES + IPV4_BYTES || frame.readUInt16BE(12) !== TYPE.ipv4) return null;
  const packet = frame.subarray(ETHERNET_BYTES);
  const header = ((packet[0] ?? 0) & 15) * 4;
  const payload = packet.subarray(header, packet.readUInt16BE(2));
  const protocol = packet.readUInt8(9);
  const hasPorts = (protocol === UDP || protocol === 6) && payload.length >= 4;
  return {
    from: ip.text(packet.subarray(12, 16)),
    to: ip.text(packet.subarray(16, 20)),
    protocol,
    payload,
    ports: hasPorts ? { from: payload.readUInt16BE(0), to: payload.readUInt16BE(2) } : null,
  };
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export function ipv4(options: { from: string; to: string; protocol: number; payload: Buffer }): Buffer {
  const header = Buffer.alloc(IPV4_BYTES);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(IPV4_BYTES + options.payload.length, 2);
  header.writeUInt8(TTL, 8);
  header.writeUInt8(options.protocol, 9);
  ip.bytes(options.from).copy(header, 12);
  ip.bytes(options.to).copy(header, 16);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, options.payload]);
}

/** Without checksum, which IPv4 permits. */
export function udp(options: { from: string; to: string; ports: [number, number]; payload: Buffer }): Buffer {
  const { from, to, ports, payload } = options;
  const header = Buffer.alloc(UDP_BYTES);
  header.writeUInt16BE(ports[0], 0);
  header.writeUInt16BE(ports[1], 2);
  header.writeUInt16BE(UDP_BYTES + payload.length, 4);
  return ipv4({ from, to, protocol: UDP, payload: Buffer.concat([header, payload]) });
}

export const udpPayload = ({ payload }: Ipv4): Buffer => payload.subarray(UDP_BYTES);

/** A TCP segment that only asks for a connection. */
export function tcpSyn(options: { from: string; to: string; ports: [number, number] }): Buffer {
  const { from, to, ports } = options;
  const segment = Buffer.alloc(20);
  segment.writeUInt16BE(ports[0], 0);
  segment.writeUInt16BE(ports[1], 2);
  segment.writeUInt32BE(1, 4);
  segment.writeUInt8(0x50, 12);
  segment.writeUInt8(2, 13);
  segment.writeUInt16BE(1024, 14);
  const pseudo = Buffer.concat([
    ip.bytes(from),
    ip.bytes(to),
    Buffer.from([0, 6, 0, segment.length]),
    segment,
  ]);
  segment.writeUInt16BE(checksum(pseudo), 16);
  return ipv4({ from, to, protocol: 6, payload: segment });
}

/** Who is asked for, in an ARP request. */
export function readArpRequest(frame: Buffer): { from: string; wanted: string } | null {
  const body = frame.subarray(ETHERNET_BYTES);
  if (frame.readUInt16BE(12) !== TYPE.arp || body.length < ARP.bytes) return null;
  if (body.readUInt16BE(6) !== ARP.request) return null;
  return { from: ip.text(body.subarray(14, 18)), wanted: ip.text(body.subarray(24, 28)) };
}

export function arp(options: {
  kind: "request" | "reply";
  mac: Buffer;
  address: string;
  toMac: Buffer;
  toAddress: string;
}): Buffer {
  const { kind, mac, address, toMac, toAddress } = options;
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, ARP[kind]]);
  const target = kind === "request" ? Buffer.alloc(6) : toMac;
  return Buffer.concat([head, mac, ip.bytes(address), target, ip.bytes(toAddress)]);
}

const DHCP_OPTIONS_AT = 240;
export const DHCP = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 };

export interface Lease {
  readonly address: string;
  readonly mask: string;
  readonly router: string;
  /** The DHCP server, and the one that resolves names. */
  readonly server: string;
  readonly seconds: number;
}

export function readDhcp(message: Buffer): { type: number; requested: string | null } {
  let at = DHCP_OPTIONS_AT;
  const found = new Map<number, Buffer>();
  while (at + 1 < message.length && message[at] !== 255) {
    const length = message[at] === 0 ? -1 : message.readUInt8(at + 1);
    if (length >= 0) found.set(message.readUInt8(at), message.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  const requested = found.get(50) ?? message.subarray(12, 16);
  const text = ip.text(requested);
  return { type: found.get(53)?.[0] ?? 0, requested: text === "0.0.0.0" ? null : text };
}

export function dhcpAnswer(request: Buffer, type: number, lease: Lease): Buffer {
  const answer = Buffer.alloc(DHCP_OPTIONS_AT);
  answer.set([2, 1, 6, 0]);
  request.copy(answer, 4, 4, 8);
  request.copy(answer, 10, 10, 12);
  if (type !== DHCP.nak) ip.bytes(lease.address).copy(answer, 16);
  ip.bytes(lease.server).copy(answer, 20);
  request.copy(answer, 28, 28, 44);
  answer.set([0x63, 0x82, 0x53, 0x63], 236);
  const option = (code: number, ...bytes: number[]): number[] => [code, bytes.length, ...bytes];
  const options = [...option(53, type), ...option(54, ...ip.bytes(lease.server))];
  if (type !== DHCP.nak) {
    const seconds = Buffer.alloc(4);
    seconds.writeUInt32BE(lease.seconds);
    options.push(...option(51, ...seconds), ...option(1, ...ip.bytes(lease.mask)));
    options.push(...option(3, ...ip.bytes(lease.router)), ...option(6, ...ip.bytes(lease.server)));
  }
  return Buffer.concat([answer, Buffer.from([...options, 255])]);
}

/** The name in a query, and the type that is wanted. */
export function readDnsQuestion(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), type: message.readUInt16BE(at + 1), end: at + 5 };
}

/** One A record, or that there is no such name. */
export function dnsAnswer(query: Buffer, address: string | null): Buffer {
  const { type, end } = readDnsQuestion(query);
  const isThere = address !== null;
  const answered = isThere && type === 1;
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(isThere ? 0x8580 : 0x8583, 2);
  head.set([0, 1, 0, answered ? 1 : 0, 0, 0, 0, 0], 4);
  const record = answered
    ? Buffer.concat([Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]), ip.bytes(address)])
    : Buffer.alloc(0);
  return Buffer.concat([head, query.subarray(12, end), record]);
}
