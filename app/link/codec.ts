/** The codec on Node.js, and the plain text of what `app/runtime/native/codec.c` does. */
import {
  type Codec,
  FOUND_FIELDS,
  RING_FIELDS,
  ROOM_BESIDE_TOPIC_AND_PAYLOAD,
  ROUTE_FIELDS,
  Route,
  TOPIC_FIELDS,
  Topic,
  type TopicTable,
} from "../runtime/codec-types.ts";
import {
  FORBIDDEN_BYTE,
  FrameKind,
  frameEnd,
  HEADER_BYTES,
  headerCheck,
  isSoundHeader,
  MAGIC,
  PORT_AT,
} from "./frame-format.ts";

const MAX_UINT32 = 0xffffffff;
const LENGTH_AT = 12;
const PUBACK = 0x40;
const PUBACK_BYTES = 4;
const LAST_ID = 0xffff;
/** Where in the first byte of a PUBLISH the quality of service stands (§3.3.1.2). */
const QOS_MASK = 0x06;
const EXACTLY_ONCE = 0x04;

function writeFrame(target: Buffer, at: number, port: number, text: string): number {
  if (!Number.isInteger(port) || port < 0 || port > MAX_UINT32) {
    throw new RangeError(`port ${port} is not an unsigned 32-bit number`);
  }
  const length = Buffer.byteLength(text, "utf8");
  const end = at + HEADER_BYTES + length;
  if (end > target.length) return at - end;
  target.writeUInt32BE(MAGIC, at);
  target.writeUInt32BE(((FrameKind.value << 24) | headerCheck(FrameKind.value, port, length)) >>> 0, at + 4);
  target.writeUInt32BE(port, at + PORT_AT);
  target.writeUInt32BE(length, at + LENGTH_AT);
  target.write(text, at + HEADER_BYTES);
  return end;
}

function scanFrames(bytes: Buffer, at: number, found: Uint32Array): number {
  const most = found.length - (found.length % FOUND_FIELDS);
  let to = 0;
  for (let start = at; to < most && bytes.length - start >= HEADER_BYTES; start = found[to - 2] as number) {
    if (bytes[start + 4] !== FrameKind.value || !isSoundHeader(bytes, start)) break;
    const end = frameEnd(bytes, start);
    if (end > bytes.length || bytes.subarray(start + HEADER_BYTES, end).includes(FORBIDDEN_BYTE)) break;
    found[to] = start;
    found[to + 1] = end;
    found[to + 2] = bytes.readUInt32BE(start + PORT_AT);
    to += FOUND_FIELDS;
  }
  return to / FOUND_FIELDS;
}

/** The number of the entry with this port, or -1; entries are in ascending order of their first field. */
function entryOf(entries: Uint32Array, fields: number, port: number): number {
  let low = 0;
  let high = Math.floor(entries.length / fields);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle * fields] as number) < port) low = middle + 1;
    else high = middle;
  }
  return low * fields + fields <= entries.length && entries[low * fields] === port ? low : -1;
}

function routeFrames(
  bytes: Buffer,
  found: Uint32Array,
  from: number,
  to: number,
  routes: Uint32Array,
): number {
  for (let each = from; each < to; each += 1) {
    const start = found[each * FOUND_FIELDS] as number;
    const entry = entryOf(routes, ROUTE_FIELDS, found[each * FOUND_FIELDS + 2] as number) * ROUTE_FIELDS;
    if (entry < 0) return each;
    const target = routes[entry + Route.target] as number;
    routes[entry + Route.taken] = (routes[entry + Route.taken] as number) + 1;
    const check = headerCheck(bytes[start + 4] as number, target, bytes.readUInt32BE(start + LENGTH_AT));
    bytes.writeUInt16BE(check, start + 6);
    bytes.writeUInt32BE(target, start + PORT_AT);
  }
  return to;
}

function writePublishes(
  target: Buffer,
  cursor: Int32Array,
  topics: TopicTable,
  bytes: Buffer,
  found: Uint32Array,
  from: number,
  to: number,
  ring: Int32Array,
): number {
  let [at = 0, id = 0, slot = 0, exactlyOnce = 0] = cursor;
  const { entries } = topics;
  const lastSlot = ring.length / RING_FIELDS - 1;
  let each = from;
  for (; each < to; each += 1) {
    const [start = 0, end = 0, port = 0] = found.subarray(each * FOUND_FIELDS, (each + 1) * FOUND_FIELDS);
    const number = entryOf(entries, TOPIC_FIELDS, port);
    if (number === -1) continue;
    const entry = number * TOPIC_FIELDS;
    const first = topics.bytes[entries[entry + Topic.from] as number] as number;
    const topic = topics.bytes.subarray(
      (entries[entry + Topic.from] as number) + 1,
      entries[entry + Topic.to],
    );
    const payload = bytes.subarray(start + HEADER_BYTES, end);
    let length = topic.length + payload.length;
    const qos = first & QOS_MASK;
    if (length + ROOM_BESIDE_TOPIC_AND_PAYLOAD > target.length - at) break;
    if (qos === EXACTLY_ONCE) {
      if (exactlyOnce === 0) break;
      exactlyOnce -= 1;
    }
    entries[entry + Topic.written] = (entries[entry + Topic.written] as number) + 1;
    if (qos !== 0) {
      length += 2;
      ring.set([at, number], (slot & lastSlot) * RING_FIELDS);
      slot += 1;
    }
    at = target.writeUInt8(first, at);
    for (; length > 0x7f; length >>>= 7) at = target.writeUInt8((length & 0x7f) | 0x80, at);
    at = target.writeUInt8(length, at);
    at += topic.copy(target, at);
    if (qos !== 0) {
      at = target.writeUInt16BE(id, at);
      id = id === LAST_ID ? 1 : id + 1;
    }
    at += payload.copy(target, at);
  }
  cursor.set([at, id, slot, exactlyOnce]);
  return each;
}

function countPubacks(bytes: Uint8Array, at: number): number {
  let count = 0;
  let next = -1;
  for (let each = at; each + PUBACK_BYTES <= bytes.length; each += PUBACK_BYTES) {
    if (bytes[each] !== PUBACK || bytes[each + 1] !== PUBACK_BYTES - 2) break;
    const id = ((bytes[each + 2] as number) << 8) | (bytes[each + 3] as number);
    if (next !== -1 && id !== next) break;
    count += 1;
    next = id === LAST_ID ? 1 : id + 1;
  }
  return count;
}

export const codec: Codec = { writeFrame, scanFrames, routeFrames, writePublishes, countPubacks };
