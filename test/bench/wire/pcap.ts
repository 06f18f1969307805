/** TCP streams out of a recording in libpcap's format (Ethernet, IPv4), with the time at which each byte passed. */
import { readFileSync } from "node:fs";

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const ETHERNET_HEADER_BYTES = 14;
const ETHERTYPE_IPV4 = 0x0800;
const PROTOCOL_TCP = 6;

/** One direction of one TCP connection: its bytes in order, and when each piece passed. */
export interface Stream {
  readonly bytes: Buffer;
  /** Ascending; `end` is the offset behind the piece's last byte, `time` in seconds. */
  readonly pieces: readonly { readonly end: number; readonly time: number }[];
}

interface Segment {
  readonly sequence: number;
  readonly time: number;
  readonly payload: Buffer;
}

interface Packet {
  readonly time: number;
  readonly frame: Buffer;
}

function* packets(file: Buffer): Generator<Packet> {
  if (file.readUInt32LE(0) !== MAGIC_MICROSECONDS) throw new Error("not a little-endian libpcap file");
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const time = file.readUInt32LE(at) + file.readUInt32LE(at + 4) / 1e6;
    at += RECORD_HEADER_BYTES;
    yield { time, frame: file.subarray(at, at + length) };
    at += length;
  }
}

/** The streams to (`to`) or from (`from`) a TCP port, in the order in which their connections began. */
export function readStreams(path: string, direction: "from" | "to", port: number): Stream[] {
  const connections = new Map<number, Segment[]>();
  for (const { time, frame } of packets(readFileSync(path))) {
    if (frame.readUInt16BE(12) !== ETHERTYPE_IPV4) continue;
    const ip = frame.subarray(ETHERNET_HEADER_BYTES);
    if (ip.readUInt8(9) !== PROTOCOL_TCP) continue;
    // The frame may be padded: the length is the one that IP states.
    const tcp = ip.subarray((ip.readUInt8(0) & 0x0f) * 4, ip.readUInt16BE(2));
    const [source, destination] = [tcp.readUInt16BE(0), tcp.readUInt16BE(2)];
    if ((direction === "from" ? source : destination) !== port) continue;
    const payload = tcp.subarray((tcp.readUInt8(12) >>> 4) * 4);
    if (payload.length === 0) continue;
    const peer = direction === "from" ? destination : source;
    const segments = connections.get(peer) ?? [];
    connections.set(peer, segments);
    segments.push({ sequence: tcp.readUInt32BE(4), time, payload });
  }
  return [...connections.values()].map(assemble);
}

/** Puts segments in order; what was sent twice counts when it passed first. */
function assemble(segments: readonly Segment[]): Stream {
  const first = segments[0]?.sequence ?? 0;
  // A stream of less than 2 GB: offsets from its first byte don't wrap round.
  const placed = segments
    .map(({ sequence, time, payload }) => ({ start: (sequence - first) | 0, time, payload }))
    .sort((one, other) => one.start - other.start || one.time - other.time);
  const chunks: Buffer[] = [];
  const pieces: { end: number; time: number }[] = [];
  let end = 0;
  let time = 0;
  for (const segment of placed) {
    const known = end - segment.start;
    if (known >= segment.payload.length) continue;
    if (known < 0) throw new Error(`the recording lacks ${-known} bytes of a TCP stream`);
    chunks.push(segment.payload.subarray(known));
    end = segment.start + segment.payload.length;
    // A segment that waited for an earlier one is of use only when that one has come.
    time = Math.max(time, segment.time);
    pieces.push({ end, time });
  }
  return { bytes: Buffer.concat(chunks), pieces };
}

/** When the byte in front of `offset` had passed; offsets must be asked for in ascending order. */
export function clockOf(stream: Stream): (offset: number) => number {
  let at = 0;
  return (offset) => {
    while ((stream.pieces[at]?.end ?? Number.POSITIVE_INFINITY) < offset) at += 1;
    const piece = stream.pieces[at];
    if (piece === undefined) throw new RangeError(`the stream ends before byte ${offset}`);
    return piece.time;
  };
}
