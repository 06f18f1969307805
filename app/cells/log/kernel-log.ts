import type { FdReader, Platform } from "../../runtime/platform-types.ts";

/** The kernel's messages (/dev/kmsg, R144): one record per read, numbered, in a ring that the kernel overwrites. */

export interface KernelRecord {
  /** Counts every message since the kernel started. */
  readonly sequence: number;
  readonly text: Buffer;
}

const HEAD = /^[0-9]+,([0-9]+),/;
/** The head is some numbers and flags; the text that follows is none of ours. */
const MAX_HEAD_BYTES = 128;

/** Reads `priority,sequence,microseconds,flags;text` with its continuation lines left out. Null: not a record. */
export function parseKernelRecord(record: Buffer): KernelRecord | null {
  const start = record.indexOf(0x3b);
  const head = HEAD.exec(record.subarray(0, Math.max(0, Math.min(start, MAX_HEAD_BYTES))).toString("latin1"));
  if (start === -1 || head === null) return null;
  const end = record.indexOf(0x0a, start);
  return { sequence: Number(head[1]), text: record.subarray(start + 1, end === -1 ? record.length : end) };
}

/** Finds out from their numbers how many messages were overwritten before they were read. */
export class KernelSequence {
  #next: number | null = null;

  /** How many messages are missing before this one. */
  missingBefore(sequence: number): number {
    const missing = this.#next === null ? 0 : Math.max(0, sequence - this.#next);
    this.#next = sequence + 1;
    return missing;
  }
}

export interface KernelLogEvents {
  onMessage(text: Buffer): void;
  /** That many messages came faster than they could be read. */
  onMissing(count: number): void;
  onError(error: Error): void;
}

/** Reads the kernel's messages for as long as the process lives. */
export function readKernelLog(platform: Pick<Platform, "reader">, fd: number, events: KernelLogEvents): void {
  const sequence = new KernelSequence();
  const reader: FdReader = platform.reader(
    fd,
    (chunk) => {
      const record = parseKernelRecord(Buffer.from(chunk));
      if (record === null) return;
      const missing = sequence.missingBefore(record.sequence);
      if (missing > 0) events.onMissing(missing);
      events.onMessage(record.text);
    },
    (error) => {
      if (error === null) return;
      // The kernel overwrote what was to be read next and stands at the oldest message that is left.
      if ((error as NodeJS.ErrnoException).code === "EPIPE") reader.resume();
      else events.onError(error);
    },
  );
}

/** How long it may take until missing messages are told. */
const TELL_MISSING_MS = 1_000;

/** What takes the kernel's messages, and the log cell's own lines on them. */
export interface KernelLogOutput {
  kernel(text: Buffer): void;
  own(text: string): void;
}

/** What is missing is told once a second: a flood is not the time for many lines about it. */
export function tellKernelLog(platform: Pick<Platform, "reader">, fd: number, output: KernelLogOutput): void {
  let missing = 0;
  const tellMissing = (): void => {
    output.own(
      `Warning: [kernel] ${missing} messages of the kernel are missing here: they came faster than they could be read. Cure: mend what its messages around this line tell of`,
    );
    missing = 0;
  };
  readKernelLog(platform, fd, {
    onMessage: (text) => output.kernel(text),
    onMissing: (count) => {
      if (missing === 0) setTimeout(tellMissing, TELL_MISSING_MS);
      missing += count;
    },
    onError: (error) =>
      output.own(
        `Error: [kernel] the kernel's messages can't be read: ${error.message}; they are missing from the health log from now on. Cure: restart the device; the serial line still shows them`,
      ),
  });
}
