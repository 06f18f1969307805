import type { Log } from "../link/log-line.ts";
import type { Refusals } from "../runtime/platform-types.ts";
import { PORT_NAMES, type Side } from "./port.ts";

/** What the packet filter of one side refuses: told when somebody tries to connect to the device (K18, K19). */
export class Intruders {
  readonly #side: Side;
  readonly #read: () => Refusals;
  readonly #log: Log;
  /** The kernel counts since the device was switched on, the supervisor may be a later one. */
  #told: number;

  constructor(options: { side: Side; read: () => Refusals; log: Log }) {
    this.#side = options.side;
    this.#read = options.read;
    this.#log = options.log;
    this.#told = options.read().connections;
  }

  /** Broadcasts and the like are everywhere and say nothing; a connection to this device can only be a mistake or worse. */
  tell(): void {
    const { connections } = this.#read();
    const fresh = connections - this.#told;
    this.#told = connections;
    if (fresh <= 0) return;
    this.#log.warning(
      `[NETWORK] ${PORT_NAMES[this.#side]}: the packet filter has refused ${fresh} attempts to connect to the gateway since the last status. Cure: find out who scans this network`,
    );
  }

  /** `refused: 3 connections, 120 other packets in, 0 out` */
  describe(): string {
    const { connections, others, outgoing } = this.#read();
    return `refused: ${connections} connections, ${others} other packets in, ${outgoing} out`;
  }
}
