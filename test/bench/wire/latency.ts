/**
 * What the device adds: from the last byte of the PublishResponse that carries a value to the last byte of the value's
 * PUBLISH, both seen on the device's own network sockets. QEMU's recordings carry the guest's clock, which at Quark pace
 * counts instructions; neither the server's publishing interval nor the peers nor this PC's speed are in it. Frames
 * to the device are recorded when it gets them (test/lab/network.ts says how). This PC shows in one way: a server that has
 * to wait for a processor sends more values at once.
 *
 * Everything is encrypted, so values are followed by their order: the server tells how many values each of its responses
 * carried, the broker's subscriber how long each value's PUBLISH was, and both streams are read from end to end. What
 * does not add up to the byte is an error and not a figure.
 */
import { LabError } from "../../lab/errors.ts";
import { EXTERNAL, INTERNAL } from "../../lab/network.ts";
import { clockOf, readStreams, type Stream } from "./pcap.ts";

const MESSAGE_HEADER_BYTES = 8;
const RECORD_HEADER_BYTES = 5;
const APPLICATION_DATA = 23;
/** Bytes that TLS adds inside a record: 1.3 (tag, type), 1.2 with AES-GCM (nonce, tag), 1.2 with ChaCha20 (tag). */
const RECORD_OVERHEADS = [17, 24, 16];
const PINGREQ_BYTES = 2;
/** MQTT 3.1.1 §2.2.3: remaining lengths up to this one take a single byte. */
const SHORT_REMAINING_LENGTH = 127;
const MAX_TWO_BYTE_LENGTH = 16_383;

/** MQTT 3.1.1 §3.3 with QoS 1: type, remaining length, topic length, topic, packet id, payload. */
export function publishBytes(topicAndPayload: number): number {
  const remaining = 2 + topicAndPayload + 2;
  if (remaining > MAX_TWO_BYTE_LENGTH) throw new RangeError(`no value needs a PUBLISH of ${remaining} bytes`);
  return 1 + (remaining > SHORT_REMAINING_LENGTH ? 2 : 1) + remaining;
}

function fail(why: string): LabError {
  return new LabError("LAB_VALUES_DIFFER", `the recordings can't be read: ${why}`);
}

/** Arrival of each value at the device. `responses`: number of values in each of the server's responses. */
export function arrivalTimes(stream: Stream, responses: readonly number[]): number[] {
  const { bytes } = stream;
  const clock = clockOf(stream);
  const messages: number[] = [];
  for (let at = 0; at + MESSAGE_HEADER_BYTES <= bytes.length; ) {
    const type = bytes.toString("latin1", at, at + 4);
    at += bytes.readUInt32LE(at + 4);
    // Part 6 §6.7.2: F = the last chunk of a message. Chunks in front of it (C) only make it complete.
    if (type === "MSGF") messages.push(clock(at));
  }
  // Responses of the connection that asked for the endpoints come first.
  const own = responses.slice(-messages.length);
  return messages.flatMap((time, index) => Array.from({ length: own[index] ?? 0 }, () => time));
}

/** Departure of each value's PUBLISH. `sizes`: bytes of topic and payload of each value. */
export function departureTimes(stream: Stream, sizes: readonly number[]): number[] {
  const clock = clockOf(stream);
  const records: { length: number; time: number }[] = [];
  const { bytes } = stream;
  for (let at = 0; at + RECORD_HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 3);
    const type = bytes.readUInt8(at);
    at += RECORD_HEADER_BYTES + length;
    if (at > bytes.length) break;
    if (type === APPLICATION_DATA) records.push({ length, time: clock(at) });
  }
  const packets = sizes.map(publishBytes);
  const wanted = packets.reduce((sum, size) => sum + size, 0);
  for (const overhead of RECORD_OVERHEADS) {
    const plain = records
      .map(({ length, time }) => ({ length: length - overhead, time }))
      .filter(({ length }) => length !== PINGREQ_BYTES);
    const first = firstRecord(plain, wanted);
    if (first !== null) return spread(plain.slice(first), packets);
  }
  throw fail(`no way to see ${sizes.length} PUBLISH packets in ${records.length} TLS records`);
}

/** Where the values begin: behind handshake and CONNECT, so that what follows is exactly the values' packets. */
function firstRecord(plain: readonly { length: number }[], wanted: number): number | null {
  let left = wanted;
  for (let at = plain.length; at > 0; ) {
    at -= 1;
    left -= plain[at]?.length ?? 0;
    if (left === 0) return at;
    if (left < 0) return null;
  }
  return null;
}

/** A packet has left with the record that holds its last byte. */
function spread(plain: readonly { length: number; time: number }[], packets: readonly number[]): number[] {
  const times: number[] = [];
  let room = 0;
  let at = -1;
  for (const size of packets) {
    room -= size;
    while (room < 0) {
      at += 1;
      room += plain[at]?.length ?? Number.NaN;
    }
    times.push(plain[at]?.time ?? Number.NaN);
  }
  return times;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Of the guest's clock. */
  readonly valuesPerSecond: number;
  readonly values: number;
}

/** The value below which this share of all values lies (nearest rank). */
export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? Number.NaN;
}

export function measureLatency(options: {
  readonly internalCapture: string;
  readonly externalCapture: string;
  readonly responses: readonly number[];
  readonly sizes: readonly number[];
  /** The values of the run that count. */
  readonly from: number;
  readonly to: number;
}): Latency {
  const { internalCapture, externalCapture, responses, sizes, from, to } = options;
  const session = readStreams(internalCapture, "from", INTERNAL.port).at(-1);
  const publishing = readStreams(externalCapture, "to", EXTERNAL.port).at(-1);
  if (session === undefined || publishing === undefined) throw fail("a connection is missing");
  const arrivals = arrivalTimes(session, responses);
  const departures = departureTimes(publishing, sizes);
  if (arrivals.length !== departures.length)
    throw fail(`${arrivals.length} values came in and ${departures.length} went out`);
  const delays = departures
    .slice(from, to)
    .map((time, index) => 1000 * (time - (arrivals[from + index] ?? 0)));
  const sorted = delays.sort((one, other) => one - other);
  const duration = (arrivals[to - 1] ?? 0) - (arrivals[from] ?? 0);
  return {
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    maxMs: percentile(sorted, 1),
    valuesPerSecond: (to - from) / duration,
    values: to - from,
  };
}
