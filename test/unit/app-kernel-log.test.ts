/** The kernel's messages in the log (R144): what a record says, and that none is missing unnoticed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KernelSequence, parseKernelRecord, readKernelLog } from "../../app/cells/log/kernel-log.ts";

test("kernel messages lose their head and their continuation (R144)", () => {
  const record = parseKernelRecord(
    Buffer.from("6,339,5140900,-;mmc0: new high speed SDHC card\n SUBSYSTEM=mmc\n"),
  );
  assert.equal(record?.text.toString(), "mmc0: new high speed SDHC card");
  assert.equal(record?.sequence, 339);
  assert.equal(parseKernelRecord(Buffer.from("6,12,0,-,caller=T1;a;b"))?.text.toString(), "a;b");
  for (const text of ["no record", "", ";", "x,y;z"])
    assert.equal(parseKernelRecord(Buffer.from(text)), null, text);
});

test("gaps in the numbers are the messages that are missing", () => {
  const sequence = new KernelSequence();
  // The ring may have wrapped before the log cell was there.
  assert.deepEqual(
    [100, 101, 105, 106, 106, 200].map((number) => sequence.missingBefore(number)),
    [0, 0, 3, 0, 0, 93],
  );
});

test("messages that were overwritten are counted, and reading goes on (R144)", () => {
  let onData: (chunk: Uint8Array) => void = () => undefined;
  let onEnd: (error: Error | null) => void = () => undefined;
  let resumed = 0;
  const seen: string[] = [];
  // What /dev/kmsg does here, it does on the device only: see the test kernel-flood for the real one.
  const reader = {
    reader(_fd: number, data: typeof onData, end: typeof onEnd) {
      onData = data;
      onEnd = end;
      return {
        pause: () => undefined,
        close: () => undefined,
        resume: () => {
          resumed += 1;
        },
      };
    },
  };
  readKernelLog(reader, 0, {
    onMessage: (text) => seen.push(text.toString()),
    onMissing: (count) => seen.push(`${count} missing`),
    onError: (error) => seen.push(error.message),
  });
  onData(Buffer.from("6,7,1,-;seven\n"));
  onEnd(Object.assign(new Error("overwritten"), { code: "EPIPE" }));
  onData(Buffer.from("6,20,1,-;twenty\n"));
  onEnd(Object.assign(new Error("the device is gone"), { code: "EIO" }));
  assert.deepEqual(seen, ["seven", "12 missing", "twenty", "the device is gone"]);
  assert.equal(resumed, 1);
});
