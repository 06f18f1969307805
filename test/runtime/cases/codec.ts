/** The codec: what `native/codec.c` does to bytes is what `app/link/codec.ts` does, whatever the bytes are. */
import { codec } from "#codec";
import { random, show } from "./show.ts";

const next = random(1);
const below = (limit: number): number => Math.floor(next() * limit);

const TEXTS = ["", '{"Value":1}', "ä€😀", "\ud800 alone", "\udc00", "ÿ", "x".repeat(300), "é".repeat(200)];
const PORTS = [0, 1, 255, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff];
const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;

/** Frames one behind the other, at times torn, at times with a changed byte. */
function stream(): Buffer {
  const parts: Buffer[] = [];
  for (let count = below(8); count >= 0; count -= 1) {
    const target = Buffer.alloc(700, 0xaa);
    const end = codec.writeFrame(target, 3, pick(PORTS), pick(TEXTS));
    parts.push(target.subarray(3, below(10) === 0 ? 3 + below(end) : end));
  }
  const bytes = Buffer.concat(parts);
  if (below(4) === 0 && bytes.length > 0) bytes[below(bytes.length)] = below(256);
  return bytes;
}

for (let turn = 0; turn < 300; turn += 1) {
  const bytes = stream();
  const found = new Uint32Array(pick([0, 2, 3, 6, 60]));
  show(`scan ${turn}`, () => {
    const from = below(5) === 0 ? below(bytes.length + 1) : 0;
    const count = codec.scanFrames(bytes, from, found);
    return [bytes, count, Array.from(found)];
  });
  show(`route ${turn}`, () => {
    const count = codec.scanFrames(bytes, 0, found);
    const sources = [...new Set(PORTS)].sort((one, other) => one - other);
    const kept = sources.filter(() => below(6) > 0);
    const routes = Uint32Array.from([...kept.flatMap((source) => [source, pick(PORTS), below(9)]), 7]);
    const stop = codec.routeFrames(bytes, found, below(count + 1), count, routes);
    return [stop, bytes, codec.scanFrames(bytes, 0, found), Array.from(routes)];
  });
}

for (const room of [0, 15, 16, 17, 18, 19, 20, 400]) {
  for (const text of TEXTS) {
    show(`frame of ${text.length} in ${room}`, () => {
      const target = Buffer.alloc(room + 1);
      const end = codec.writeFrame(target, 1, 7, text);
      return [end, end < 0 ? "" : target];
    });
  }
}
for (const port of [-1, 1.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY]) {
  show(`port ${port}`, () => codec.writeFrame(Buffer.alloc(30), 0, port, ""));
}

/** Quality of service 0, 1, 2 and 2 with RETAIN, as first bytes; the names may have any bytes. */
const TOPICS = [[0x30], [0x32, 0x61, 0x2f, 0x62], [0x34, ...Buffer.alloc(80, "ä")], [0x35, 0x74]];
const PUBLISHED_PORTS = [0, 1, 65536, 0xffffffff];
const table = () => {
  const entries: number[] = [];
  let at = 0;
  for (const [index, { length }] of TOPICS.entries()) {
    entries.push(PUBLISHED_PORTS[index] as number, at, at + length, 0xfffffffe);
    at += length;
  }
  return { entries: Uint32Array.from(entries), bytes: Buffer.from(TOPICS.flat()) };
};
for (let turn = 0; turn < 300; turn += 1) {
  show(`publishes ${turn}`, () => {
    const bytes = stream();
    const found = new Uint32Array(30);
    const count = codec.scanFrames(bytes, 0, found);
    const target = Buffer.alloc(pick([0, 30, 200, 2000]));
    const cursor = Int32Array.of(
      Math.min(target.length, pick([0, 3])),
      pick([1, 2, 65534]),
      pick([0, 7, 513]),
      pick([0, 1, 16]),
    );
    const ring = new Int32Array(16);
    const from = below(count + 1);
    const topics = table();
    const done = codec.writePublishes(target, cursor, topics, bytes, found, from, count, ring);
    return [count, done, Array.from(cursor), Array.from(ring), Array.from(topics.entries), target];
  });
}
/** Around the borders of the remaining length, which takes one to four bytes. */
const long = Buffer.alloc(2_097_300, "payload ");
for (const length of [118, 119, 120, 121, 16_374, 16_375, 16_376, 16_377, 2_097_142, 2_097_143, 2_097_144]) {
  show(`publish ${length}`, () => {
    const target = Buffer.alloc(length + 100, 0x55);
    const cursor = Int32Array.of(2, 9, 0, 1);
    const found = Uint32Array.of(3, 3 + 16 + length, 0xffffffff);
    codec.writePublishes(target, cursor, table(), long, found, 0, 1, new Int32Array(2));
    const end = cursor[0] as number;
    return [end, target.subarray(0, 20), target.subarray(end - 10, end + 10)];
  });
}

for (let turn = 0; turn < 100; turn += 1) {
  let id = pick([0, 1, 500, 65530]);
  const bytes = Buffer.alloc(below(60), 0x40);
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    bytes[at + 1] = below(20) === 0 ? 3 : 2;
    bytes.writeUInt16BE(id, at + 2);
    id = below(10) === 0 ? below(65536) : (id % 65535) + 1;
  }
  show(`pubacks ${turn}`, () => [
    bytes,
    codec.countPubacks(bytes, pick([0, 0, 0, Math.min(4, bytes.length)])),
  ]);
}
