import { isSettable } from "./clock.ts";
import type { Progress } from "./progress.ts";

/**
 * What a cell and the supervisor say to each other: short ASCII lines. A cell reports over its status pipe; the
 * supervisor answers over the cell's control pipe. The supervisor runs with all rights, so it takes nothing but these
 * exact forms and ignores everything else.
 */

/** Where the one peer of a side is: what the firewall is opened for. */
export interface Peer {
  readonly host: string;
  readonly port: number;
}

/** What a cell can report. */
export type Status =
  | { readonly kind: "started" }
  | { readonly kind: "peer"; readonly peer: Peer }
  | { readonly kind: "reached"; readonly mark: number }
  /** From the console: set the clocks to this many seconds after 1970-01-01 00:00:00 UTC (R148, R150). */
  | { readonly kind: "clock"; readonly seconds: number }
  /** From the console: tell how the device is doing. */
  | { readonly kind: "vitals" }
  /** The answer to `ping`: the cell's event loop turns, and this is how far it has got. */
  | ({ readonly kind: "alive" } & Progress)
  /** What the peer's name leads to right now: the cell waits for `go` before it connects there (K17). */
  | { readonly kind: "resolved"; readonly addresses: readonly string[] }
  /** The connection to the peer stands. */
  | { readonly kind: "connected" }
  /** It does not, and why: printable ASCII, for operators only. */
  | { readonly kind: "disconnected"; readonly reason: string };

/**
 * The supervisor's words to a cell: `go`: the packet filter lets you through to the peer, connect; `ping`: answer that you are alive; `retry`:
 * link and address have come back, try at once; `drop`: your address is gone, the connection can't be alive any more.
 */
export const WORDS = ["go", "ping", "retry", "drop"] as const;
export type Word = (typeof WORDS)[number];

export function isWord(text: string): text is Word {
  return (WORDS as readonly string[]).includes(text);
}

/** A mark in a log pipe: everything written before it has been put out when the log cell reports it. */
export const MARK_PREFIX = "\u0001mark ";

const MAX_LINE_BYTES = 300;
/** RFC 1123 §2.1, and underscores: no host name by the book, but names in plants have them, and resolvers take them. */
const HOST =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/;
const PEER_LINE = /^peer ([A-Za-z0-9._-]{1,253}) ([1-9][0-9]{0,4})$/;
const MAX_REASON = 250;
const DISCONNECTED_LINE = new RegExp(`^disconnected ([\\x20-\\x7e]{0,${MAX_REASON}})$`);
const OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const ADDRESS = `${OCTET}(?:\\.${OCTET}){3}`;
/** A name with more addresses than that is connected to by the first ones. */
export const MAX_ADDRESSES = 8;
const RESOLVED_LINE = new RegExp(`^resolved((?: ${ADDRESS}){1,${MAX_ADDRESSES}})$`);
const IS_ADDRESS = new RegExp(`^${ADDRESS}$`);
const REACHED_LINE = /^reached ([0-9]{1,9})$/;
const ALIVE_LINE = /^alive (0|[1-9][0-9]{0,9}) (busy|idle)$/;
const CLOCK_LINE = /^clock ([0-9]{1,11})$/;

/** Whether this is a host name or an IPv4 address, and nothing that a command line could take for something else. */
export function isHostName(text: string): boolean {
  return HOST.test(text);
}

/** Whether this is an IPv4 address rather than a name. */
export function isAddress(text: string): boolean {
  return IS_ADDRESS.test(text);
}

export function formatStatus(status: Status): string {
  switch (status.kind) {
    case "started":
      return "started\n";
    case "peer":
      return `peer ${status.peer.host} ${status.peer.port}\n`;
    case "reached":
      return `reached ${status.mark}\n`;
    case "clock":
      return `clock ${status.seconds}\n`;
    case "vitals":
      return "vitals\n";
    case "alive":
      return `alive ${status.steps >>> 0} ${status.busy ? "busy" : "idle"}\n`;
    case "resolved":
      return `resolved ${status.addresses.slice(0, MAX_ADDRESSES).join(" ")}\n`;
    case "connected":
      return "connected\n";
    case "disconnected":
      return `disconnected ${status.reason.replace(/[^\x20-\x7e]/g, "?").slice(0, MAX_REASON)}\n`;
  }
}

/** Reads one line; null when it is not one of the known forms. */
export function parseStatus(line: string): Status | null {
  if (line === "started") return { kind: "started" };
  const peer = PEER_LINE.exec(line);
  if (peer?.[1] !== undefined && isHostName(peer[1]) && Number(peer[2]) <= 65535) {
    return { kind: "peer", peer: { host: peer[1], port: Number(peer[2]) } };
  }
  const reached = REACHED_LINE.exec(line);
  if (reached) return { kind: "reached", mark: Number(reached[1]) };
  const seconds = Number(CLOCK_LINE.exec(line)?.[1]);
  if (isSettable(seconds)) return { kind: "clock", seconds };
  if (line === "vitals" || line === "connected") return { kind: line };
  const alive = ALIVE_LINE.exec(line);
  if (alive) return { kind: "alive", steps: Number(alive[1]) >>> 0, busy: alive[2] === "busy" };
  const addresses = RESOLVED_LINE.exec(line)?.[1];
  if (addresses !== undefined) return { kind: "resolved", addresses: addresses.slice(1).split(" ") };
  const reason = DISCONNECTED_LINE.exec(line)?.[1];
  return reason === undefined ? null : { kind: "disconnected", reason };
}

/** Splits a byte stream into lines; a line longer than `maxBytes` is handed out cut, its rest is dropped. */
export class LineSplitter {
  readonly #maxBytes: number;
  #rest: Buffer = Buffer.alloc(0);
  #discarding = false;

  constructor(maxBytes: number = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array, onLine: (line: Buffer) => void): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (;;) {
      const end = bytes.indexOf(0x0a);
      if (end === -1) break;
      const piece = bytes.subarray(0, end);
      bytes = bytes.subarray(end + 1);
      if (this.#discarding) {
        this.#discarding = false;
        continue;
      }
      const line = this.#rest.length > 0 ? Buffer.concat([this.#rest, piece]) : piece;
      this.#rest = Buffer.alloc(0);
      onLine(line.subarray(0, this.#maxBytes));
    }
    if (this.#discarding || bytes.length === 0) return;
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (this.#rest.length >= this.#maxBytes) {
      onLine(this.#rest.subarray(0, this.#maxBytes));
      this.#rest = Buffer.alloc(0);
      this.#discarding = true;
    }
  }
}
