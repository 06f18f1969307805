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
  show(`readdress ${turn}`, () => {
    const count = codec.scanFrames(bytes, 0, found);
    for (let each = 0; each < count; each += 1) found[each * 3 + 2] = pick(PORTS);
    codec.readdressFrames(bytes, found, below(count + 1), count);
    return [bytes, codec.scanFrames(bytes, 0, found)];
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

const topic = Buffer.from("\0\u0003a/b", "latin1");
const source = Buffer.alloc(2_097_300, "payload ");
for (const length of [
  0, 1, 119, 120, 121, 122, 16_375, 16_376, 16_377, 16_378, 2_097_143, 2_097_144, 2_097_145,
]) {
  for (const id of [0, 1, 0xffff]) {
    show(`publish ${length} ${id}`, () => {
      const target = Buffer.alloc(length + 30, 0x55);
      const end = codec.writePublish(target, 2, 0x32, topic, id, source, 3, 3 + length);
      return [end, target.subarray(0, 20), target.subarray(end - 10)];
    });
  }
}
show("publish without room", () => codec.writePublish(Buffer.alloc(14), 0, 0x30, topic, 0, source, 0, 5));

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
