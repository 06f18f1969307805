import { existsSync } from "node:fs";
import type { Log } from "../link/log-line.ts";
import type { Platform } from "../runtime/platform-types.ts";
import { Intruders } from "./intruders.ts";
import { tellNetworkReport } from "./network-report.ts";
import { Port, type Side, watchPort } from "./port.ts";
import { networkNamespace } from "./walls.ts";

/** Both network sides as the supervisor watches them; on a developer's machine there are none. */

const SIDES: readonly Side[] = ["inw", "enw"];

export class Network {
  readonly #platform: Platform;
  readonly #log: Log;
  readonly #ports: { readonly port: Port; readonly intruders: Intruders | null }[] = [];

  constructor(options: { platform: Platform; log: Log }) {
    this.#platform = options.platform;
    this.#log = options.log;
  }

  /** Tells what was wrong so far, and from now on every change at once (L22); `say` reaches the cell of that side. */
  watch(say: (side: Side, word: "retry" | "drop") => void): void {
    const [platform, log] = [this.#platform, this.#log];
    tellNetworkReport(log);
    for (const side of SIDES) {
      const netns = networkNamespace(side);
      if (!existsSync(netns)) continue;
      const port = new Port({
        side,
        log,
        handlers: { onUsable: () => say(side, "retry"), onAddressLost: () => say(side, "drop") },
      });
      this.#ports.push({ port, intruders: this.#intrudersOf(side, netns) });
      watchPort({ platform, netns, port, log, side });
    }
  }

  #intrudersOf(side: Side, netns: string): Intruders | null {
    try {
      const read = this.#platform.refusals(netns);
      return read && new Intruders({ side, read, log: this.#log });
    } catch (error) {
      this.#tellUncounted(error);
      return null;
    }
  }

  /** Who has tried to connect to the device since the last time (K18). */
  tellIntruders(): void {
    try {
      for (const { intruders } of this.#ports) intruders?.tell();
    } catch (error) {
      this.#tellUncounted(error);
    }
  }

  /** Values go on: counting is not what the device is for. */
  #tellUncounted(error: unknown): void {
    this.#log.error(
      `[NETWORK] what the packet filter refuses can't be counted: ${error instanceof Error ? error.message : error}`,
    );
  }

  /** Null: there is nothing to watch. */
  describe(): string | null {
    if (this.#ports.length === 0) return null;
    try {
      return this.#describePorts();
    } catch (error) {
      this.#tellUncounted(error);
      return null;
    }
  }

  #describePorts(): string {
    return this.#ports
      .map(({ port, intruders }) =>
        [port.describe(), ...(intruders ? [intruders.describe()] : [])].join(", "),
      )
      .join("; ");
  }
}
