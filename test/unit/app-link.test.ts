/** The link between cells: whatever way the bytes are cut or broken, whole frames come out, once, in order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Forwarder } from "../../app/cells/navigation/forwarder.ts";
import { codec } from "../../app/link/codec.ts";
import { encodeFrame, FrameReader, FrameTooLongError } from "../../app/link/frame.ts";
import { FrameKind, HEADER_BYTES, MAX_PAYLOAD_BYTES } from "../../app/link/frame-format.ts";
import { FrameQueue } from "../../app/link/frame-queue.ts";
import { FrameSender } from "../../app/link/frame-sender.ts";
import { FOUND_FIELDS } from "../../app/runtime/codec-types.ts";

interface Message {
  readonly port: number;
  readonly text: string;
}

const message = fc.record({
  port: fc.integer({ min: 0, max: 0xffffffff }),
  text: fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.json({ maxDepth: 2 })),
});
const messages = fc.array(message, { maxLength: 20 });

/** Feeds a chunk; a copy, because a reader owns what it is given. */
function readInto(reader: FrameReader, chunk: Buffer, onMessage: (message: Message) => void): void {
  reader.feed(Buffer.from(chunk));
  for (let count = reader.next(); count > 0; count = reader.next()) {
    for (let each = 0; each < count; each += 1) {
      const [start = 0, end = 0, port = 0] = reader.found.subarray(each * FOUND_FIELDS);
      onMessage({ port, text: reader.bytes.toString("utf8", start + HEADER_BYTES, end) });
    }
  }
}

/** Feeds bytes in pieces of the given sizes, over and over. */
function readInPieces(bytes: Buffer, sizes: readonly number[]): { read: Message[]; reader: FrameReader } {
  const reader = new FrameReader();
  const read: Message[] = [];
  let turn = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = sizes[turn % sizes.length] ?? 1;
    turn += 1;
    readInto(reader, bytes.subarray(at, at + size), (each) => read.push(each));
    at += size;
  }
  return { read, reader };
}

const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
const encodeAll = (list: readonly Message[]) =>
  Buffer.concat(list.map(({ port, text }) => encodeFrame(port, text)));
/** What a text becomes in UTF-8 and back: half surrogate pairs are replaced. */
const asUtf8 = (list: readonly Message[]) =>
  list.map((m) => ({ ...m, text: Buffer.from(m.text).toString("utf8") }));

test("frames survive any splitting of the stream", () => {
  fc.assert(
    fc.property(messages, sizes, (list, pieces) => {
      const { read, reader } = readInPieces(encodeAll(list), pieces);
      assert.deepEqual(read, asUtf8(list));
      assert.equal(reader.skippedBytes, 0);
    }),
  );
});

test("a frame that a crashed writer left unfinished costs that frame and no other", () => {
  fc.assert(
    fc.property(
      messages,
      message,
      fc.double({ min: 0, max: 1, noNaN: true }),
      messages,
      sizes,
      (before, cut, part, after, pieces) => {
        const whole = encodeFrame(cut.port, cut.text);
        const torn = whole.subarray(0, Math.min(Math.floor(whole.length * part), whole.length - 1));
        const bytes = Buffer.concat([
          encodeAll(before),
          torn,
          encodeAll([...after, { port: 1, text: "last" }]),
        ]);
        const { read, reader } = readInPieces(bytes, pieces);
        assert.deepEqual(read, asUtf8([...before, ...after, { port: 1, text: "last" }]));
        assert.equal(reader.skippedBytes, torn.length);
      },
    ),
    { numRuns: 500 },
  );
});

test("an unfinished long frame does not hold up the short ones behind it", () => {
  const torn = encodeFrame(7, "x".repeat(MAX_PAYLOAD_BYTES)).subarray(0, 1000);
  const { read } = readInPieces(Buffer.concat([torn, encodeFrame(8, "short")]), [64]);
  assert.deepEqual(read, [{ port: 8, text: "short" }]);
});

test("after any foreign bytes the reader finds the next frame, and never invents one", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), messages, sizes, (noise, list, pieces) => {
      const marker = { port: 4, text: "marker" };
      const { read } = readInPieces(Buffer.concat([noise, encodeAll([...list, marker])]), pieces);
      // Noise may happen to look like the head of a frame and take the first ones with it, never the order.
      const expected = asUtf8([...list, marker]);
      assert.deepEqual(read, expected.slice(expected.length - read.length));
      assert.ok(read.length >= expected.length - 1);
    }),
  );
});

test("any single flipped bit costs at most the frames around it", () => {
  const list = Array.from({ length: 5 }, (_, index) => ({ port: index, text: `{"Value":${index}}` }));
  const clean = encodeAll(list);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: clean.length - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
      const bytes = Buffer.from(clean);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      const { read } = readInPieces(bytes, [bytes.length]);
      assert.ok(read.length >= list.length - 2);
      assert.ok(read.every(({ port }, index) => index === 0 || port > (read[index - 1]?.port ?? 0)));
    }),
  );
});

test("the frame reader holds no more than one frame and a header", () => {
  const reader = new FrameReader();
  const big = encodeFrame(1, "y".repeat(1000));
  let found = 0;
  for (let count = 0; count < 1000; count += 1) {
    readInto(reader, big, () => {
      found += 1;
    });
    assert.equal(reader.bytes.length, 0, "nothing is held once everything was taken out");
  }
  assert.equal(found, 1000);
});

test("a frame keeps its payload when it gets another port", () => {
  fc.assert(
    fc.property(message, fc.integer({ min: 0, max: 0xffffffff }), ({ port, text }, target) => {
      const frame = encodeFrame(port, text);
      const routes = Uint32Array.of(port, target, 0);
      assert.equal(codec.routeFrames(frame, Uint32Array.of(0, frame.length, port), 0, 1, routes), 1);
      assert.equal(routes[2], 1);
      const { read } = readInPieces(frame, [frame.length]);
      assert.deepEqual(read, asUtf8([{ port: target, text }]));
    }),
  );
});

test("a message that is too long is refused where it arises", () => {
  assert.throws(
    () => encodeFrame(1, "z".repeat(MAX_PAYLOAD_BYTES + 1)),
    (error) =>
      error instanceof FrameTooLongError &&
      /1048577 bytes is longer than the 1048576 bytes/.test(error.message),
  );
  assert.throws(() => encodeFrame(-1, ""), /port -1 is not an unsigned 32-bit number/);
});

test("a reader passes over frames of a kind that it does not know", () => {
  const unknown = encodeFrame(5, "new");
  const kind = FrameKind.value + 1;
  unknown.writeUInt8(kind, 4);
  unknown.writeUInt16BE((unknown.readUInt16BE(6) + 0x9e5) & 0xffff, 6);
  const { read } = readInPieces(Buffer.concat([unknown, encodeFrame(6, "known")]), [10]);
  assert.deepEqual(read, [{ port: 6, text: "known" }]);
});

test("the queue stays below its limit, drops the oldest frame by frame and counts them (R115)", () => {
  const operations = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("text" as const), length: fc.integer({ min: 0, max: 9000 }) }),
      fc.record({
        kind: fc.constant("frames" as const),
        lengths: fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 10 }),
      }),
      fc.record({ kind: fc.constant("shift" as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
    ),
    { maxLength: 100 },
  );
  fc.assert(
    fc.property(operations, (list) => {
      const limit = 30_000;
      const queue = new FrameQueue(limit);
      let pushed = 0;
      const taken: number[] = [];
      const shift = (part: number): void => {
        const waiting = queue.peek();
        if (waiting === null) return;
        const count = Math.floor(waiting.length * part);
        const whole = Buffer.from(waiting.subarray(0, queue.shift(count)));
        assert.ok(whole.length >= count);
        readInto(new FrameReader(), whole, ({ port }) => taken.push(port));
      };
      for (const operation of list) {
        if (operation.kind === "shift") {
          shift(operation.part);
        } else if (operation.kind === "text") {
          queue.pushText(pushed, "t".repeat(operation.length));
          pushed += 1;
        } else {
          const frames = operation.lengths.map((length, index) =>
            encodeFrame(pushed + index, "f".repeat(length)),
          );
          const before = Buffer.from("before");
          const all = Buffer.concat([before, ...frames]);
          queue.pushFrames(all, before.length, all.length);
          pushed += frames.length;
        }
        assert.ok(queue.bytes <= limit, `${queue.bytes} bytes`);
        assert.ok(queue.bytes >= 0);
      }
      while (!queue.isEmpty) shift(1);
      assert.equal(queue.bytes, 0);
      assert.equal(taken.length + queue.dropped, pushed);
      assert.ok(taken.every((port, index) => index === 0 || port > (taken[index - 1] ?? 0)));
      if (pushed > 0 && queue.dropped > 0) assert.equal(taken.at(-1), pushed - 1, "the newest always stays");
    }),
    { numRuns: 300 },
  );
});

test("a frame that is longer than the queue's limit waits alone", () => {
  const queue = new FrameQueue(5000);
  queue.pushText(1, "a");
  queue.pushText(2, "b".repeat(20_000));
  assert.equal(queue.dropped, 1);
  assert.equal(queue.peek()?.length, HEADER_BYTES + 20_000);
  queue.pushText(3, "c");
  assert.equal(queue.dropped, 2);
  assert.equal(queue.peek()?.readUInt32BE(8), 3);
});

/** A pipe that takes as many bytes as it is told to, and is full in between. */
class SlowPipe {
  readonly taken: Buffer[] = [];
  #room = 0;
  #waiting: (() => void) | null = null;

  write(bytes: Uint8Array): number {
    const count = Math.min(this.#room, bytes.length);
    this.taken.push(Buffer.from(bytes.subarray(0, count)));
    this.#room -= count;
    return count;
  }
  onceWritable(callback: () => void): void {
    assert.equal(this.#waiting, null, "asked twice for the same thing");
    this.#waiting = callback;
  }
  close(): void {}
  /** Makes room and tells the writer. */
  open(bytes: number): void {
    this.#room += bytes;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }
}

test("the sender writes whole frames through a pipe that takes them in any portions", async () => {
  await fc.assert(
    fc.asyncProperty(messages, sizes, async (list, rooms) => {
      const pipe = new SlowPipe();
      const sender = new FrameSender({ writer: pipe, bufferBytes: 10_000_000 });
      const all = encodeAll(list);
      for (const { port, text } of list) sender.sendText(port, text);
      await Promise.resolve();
      let given = 0;
      for (let turn = 0; given < all.length; turn += 1) {
        const room = rooms[turn % rooms.length] ?? 1;
        given += room;
        pipe.open(room);
      }
      assert.deepEqual(readInPieces(Buffer.concat(pipe.taken), [1000]).read, asUtf8(list));
      assert.equal(sender.dropped, 0);
    }),
  );
});

test("a sender whose pipe is stuck drops the oldest and never a part of a frame", async () => {
  const pipe = new SlowPipe();
  const sender = new FrameSender({ writer: pipe, bufferBytes: 20_000 });
  const text = "v".repeat(100);
  const total = 1000;
  for (let port = 0; port < total; port += 1) {
    sender.sendText(port, text);
    if (port === 10) {
      await Promise.resolve();
      pipe.open(HEADER_BYTES + 7);
    }
  }
  pipe.open(1_000_000);
  const { read, reader } = readInPieces(Buffer.concat(pipe.taken), [977]);
  assert.equal(reader.skippedBytes, 0);
  assert.equal(read.length + sender.dropped, total);
  assert.equal(read[0]?.port, 0, "what had begun to leave stays whole");
  assert.equal(read.at(-1)?.port, total - 1);
  assert.ok(read.every(({ port }, index) => index === 0 || port > (read[index - 1]?.port ?? 0)));
});

test("the forwarder passes on what has a route, readdressed, in order, however it is cut and however slow the pipe is (R33, R117, R118)", () => {
  const routes = new Map([
    [1, 101],
    [2, 102],
    [4, 0xffffffff],
  ]);
  const routed = fc.array(
    fc.record({ port: fc.integer({ min: 0, max: 5 }), text: fc.string({ maxLength: 200 }) }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(routed, sizes, sizes, fc.integer({ min: 0, max: 2000 }), (list, pieces, rooms, first) => {
      const pipe = new SlowPipe();
      pipe.open(first);
      const sender = new FrameSender({ writer: pipe, bufferBytes: 10_000_000 });
      const forwarder = new Forwarder({ routes, sender });
      // A writer died in its first frame; its successor sends the list.
      const all = Buffer.concat([encodeFrame(1, "torn").subarray(0, HEADER_BYTES + 2), encodeAll(list)]);
      let turn = 0;
      for (let at = 0; at < all.length; turn += 1) {
        const size = pieces[turn % pieces.length] ?? 1;
        forwarder.push(Buffer.from(all.subarray(at, at + size)));
        at += size;
        pipe.open((rooms[turn % rooms.length] ?? 1) >> 2);
      }
      for (let given = 0; given <= all.length; given += 100) pipe.open(100);
      const { read, reader } = readInPieces(Buffer.concat(pipe.taken), [1000]);
      const expected = asUtf8(list).flatMap(({ port, text }) => {
        const target = routes.get(port);
        return target === undefined ? [] : [{ port: target, text }];
      });
      assert.deepEqual(read, expected);
      assert.equal(reader.skippedBytes, 0);
    }),
    { numRuns: 300 },
  );
});
