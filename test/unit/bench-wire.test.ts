/** How the bench follows values through encrypted streams: recordings written here byte by byte. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  arrivalTimes,
  departureTimes,
  measureLatency,
  percentile,
  publishBytes,
} from "../bench/wire/latency.ts";
import { clockOf, readStreams, type Stream } from "../bench/wire/pcap.ts";

interface Sent {
  readonly time: number;
  readonly from: number;
  readonly to: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

/** libpcap, Ethernet, IPv4, TCP; checksums are left out as nobody here looks at them. */
function recording(sent: readonly Sent[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  const parts = [header];
  for (const { time, from, to, sequence, payload } of sent) {
    // Ethernet pads short frames to 60 bytes.
    const frame = Buffer.alloc(Math.max(60, 14 + 20 + 20 + payload.length));
    frame.writeUInt16BE(0x0800, 12);
    frame.writeUInt8(0x45, 14);
    frame.writeUInt16BE(40 + payload.length, 16);
    frame.writeUInt8(6, 23);
    frame.writeUInt16BE(from, 34);
    frame.writeUInt16BE(to, 36);
    frame.writeUInt32BE(sequence, 38);
    frame.writeUInt8(0x50, 46);
    payload.copy(frame, 54);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(time), 0);
    record.writeUInt32LE(Math.round((time % 1) * 1e6), 4);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    parts.push(record, frame);
  }
  return Buffer.concat(parts);
}

function withFiles(files: Readonly<Record<string, Buffer>>, work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "bench-wire-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  work(folder);
  rmSync(folder, { recursive: true });
}

const text = (stream: Stream | undefined) => stream?.bytes.toString("latin1");

test("a stream is put in order; what was sent twice counts once, when it first came", () => {
  // Beyond the highest sequence number it goes on with 0.
  const first = 2 ** 32 - 2;
  const segment = (time: number, offset: number, payload: string): Sent => ({
    time,
    from: 4840,
    to: 50_000,
    sequence: (first + offset) % 2 ** 32,
    payload: Buffer.from(payload),
  });
  const file = recording([
    segment(1, 0, "abc"),
    segment(3, 6, "ghi"),
    segment(4, 3, "def"),
    segment(5, 0, "abc"),
    { ...segment(6, 0, "other"), to: 50_001 },
    { ...segment(7, 0, "away"), from: 1, to: 4840 },
  ]);
  withFiles({ "a.pcap": file }, (folder) => {
    const streams = readStreams(join(folder, "a.pcap"), "from", 4840);
    assert.deepEqual(streams.map(text), ["abcdefghi", "other"]);
    const clock = clockOf(streams[0] as Stream);
    assert.deepEqual([3, 4, 6, 9].map(clock), [1, 4, 4, 4], "the third piece had to wait for the second");
    assert.deepEqual(readStreams(join(folder, "a.pcap"), "to", 4840).map(text), ["away"]);
  });
});

test("a recording with a hole is refused", () => {
  const piece = (sequence: number, payload: string): Sent => ({
    time: 1,
    from: 1,
    to: 2,
    sequence,
    payload: Buffer.from(payload),
  });
  withFiles({ "a.pcap": recording([piece(0, "abc"), piece(5, "fgh")]) }, (folder) => {
    assert.throws(() => readStreams(join(folder, "a.pcap"), "from", 1), /lacks 2 bytes of a TCP stream/);
  });
});

function stream(pieces: readonly { time: number; bytes: Buffer }[]): Stream {
  let end = 0;
  return {
    bytes: Buffer.concat(pieces.map(({ bytes }) => bytes)),
    pieces: pieces.map(({ time, bytes }) => {
      end += bytes.length;
      return { end, time };
    }),
  };
}

function chunk(type: string, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.write(type, 0, "latin1");
  bytes.writeUInt32LE(size, 4);
  return bytes;
}

test("values arrive with the last chunk of their message; other connections' responses come first", () => {
  const session = stream([
    { time: 1, bytes: Buffer.concat([chunk("ACKF", 28), chunk("OPNF", 100)]) },
    { time: 2, bytes: chunk("MSGF", 60) },
    { time: 3, bytes: chunk("MSGC", 500) },
    { time: 4, bytes: chunk("MSGF", 80) },
    { time: 5, bytes: Buffer.concat([chunk("MSGF", 60), chunk("MSGF", 90)]) },
  ]);
  assert.deepEqual(arrivalTimes(session, [0, 7, 0, 2, 0, 1]), [4, 4, 5]);
});

function record(type: number, plain: number, overhead: number): Buffer {
  const bytes = Buffer.alloc(5 + plain + overhead);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt16BE(plain + overhead, 3);
  return bytes;
}

const SIZES = [40, 41, 150];
const [ONE = 0, TWO = 0, THREE = 0] = SIZES.map(publishBytes);

test("the length of a PUBLISH as MQTT states it", () => {
  assert.equal(publishBytes(123), 1 + 1 + 127);
  assert.equal(publishBytes(124), 1 + 2 + 128);
  assert.throws(() => publishBytes(20_000), /no value needs a PUBLISH of 20004 bytes/);
});

for (const [version, overhead] of [
  ["TLS 1.3", 17],
  ["TLS 1.2 with AES-GCM", 24],
  ["TLS 1.2 with ChaCha20", 16],
] as const) {
  test(`values leave with the record that ends their packet, ${version}`, () => {
    const publishing = stream([
      { time: 1, bytes: Buffer.concat([record(22, 200, 0), record(20, 1, 0)]) },
      { time: 2, bytes: record(23, 77, overhead) },
      // Two packets in one record, a ping, a packet in two records.
      { time: 3, bytes: record(23, ONE + TWO, overhead) },
      { time: 4, bytes: record(23, 2, overhead) },
      { time: 5, bytes: record(23, 20, overhead) },
      { time: 6, bytes: record(23, THREE - 20, overhead) },
    ]);
    assert.deepEqual(departureTimes(publishing, SIZES), [3, 3, 6]);
  });
}

test("streams that do not add up are no figure", () => {
  const publishing = stream([{ time: 1, bytes: record(23, ONE - 3, 17) }]);
  assert.throws(() => departureTimes(publishing, [40]), /no way to see 1 PUBLISH packets in 1 TLS records/);
});

test("percentiles are values that occurred", () => {
  const values = Array.from({ length: 200 }, (_, index) => index + 1);
  assert.equal(percentile(values, 0.5), 100);
  assert.equal(percentile(values, 0.99), 198);
  assert.equal(percentile(values, 1), 200);
  assert.equal(percentile([5], 0.99), 5);
});

test("the delay is that of each value, in milliseconds", () => {
  const server = { from: 4840, to: 50_000 };
  const broker = { from: 50_001, to: 8883 };
  const internal = recording([
    { ...server, time: 10, sequence: 0, payload: chunk("MSGF", 200) },
    { ...server, time: 11, sequence: 200, payload: chunk("MSGF", 100) },
  ]);
  const external = recording([
    { ...broker, time: 10.01, sequence: 0, payload: record(23, ONE, 17) },
    { ...broker, time: 10.03, sequence: 22 + ONE, payload: record(23, TWO, 17) },
    { ...broker, time: 11.5, sequence: 44 + ONE + TWO, payload: record(23, THREE, 17) },
  ]);
  withFiles({ "in.pcap": internal, "out.pcap": external }, (folder) => {
    const paths = {
      internalCapture: join(folder, "in.pcap"),
      externalCapture: join(folder, "out.pcap"),
      sizes: SIZES,
    };
    const latency = measureLatency({ ...paths, responses: [2, 1], from: 0, to: 3 });
    assert.deepEqual(
      [latency.p50Ms, latency.p99Ms, latency.maxMs].map((ms) => Math.round(ms)),
      [30, 500, 500],
    );
    assert.equal(Math.round(latency.valuesPerSecond), 3);
    assert.throws(
      () => measureLatency({ ...paths, responses: [1, 1], from: 0, to: 3 }),
      /2 values came in and 3 went out/,
    );
  });
});
