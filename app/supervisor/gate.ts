import { existsSync } from "node:fs";
import type { Log } from "../link/log-line.ts";
import { isAddress, MAX_ADDRESSES, type Peer } from "../link/status.ts";
import type { Platform } from "../runtime/platform-types.ts";
import { PORT_NAMES, type Side } from "./port.ts";

/** The one way out of a side: to the configured peer, by the address in its settings or by what its name leads to (K17). */

const FIREWALL_PROGRAM = "/usr/lib/gateway/allow-peer";
/** No name moves more often: so many changes at once, and one more after each pause. Whoever wants more asks again. */
const CHANGES_AT_ONCE = 5;
const CHANGE_EVERY_SECONDS = 5;

/** Whether this is the card, with a packet filter and hardware of its own. */
export function isOnCard(): boolean {
  return existsSync(FIREWALL_PROGRAM);
}

export class Gate {
  readonly #side: Side;
  readonly #platform: Platform;
  readonly #log: Log;
  /** One peer per side and boot: a cell that was taken over can't have the way opened to anyone else unnoticed. */
  #peer: Peer | null = null;
  /** Open now, newest first. Answers that take turns all stay open, up to a bound. */
  #open: readonly string[] = [];
  #changes = CHANGES_AT_ONCE;
  #changedAt = 0;

  constructor(options: { side: Side; platform: Platform; log: Log }) {
    this.#side = options.side;
    this.#platform = options.platform;
    this.#log = options.log;
  }

  /** What the cell has read in its settings: the first one counts. */
  notePeer(peer: Peer): void {
    this.#peer ??= peer;
    if (this.#peer.host === peer.host && this.#peer.port === peer.port) return;
    this.#log.error(
      `[NETWORK] ${PORT_NAMES[this.#side]}: a second peer was asked for, which is refused until the gateway is started anew`,
    );
  }

  /** Opens the way to a peer that is named by its address; a name has to be resolved first. */
  openAddress(): void {
    if (this.#peer && isAddress(this.#peer.host)) this.#allow([this.#peer.host]);
  }

  /** Opens the way to where the peer's name leads now; each new address is told, for whoever reads the log. */
  openResolved(addresses: readonly string[]): void {
    const peer = this.#peer;
    if (!peer || isAddress(peer.host)) return;
    const fresh = addresses.filter((address) => !this.#open.includes(address));
    if (fresh.length === 0 || !this.#mayChange()) return;
    if (this.#allow([...fresh, ...this.#open].slice(0, MAX_ADDRESSES)))
      this.#log.info(`[NETWORK] ${PORT_NAMES[this.#side]}: ${peer.host} is ${fresh.join(", ")}`);
  }

  #mayChange(): boolean {
    const now = this.#platform.uptime();
    this.#changes = Math.min(CHANGES_AT_ONCE, this.#changes + (now - this.#changedAt) / CHANGE_EVERY_SECONDS);
    this.#changedAt = now;
    if (this.#changes < 1) return false;
    this.#changes -= 1;
    return true;
  }

  /** Null: done; else what was wrong. */
  #change(words: readonly string[]): string | null {
    try {
      const exit = this.#platform.run([FIREWALL_PROGRAM, ...words]);
      return exit.code === 0 ? null : `ended with ${exit.code ?? exit.signal}`;
    } catch (error) {
      return `could not be started: ${error instanceof Error ? error.message : error}`;
    }
  }

  /** False: it did not work, the log says why; the next attempt to connect tries again. */
  #allow(addresses: readonly string[]): boolean {
    const isOpen = addresses.every((address) => this.#open.includes(address));
    if (!this.#peer || isOpen) return isOpen;
    if (isOnCard()) {
      const port = String(this.#peer.port);
      const problem = this.#change([this.#side, port, ...addresses]);
      if (problem !== null) {
        this.#log.error(
          `[NETWORK] ${PORT_NAMES[this.#side]}: the packet filter could not be opened for ${addresses.join(", ")} port ${port} (${FIREWALL_PROGRAM} ${problem})`,
        );
        return false;
      }
    }
    this.#open = addresses;
    return true;
  }
}
