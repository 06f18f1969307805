/**
 * What the gateway needs of the operating system beyond Node's API: processes that share the loaded bundle,
 * one-way pipes, and the walls around a cell. Two implementations: `app/runtime/platform.ts` (QuickJS on the
 * device, native fork) and `app/supervisor/platform-node.ts` (Node.js, child processes). Import it as `#platform`.
 */

/** The processes on the device that are not the supervisor: one for each cell, and the one that mounts the card. */
export type Role = "opcua" | "navigation" | "mqtt" | "log" | "console" | "card";

/** How a child ended: exactly one of the two is not null. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A one-directional byte channel, as two file descriptors of this process. */
export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

/** The walls of a cell. Applied once, in this order, in the child; there is no way back. */
export interface Confinement {
  /** Path of a bound network namespace (`/run/netns/inw`), or null: a fresh, empty namespace. */
  readonly netns: string | null;
  /** Bound over /etc/resolv.conf in the cell's own mount namespace; null: nothing is bound. */
  readonly resolvConf: string | null;
  readonly uid: number;
  readonly gid: number;
  /** Landlock: everything else on the file system is out of reach after this. */
  readonly readPaths: readonly string[];
  readonly writePaths: readonly string[];
  /** Name of the seccomp allow-list (`app/runtime/native/seccomp.c`). */
  readonly seccomp: Role;
  /** rlimits; bytes and counts. */
  readonly limits: { readonly addressSpace: number; readonly openFiles: number };
}

/** A non-blocking reader of a file descriptor; owns and closes it. */
export interface FdReader {
  pause(): void;
  resume(): void;
  close(): void;
}

/** A non-blocking writer of a file descriptor; owns and closes it. */
export interface FdWriter {
  /** Writes as much as fits now and keeps nothing. Returns the number of bytes taken; 0 when the pipe is full. */
  write(bytes: Uint8Array): number;
  /** Calls back once, when at least one byte would be taken again. */
  onceWritable(callback: () => void): void;
  close(): void;
}

/** Keys of one direction of an OPC UA secure channel (Part 6 §6.7.6). */
export interface MessageKeyOptions {
  readonly digest: "SHA1" | "SHA256";
  readonly signingKey: Uint8Array;
  /** AES-CBC; null: messages are signed only. */
  readonly cipher: { readonly key: Uint8Array; readonly iv: Uint8Array } | null;
}

/** Unprotects messages in place. */
export interface MessageOpener {
  /** Decrypts a chunk and checks its signature. Returns where its body ends; -1: it is not from the owner of the keys. */
  open(chunk: Uint8Array): number;
}

/** Protects messages in place. */
export interface MessageSealer {
  /** Pads what ends at `end`, writes the size field, signs and encrypts. Returns the length; `bytes` needs room for it. */
  seal(bytes: Uint8Array, end: number): number;
}

/** A hardware watchdog that runs: the device is reset unless something is written to the descriptor in time. */
export interface WatchdogDevice {
  readonly fd: number;
  /** The hardware may only do other times than the one asked for. */
  readonly seconds: number;
  /** Whether it caused the last reset, as far as the hardware knows. */
  readonly causedReset: boolean;
}

/** Packets that a packet filter has refused since it was set up. */
export interface Refusals {
  /** TCP connections to the device: nobody has a reason to try. */
  readonly connections: number;
  /** Everything else that came in, such as broadcasts. */
  readonly others: number;
  /** What wanted to leave for anywhere but the peer, DHCP and name servers. */
  readonly outgoing: number;
}

export interface Platform {
  /** `quickjs` on the device, `node` in development: only `quickjs` can confine and fork. */
  readonly kind: "quickjs" | "node";
  pipe(): Pipe;
  closeFd(fd: number): void;
  /**
   * Starts a cell. On QuickJS: fork; the child drops the supervisor's timers and handlers, closes every descriptor
   * but 0, 1, 2 and those in `keep`, puts `stderrFd` (and stdout) on 2 and 1, then runs `body`. On Node.js: a child
   * process of the same program with `--role`, the descriptors passed through.
   */
  spawn(options: { role: Role; keep: readonly number[]; stderrFd: number; body: () => void }): number;
  onExit(callback: (pid: number, exit: Exit) => void): void;
  kill(pid: number, signal: "SIGTERM" | "SIGKILL"): void;
  /** Applies the walls to this process; throws if any of them can't be put up. On Node.js: does nothing. */
  confine(walls: Confinement): void;
  reader(fd: number, onData: (chunk: Uint8Array) => void, onEnd: (error: Error | null) => void): FdReader;
  writer(fd: number, onError: (error: Error) => void): FdWriter;
  /**
   * Runs a program to its end (argv[0] is an absolute path, no shell, no input, output to stderr) and says how it ended.
   * The supervisor calls it before a cell connects, to open the firewall for the one peer of a side, and the process that
   * mounts the card calls it; behind walls it is out of reach.
   */
  run(argv: readonly string[]): Exit;
  /** Seconds since the kernel started, with fractions (CLOCK_BOOTTIME). */
  uptime(): number;
  /** Frees at once what only refers to itself. On Node.js: does nothing, V8 knows best when. */
  collectGarbage(): void;
  /**
   * Makes a serial line ready: 115200 baud, 8N1 (R136), every byte as it comes, nothing echoed, no key that stops output,
   * and locks it that way. False: the descriptor is no terminal. On Node.js: changes nothing, false.
   */
  terminal(fd: number): boolean;
  /**
   * Sets the system's clock and the hardware clock, which keeps UTC (R148–R152); only the supervisor may. Throws when either
   * can't be set. On Node.js: throws, a developer's clock is left alone.
   */
  setClock(seconds: number): void;
  /**
   * A socket on which the kernel tells of links and addresses of a network namespace (`/run/netns/inw`), see rtnetlink(7).
   * Only the supervisor opens one. On Node.js: null, there is no such namespace.
   */
  netlink(netns: string): number | null;
  /** Counts what the packet filter of a network namespace refuses (K18). On Node.js: null, there is none. */
  refusals(netns: string): (() => Refusals) | null;
  /** Starts the hardware watchdog; only the supervisor may. Null: there is none, as on Node.js. */
  watchdog(seconds: number): WatchdogDevice | null;
  /** Symmetric protection of OPC UA messages: one call per message. */
  messageOpener(keys: MessageKeyOptions): MessageOpener;
  messageSealer(keys: MessageKeyOptions): MessageSealer;
}
