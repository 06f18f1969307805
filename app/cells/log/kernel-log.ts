import type { FdReader, Platform } from "../../runtime/platform-types.ts";

/** The kernel's messages (/dev/kmsg, R144): one record per read, numbered, in a ring that the kernel overwrites. */

export interface KernelRecord {
  /** 0 (emergency) to 7 (debug). */
  readonly level: number;
  /** Microseconds since the kernel started. */
  readonly time: number;
  /** Counts every message since the kernel started. */
  readonly sequence: number;
  readonly text: Buffer;
}

const HEAD = /^([0-9]+),([0-9]+),([0-9]+),/;
/** The lower bits of a priority; the others tell whose message it is. */
const LEVELS = 8;
/** What only developers of the kernel ask for; nobody can ask for it here. */
const DEBUG_LEVEL = 7;
/** The head is some numbers and flags; the text that follows is none of ours. */
const MAX_HEAD_BYTES = 128;

/** Reads `priority,sequence,microseconds,flags;text` with its continuation lines left out. Null: not a record. */
export function parseKernelRecord(record: Buffer): KernelRecord | null {
  const start = record.indexOf(0x3b);
  const head = HEAD.exec(record.subarray(0, Math.max(0, Math.min(start, MAX_HEAD_BYTES))).toString("latin1"));
  if (start === -1 || head === null) return null;
  const end = record.indexOf(0x0a, start);
  const [priority = 0, sequence = 0, time = 0] = head.slice(1).map(Number);
  const text = record.subarray(start + 1, end === -1 ? record.length : end);
  return { level: priority % LEVELS, time, sequence, text };
}

/** What the start script says last before it takes the serial line from the kernel (`rootfs-overlay/usr/lib/gateway/start`). */
const HANDOVER = Buffer.from("gateway: system ready", "latin1");
/** The kernel writes to the serial line what is below: CONFIG_CONSOLE_LOGLEVEL_DEFAULT, then what the start script sets. */
const SHOWN_BEFORE = 7;
const SHOWN_AFTER = 1;

/** Knows what the kernel wrote to the serial line itself, so that nothing stands there twice or not at all. */
export class KernelConsole {
  readonly #startedAt: number;
  #handedOver: boolean;

  constructor(options: {
    /** When the log cell began to read, in microseconds since the kernel started. */
    startedAt: number;
    /** A log cell before this one has read what the kernel said at its start. */
    again: boolean;
  }) {
    this.#startedAt = options.startedAt;
    this.#handedOver = options.again;
  }

  /** To be asked about each message once, in their order. */
  hasShown({ level, time, text }: KernelRecord): boolean {
    // The gateway starts after the script, which a flood may have overwritten.
    if (time > this.#startedAt) this.#handedOver = true;
    const shown = level < (this.#handedOver ? SHOWN_AFTER : SHOWN_BEFORE);
    if (text.equals(HANDOVER)) this.#handedOver = true;
    return shown;
  }
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
  onMessage(record: KernelRecord): void;
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
      events.onMessage(record);
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
  kernel(record: KernelRecord): void;
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
    onMessage: (record) => {
      if (record.level < DEBUG_LEVEL) output.kernel(record);
    },
    onMissing: (count) => {
      if (missing === 0) setTimeout(tellMissing, TELL_MISSING_MS);
      missing += count;
    },
    onError: (error) =>
      output.own(
        `Error: [kernel] the kernel's messages can't be read: ${error.message}; they are missing here from now on. Cure: restart the device`,
      ),
  });
}
