import { existsSync, readdirSync, readFileSync } from "node:fs";
import { platform } from "#platform";
import type { FoundPartition } from "./partitions.ts";

/** Notices that the card is pulled out or put back while the gateway runs, and has it unmounted and mounted again. */

/** Unmounts what is gone, checks and mounts what is there, and writes the report that `findPartitions` reads. */
const MOUNT_PROGRAM = "/usr/lib/gateway/mount-partitions";
/** Which card that program has mounted last, as `presentCard` tells it. */
const MOUNTED_FILE = "/run/gateway/card";
const BLOCK_DEVICES = "/sys/block";
const CARD_NAME = /^mmcblk[0-9]+$/;
const LOOK_EVERY_MS = 2_000;

/**
 * Which card is in, as the kernel numbers them: a card that was put back is a new one to it, however quickly that went.
 * Null: there is none.
 */
export function presentCard(blockDevices: string = BLOCK_DEVICES): string | null {
  try {
    const name = readdirSync(blockDevices).find((candidate) => CARD_NAME.test(candidate));
    if (name === undefined) return null;
    return `${name} ${readFileSync(`${blockDevices}/${name}/diskseq`, "latin1").trim()}`;
  } catch (error) {
    // It went while we looked: the next look tells.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENODEV") return null;
    throw error;
  }
}

/** Which card is mounted; null: none. One that came or went since then, perhaps during the start, is a change. */
export function mountedCard(file: string = MOUNTED_FILE): string | null {
  try {
    return readFileSync(file, "latin1").trim() || null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

export interface CardEvents {
  onPulled(): void;
  /** Its partitions are checked and mounted, as far as that was possible. */
  onReturned(partitions: readonly FoundPartition[]): void;
}

/** Unmounts, and mounts what is there when the card is back; calls back when that is done. */
type Remount = (how: "gone" | "back", done: (partitions: readonly FoundPartition[]) => void) => void;

/** Turns looks at the card into events; one remount at a time. */
export class CardWatch {
  readonly #events: CardEvents;
  readonly #look: () => string | null;
  readonly #remount: Remount;
  #known: string | null;
  #busy = false;

  constructor(options: {
    events: CardEvents;
    look: () => string | null;
    /** What is mounted now. */
    mounted: string | null;
    remount: Remount;
  }) {
    this.#events = options.events;
    this.#look = options.look;
    this.#remount = options.remount;
    this.#known = options.mounted;
  }

  check(): void {
    if (this.#busy) return;
    const found = this.#look();
    if (found === this.#known) return;
    if (this.#known !== null) this.#events.onPulled();
    this.#known = found;
    this.#busy = true;
    this.#remount(found === null ? "gone" : "back", (partitions) => {
      this.#busy = false;
      // What has happened to the card in the meantime is the next check's.
      if (found !== null) this.#events.onReturned(partitions);
    });
  }
}

/** Watches the device's card. Only on the device: elsewhere partitions are directories. */
export function watchCard(options: {
  events: CardEvents;
  findPartitions: () => FoundPartition[];
  /** Where the mount program's own words go. */
  stderrFd: number;
}): void {
  if (platform.kind !== "quickjs" || !existsSync(MOUNT_PROGRAM)) return;
  let mounting: { pid: number; done: () => void } | null = null;
  platform.onExit((pid) => {
    if (mounting?.pid !== pid) return;
    const { done } = mounting;
    mounting = null;
    done();
  });
  const watch = new CardWatch({
    events: options.events,
    look: presentCard,
    mounted: mountedCard(),
    // A process of its own: checking a file system takes long, and the supervisor has cells to look after.
    remount: (how, done) => {
      const pid = platform.spawn({
        role: "card",
        keep: [],
        stderrFd: options.stderrFd,
        body: () => process.exit(platform.run([MOUNT_PROGRAM, how]).code ?? 1),
      });
      mounting = { pid, done: () => done(options.findPartitions()) };
    },
  });
  setInterval(() => watch.check(), LOOK_EVERY_MS);
}
