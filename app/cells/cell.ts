import type { CellLog } from "../link/log-line.ts";
import type { Progress } from "../link/progress.ts";
import type { Status } from "../link/status.ts";
import type { Platform } from "../runtime/platform-types.ts";

/** Exit code of a cell whose configuration is wrong (EX_CONFIG): it stays down until the card is corrected. */
export const EXIT_CONFIG = 78;
/** Exit code of a cell that met an error it did not expect (EX_SOFTWARE): it is started again. */
export const EXIT_SOFTWARE = 70;

/** What a running cell has at hand. */
export interface CellContext {
  readonly platform: Platform;
  readonly log: CellLog;
  /** The cell's own descriptors behind status and control, in the order of `cellDescriptors` in the supervisor. */
  readonly descriptors: readonly number[];
  /** Tells the supervisor something. */
  report(status: Status): void;
  /** Calls back once, when the supervisor says that the peer may be connected. */
  onGo(callback: () => void): void;
  /**
   * Before every attempt to connect to `host`: the garbage of the last one is collected, a name is resolved and the packet
   * filter opened for what it leads to now (K17). Rejects when the name can't be resolved.
   */
  openWay(host: string): Promise<void>;
  /**
   * Calls back when the side's network has changed: `retry`: link and address are there, whoever waits may try at once;
   * `drop`: the address is gone, a connection that was made from it can't be alive any more (L20).
   */
  onNetwork(callback: (word: "retry" | "drop") => void): void;
  /** Calls back whenever the supervisor wants to know how far the cell has got. */
  onLook(callback: () => Progress): void;
  /** Calls back when the gateway is being stopped; the cell ends itself when it has said good-bye. */
  onStop(callback: () => void): void;
}

/** What a cell knows while it still has all rights. */
export interface Preparation {
  /** Where the partitions are mounted. */
  readonly root: string;
  /** False in development: there are no other users and no kernel log of ours. */
  readonly onDevice: boolean;
  /** The user, and the group of the same number, that the cell becomes. */
  readonly uid: number;
  /** Whether a process before this one was this cell and worked with the same descriptors. */
  readonly again: boolean;
}

/** A cell's program. */
export interface Cell {
  /**
   * Runs while the process still has all rights: reads its input files as bytes and interprets nothing. What it
   * returns runs behind the walls; it throws `ConfigError` when the configuration is wrong.
   */
  prepare(preparation: Preparation): (context: CellContext) => void;
}
