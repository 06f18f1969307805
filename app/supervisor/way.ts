import { lookup } from "node:dns/promises";
import { isAddress, type Status } from "../link/status.ts";

/** How long the supervisor may take to open the packet filter; then the attempt itself shows what is wrong. */
const PATIENCE_MS = 10_000;

/** In the cell: finds out where the peer's name leads to, and waits until the way there is open. */
export class Way {
  readonly #report: (status: Status) => void;
  #granted: (() => void) | null = null;

  constructor(report: (status: Status) => void) {
    this.#report = report;
  }

  async open(host: string): Promise<void> {
    if (isAddress(host)) return;
    const found = await lookup(host, { all: true, family: 4 });
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, PATIENCE_MS);
      this.#granted = () => {
        clearTimeout(patience);
        resolve();
      };
      this.#report({ kind: "resolved", addresses: found.map(({ address }) => address) });
    });
    this.#granted = null;
  }

  /** The supervisor has said `go`. */
  grant(): void {
    this.#granted?.();
  }
}
