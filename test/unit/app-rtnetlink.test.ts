/** What the kernel tells about links and addresses, byte by byte. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { netlinkQuestion, parseNetlink } from "../../app/supervisor/rtnetlink.ts";

function message(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeUInt16LE(type, 4);
  return Buffer.concat([header, body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
}

function attribute(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + data.length, 0);
  head.writeUInt16LE(type, 2);
  return Buffer.concat([head, data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}

/** struct ifinfomsg with a name behind it. */
function linkBody(index: number, flags: number): Buffer {
  const body = Buffer.alloc(16);
  body.writeInt32LE(index, 4);
  body.writeUInt32LE(flags, 8);
  return Buffer.concat([body, attribute(3, Buffer.from("X1P1\0"))]);
}

/** struct ifaddrmsg with IFA_ADDRESS, IFA_LOCAL and IFA_FLAGS behind it. */
function addressBody(options: {
  index: number;
  local: number[];
  prefix: number;
  flags: number;
  family?: number;
}): Buffer {
  const { index, local, prefix, flags, family = 2 } = options;
  const body = Buffer.from([family, prefix, flags & 0xff, 0, index, 0, 0, 0]);
  const wide = Buffer.alloc(4);
  wide.writeUInt32LE(flags);
  return Buffer.concat([
    body,
    attribute(1, Buffer.from([9, 9, 9, 9])),
    attribute(2, Buffer.from(local)),
    attribute(8, wide),
  ]);
}

test("the kernel's messages on links and addresses are taken apart (L20, L22)", () => {
  const address = { index: 2, local: [192, 168, 188, 15], prefix: 24 };
  const bytes = Buffer.concat([
    message(16, linkBody(2, 0x11043)),
    message(16, linkBody(2, 0x1003)),
    message(16, linkBody(1, 0x10049)),
    message(20, addressBody({ ...address, flags: 0x80 })),
    message(20, addressBody({ ...address, flags: 0x200 })),
    message(21, addressBody({ ...address, flags: 0 })),
    message(17, linkBody(2, 0)),
    message(3, Buffer.alloc(4)),
  ]);
  const told = { kind: "address", index: 2, address: "192.168.188.15/24" };
  assert.deepEqual(parseNetlink(bytes), [
    { kind: "link", index: 2, loopback: false, up: true },
    { kind: "link", index: 2, loopback: false, up: false },
    { kind: "link", index: 1, loopback: true, up: true },
    { ...told, added: true, lasting: true },
    { ...told, added: true, lasting: false },
    { ...told, added: false, lasting: false },
    { kind: "removed", index: 2 },
    { kind: "done" },
  ]);
  assert.deepEqual(parseNetlink(message(20, addressBody({ ...address, flags: 0, family: 10 }))), []);
  assert.deepEqual(parseNetlink(message(20, addressBody({ ...address, flags: 0, prefix: 33 }))), []);
  for (const what of ["links", "addresses"] as const) {
    const question = netlinkQuestion(what);
    assert.equal(question.readUInt32LE(0), question.length);
    assert.deepEqual(parseNetlink(question), []);
  }
});

test("no bytes of the kernel's socket can do more than be left out", () => {
  const whole = Buffer.concat([
    message(16, linkBody(2, 0x10043)),
    message(20, addressBody({ index: 2, local: [10, 0, 0, 1], prefix: 8, flags: 0 })),
  ]);
  const changed = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }).map((edits) => {
    const bytes = Buffer.from(whole);
    for (const [at, value] of edits) bytes[at] = value;
    return bytes;
  });
  const cut = fc.tuple(changed, fc.nat(whole.length)).map(([bytes, length]) => bytes.subarray(0, length));
  fc.assert(
    fc.property(fc.oneof(cut, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      for (const event of parseNetlink(bytes)) {
        if (event.kind === "address") assert.match(event.address, /^\d+\.\d+\.\d+\.\d+\/\d+$/);
        assert.ok(["link", "removed", "address", "done"].includes(event.kind));
      }
    }),
    { numRuns: 2000 },
  );
});
