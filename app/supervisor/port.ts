import { writeSync } from "node:fs";
import type { Log } from "../link/log-line.ts";
import type { Platform } from "../runtime/platform-types.ts";
import { type NetlinkEvent, netlinkQuestion, parseNetlink } from "./rtnetlink.ts";

/** The two network sockets of the device: link and addresses as the kernel tells them, at once (L20–L22). */

export type Side = "inw" | "enw";
/** As printed on the housing (R26, L21). */
export const PORT_NAMES: Readonly<Record<Side, string>> = {
  inw: "X2 P1 (internal)",
  enw: "X1 P1 (external)",
};
/** Where a side's fixed address is written (R29). */
export const NETWORK_SETTINGS: Readonly<Record<Side, string>> = {
  inw: "HW-INW:/etc/dhcpcd.conf",
  enw: "HW-ENW:/etc/dhcpcd.conf",
};

/** At start cable and switch take this long to agree; an answer from a DHCP server takes longer. */
const LINK_PATIENCE_MS = 10_000;
const ADDRESS_PATIENCE_MS = 30_000;
/** An address that is gone may be on its way back, or another one in its place. */
const RETURN_MS = 5_000;
const REPLACED_MS = 500;
/** A loose contact must not fill the log: so many lines at once, and one more after each pause. */
const LINES_AT_ONCE = 20;
const LINE_EVERY_MS = 30_000;

/** What a change of the port means for the connection that goes through it. */
export interface PortHandlers {
  /** Link and address are there: now is the time to connect. */
  onUsable(): void;
  /** The address that connections were made from is gone: they can't be alive any more. */
  onAddressLost(reason: string): void;
}

/** Keeps the state of one port; `events` come from the kernel, times from `now`. */
export class Port {
  readonly #name: string;
  readonly #side: Side;
  readonly #log: Log;
  readonly #handlers: PortHandlers;
  readonly #addresses = new Set<string>();
  /** Gone since connections could have been made from them. */
  readonly #lost = new Set<string>();
  readonly #startedAt: number;
  #index: number | null = null;
  /** Null: not up yet, and it is too early to complain. */
  #up: boolean | null = null;
  #addressWanted: ReturnType<typeof setTimeout> | undefined;
  #judging: ReturnType<typeof setTimeout> | undefined;
  #lines = LINES_AT_ONCE;
  #refilledAt: number;
  #untold = 0;

  constructor(options: { side: Side; log: Log; handlers: PortHandlers }) {
    this.#side = options.side;
    this.#name = PORT_NAMES[options.side];
    this.#log = options.log;
    this.#handlers = options.handlers;
    this.#startedAt = performance.now();
    this.#refilledAt = this.#startedAt;
    setTimeout(() => {
      if (this.#up === null) this.#tellDown();
    }, LINK_PATIENCE_MS);
    this.#wantAddress();
  }

  /** `X1 P1 (external): link up, 192.168.188.15/24` */
  describe(): string {
    const addresses = this.#addresses.size > 0 ? [...this.#addresses].join(" ") : "no address";
    return `${this.#name}: link ${this.#up ? "up" : "down"}, ${addresses}`;
  }

  take(event: NetlinkEvent): void {
    if (event.kind === "link" && !event.loopback) this.#onLink(event.index, event.up);
    else if (event.kind === "removed" && event.index === this.#index) this.#onLink(event.index, false);
    else if (event.kind === "address" && event.index === this.#index) this.#onAddress(event);
  }

  #onLink(index: number, up: boolean): void {
    this.#index = index;
    if (up === this.#up || (!up && this.#up === null)) return;
    this.#up = up;
    if (!up) {
      this.#tellDown();
      return;
    }
    this.#tell("info", "the link is up");
    if (this.#addresses.size === 0) this.#wantAddress();
    this.#judge(this.#patience());
  }

  #tellDown(): void {
    this.#up = false;
    this.#tell("warning", "the link is down. Cure: check the cable and the switch");
  }

  #onAddress({ added, address, lasting }: NetlinkEvent & { kind: "address" }): void {
    if (added === this.#addresses.has(address)) return;
    if (added) {
      this.#addresses.add(address);
      clearTimeout(this.#addressWanted);
      this.#tell(
        "info",
        `address ${address} ${lasting ? `as in ${NETWORK_SETTINGS[this.#side]}` : "by DHCP"}`,
      );
      this.#judge(REPLACED_MS);
      return;
    }
    this.#addresses.delete(address);
    this.#lost.add(address);
    this.#tell("info", `address ${address} is given up`);
    if (this.#addresses.size === 0) this.#wantAddress();
    this.#judge(this.#patience());
  }

  /** With the link the address is asked for anew, and mostly it is the same one that comes back. */
  #patience(): number {
    return this.#addresses.size > 0 ? REPLACED_MS : RETURN_MS;
  }

  /** Looks at where the changes have led, a moment after the last one. */
  #judge(delay: number): void {
    clearTimeout(this.#judging);
    this.#judging = setTimeout(() => {
      // Without a link nothing is known: the same address may come back with it, and connections with that.
      if (!this.#up) return;
      for (const address of this.#addresses) this.#lost.delete(address);
      const [lost] = this.#lost;
      this.#lost.clear();
      if (lost !== undefined) {
        const now =
          this.#addresses.size > 0 ? `it is ${[...this.#addresses].join(" ")} now` : "there is no other";
        this.#handlers.onAddressLost(`${this.#name} has lost its address ${lost}; ${now}`);
      }
      if (this.#addresses.size > 0) this.#handlers.onUsable();
    }, delay);
  }

  #wantAddress(): void {
    clearTimeout(this.#addressWanted);
    this.#addressWanted = setTimeout(() => {
      if (!this.#up || this.#addresses.size > 0) return;
      this.#tell(
        "warning",
        `no address yet. Cure: check the DHCP server, or write a fixed address into ${NETWORK_SETTINGS[this.#side]}`,
      );
    }, ADDRESS_PATIENCE_MS);
  }

  #tell(level: "info" | "warning", text: string): void {
    const now = performance.now();
    const due = Math.floor((now - this.#refilledAt) / LINE_EVERY_MS);
    this.#refilledAt += due * LINE_EVERY_MS;
    this.#lines = Math.min(LINES_AT_ONCE, this.#lines + due);
    if (this.#lines === 0) {
      this.#untold += 1;
      return;
    }
    this.#lines -= 1;
    const untold = this.#untold > 0 ? ` (${this.#untold} changes before were not logged)` : "";
    this.#untold = 0;
    this.#log[level](`[NETWORK] ${this.#name}: ${text}${untold}`);
  }
}

/** Listens to the kernel in the side's namespace. A socket that could not keep up is opened anew and asks for all again. */
export function watchPort(options: {
  platform: Platform;
  netns: string;
  port: Port;
  log: Log;
  side: Side;
}): void {
  const { platform, netns, port, log, side } = options;
  const fail = (error: unknown): void =>
    log.error(
      `[NETWORK] ${PORT_NAMES[side]}: link and address can't be watched: ${error instanceof Error ? error.message : error}`,
    );
  const open = (): void => {
    const fd = platform.netlink(netns);
    if (fd === null) return;
    const questions = ["links", "addresses"] as const;
    let asked = 0;
    const ask = (): void => {
      const question = questions[asked];
      asked += 1;
      if (question !== undefined) writeSync(fd, netlinkQuestion(question));
    };
    const reader = platform.reader(
      fd,
      (chunk) => {
        for (const event of parseNetlink(chunk)) {
          if (event.kind === "done") ask();
          else port.take(event);
        }
      },
      (error) => {
        reader.close();
        // ENOBUFS: more happened than the socket could keep.
        if ((error as NodeJS.ErrnoException | null)?.code === "ENOBUFS") attempt();
        else fail(error ?? new Error("the socket has ended"));
      },
    );
    ask();
  };
  const attempt = (): void => {
    try {
      open();
    } catch (error) {
      fail(error);
    }
  };
  attempt();
}
