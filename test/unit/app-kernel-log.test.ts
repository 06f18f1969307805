/** The kernel's messages in the log (R144): what a record says, and that none is missing unnoticed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  KernelConsole,
  type KernelRecord,
  KernelSequence,
  parseKernelRecord,
  readKernelLog,
  tellKernelLog,
} from "../../app/cells/log/kernel-log.ts";

test("kernel messages lose their head and their continuation (R144)", () => {
  const record = parseKernelRecord(
    Buffer.from("6,339,5140900,-;mmc0: new high speed SDHC card\n SUBSYSTEM=mmc\n"),
  );
  assert.equal(record?.text.toString(), "mmc0: new high speed SDHC card");
  assert.deepEqual([record?.level, record?.sequence, record?.time], [6, 339, 5140900]);
  assert.equal(parseKernelRecord(Buffer.from("13,1,2,-;of a program"))?.level, 5);
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

/** What /dev/kmsg does here, it does on the device only: see the test log-full for the real one. */
class Device {
  resumed = 0;
  onData: (chunk: Uint8Array) => void = () => undefined;
  onEnd: (error: Error | null) => void = () => undefined;

  reader(_fd: number, onData: Device["onData"], onEnd: Device["onEnd"]) {
    this.onData = onData;
    this.onEnd = onEnd;
    const resume = (): void => {
      this.resumed += 1;
    };
    return { pause: () => undefined, close: () => undefined, resume };
  }

  says(record: string): void {
    this.onData(Buffer.from(record));
  }
  fails(code: string): void {
    this.onEnd(Object.assign(new Error(`error ${code}`), { code }));
  }
}

test("messages that were overwritten are counted, and reading goes on (R144)", () => {
  const seen: string[] = [];
  const device = new Device();
  readKernelLog(device, 0, {
    onMessage: ({ text }) => seen.push(text.toString()),
    onMissing: (count) => seen.push(`${count} missing`),
    onError: (error) => seen.push(error.message),
  });
  device.says("6,7,1,-;seven\n");
  device.fails("EPIPE");
  device.says("6,20,1,-;twenty\n");
  device.fails("EIO");
  assert.deepEqual(seen, ["seven", "12 missing", "twenty", "error EIO"]);
  assert.equal(device.resumed, 1);
});

test("missing messages are told once a second, a device that can't be read at once, each with a cure (R144)", ({
  mock,
}) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const own: string[] = [];
  const device = new Device();
  tellKernelLog(device, 0, { kernel: () => undefined, own: (text) => own.push(text) });
  for (const record of [1, 3, 10]) device.says(`6,${record},1,-;x\n`);
  assert.deepEqual(own, []);
  mock.timers.tick(1_000);
  device.fails("EIO");
  assert.deepEqual(own, [
    "Warning: [kernel] 7 messages of the kernel are missing here: they came faster than they could be read. Cure: mend what its messages around this line tell of",
    "Error: [kernel] the kernel's messages can't be read: error EIO; they are missing here from now on. Cure: restart the device",
  ]);
});

test("the kernel's debug messages are not for an operator's log; their numbers still count", () => {
  const [told, own]: [string[], string[]] = [[], []];
  const device = new Device();
  tellKernelLog(device, 0, {
    kernel: ({ text }) => told.push(text.toString()),
    own: (text) => own.push(text),
  });
  for (const record of ["6,1,1,-;one", "7,2,1,-;e820: reserve", "15,3,1,-;of a program", "4,4,1,-;two"])
    device.says(`${record}\n`);
  assert.deepEqual([told, own], [["one", "two"], []]);
});

/** Which of these messages the kernel itself has put on the serial line, by level, time in seconds, and text. */
function shownByKernel(
  options: { startedAt: number; again: boolean },
  messages: readonly (readonly [level: number, seconds: number, text: string])[],
): string[] {
  const kernelConsole = new KernelConsole({ ...options, startedAt: options.startedAt * 1e6 });
  const records = messages.map(
    ([level, seconds, text], sequence): KernelRecord => ({
      ...{ level, sequence, time: seconds * 1e6, text: Buffer.from(text) },
    }),
  );
  return records.filter((record) => kernelConsole.hasShown(record)).map(({ text }) => text.toString());
}

test("the serial line has every kernel message once: the kernel's own up to the start script's last word (R144, R153)", () => {
  const first = { startedAt: 6, again: false };
  const boot = [
    [6, 0, "Linux version"],
    [7, 1, "for developers"],
    [5, 3, "gateway: HW-LOG: file system was repaired"],
    [5, 3.1, "gateway: system ready"],
  ] as const;
  const later = [
    [6, 3.2, "dhcpcd inw: leased"],
    [3, 60, "mmc0: error -110"],
    [0, 61, "emergency"],
  ] as const;
  const own = ["Linux version", "gateway: HW-LOG: file system was repaired", "gateway: system ready"];
  assert.deepEqual(shownByKernel(first, [...boot, ...later]), [...own, "emergency"]);
  // Nobody but the start script has its words: every other voice has a name in front.
  assert.deepEqual(shownByKernel(first, [[6, 3, "dhcpcd inw: gateway: system ready"], boot[0]]).length, 2);
  // The ring was overwritten before the log cell came.
  assert.deepEqual(shownByKernel(first, later), ["dhcpcd inw: leased", "emergency"]);
  // A log cell that was started again gets only what came since, however old that is.
  assert.deepEqual(shownByKernel({ startedAt: 90, again: true }, later), ["emergency"]);
});

test("the start script's last word is the one that the log cell waits for (R144)", () => {
  const script = new URL(
    "../../buildroot/board/iot2040/rootfs-overlay/usr/lib/gateway/start",
    import.meta.url,
  );
  const commands = readFileSync(script, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(commands.slice(-2), ['say "system ready"', "echo 1 >/proc/sys/kernel/printk"]);
  const common = readFileSync(new URL("common", script), "utf8");
  assert.match(common, /^ {2}echo "<5>gateway: \$\*" >\/dev\/kmsg$/m);
  const manifest = readFileSync(new URL("../../../../manifest.txt", script), "utf8");
  assert.match(manifest, /^kernel CONFIG_CONSOLE_LOGLEVEL_DEFAULT=7$/m);
});
