/** The platform on the device: fork, pipes and walls (`native/cell.c`, `confine.c`, `fdio.c`). */
import { closeSync } from "node:fs";
import { native } from "./binding.ts";
import { socketError } from "./node/net/handle.ts";
import { signals } from "./node/os/constants.ts";
import { forgetListeners, processBinding, signalHooks } from "./node/process.ts";
import type {
  Confinement,
  Exit,
  FdReader,
  FdWriter,
  MessageKeyOptions,
  MessageOpener,
  MessageSealer,
  Pipe,
  Platform,
  Refusals,
  Role,
  WatchdogDevice,
} from "./platform-types.ts";

interface CellBinding {
  pipe(): [number, number];
  /** Never returns in the child: `body` runs there on an empty call stack. */
  spawn(keep: readonly number[], stderrFd: number, body: () => void): number;
  /** A child that has ended: pid, exit code or -1, signal or 0. */
  reap(): [number, number, number] | undefined;
  confine(walls: Confinement): void;
  run(argv: readonly string[]): [number, number];
}

interface FdHandle {
  watch(on: boolean): void;
  /** Bytes taken, or a negative errno. */
  write(bytes: Uint8Array): number;
  close(): void;
}

interface FdBinding {
  /** A chunk, null at the end, or a negative errno. */
  reader(fd: number, callback: (value: Buffer | null | number) => void): FdHandle;
  writer(fd: number, callback: () => void): FdHandle;
}

interface DeviceBinding {
  terminal(fd: number): boolean;
  setClock(seconds: number): void;
}

interface NetlinkBinding {
  open(netns: string): number;
}

interface PacketFilterBinding {
  open(netns: string): number;
  counts(fd: number): [connections: number, others: number, outgoing: number];
}

interface WatchdogBinding {
  open(path: string, seconds: number): [fd: number, seconds: number, causedReset: boolean];
}

interface MessageKeysBinding {
  create(
    digest: string,
    signingKey: Uint8Array,
    key: Uint8Array | null,
    iv: Uint8Array | null,
    encrypt: boolean,
  ): object;
  open(handle: object, chunk: Uint8Array): number;
  seal(handle: object, bytes: Uint8Array, end: number): number;
}

const messageKeys = native("message_keys") as MessageKeysBinding;
const cell = native("cell") as CellBinding;
const fdio = native("fdio") as FdBinding;
const device = native("device") as DeviceBinding;
const netlink = native("netlink") as NetlinkBinding;
const packetFilter = native("packet_filter") as PacketFilterBinding;
const watchdogs = native("watchdog") as WatchdogBinding;

const SIGNAL_NAMES = new Map(Object.entries(signals).map(([name, number]) => [number, name]));

function exitOf(code: number, signal: number): Exit {
  if (signal === 0) return { code, signal: null };
  return { code: null, signal: SIGNAL_NAMES.get(signal) ?? `signal ${signal}` };
}

const exitHandlers: ((pid: number, exit: Exit) => void)[] = [];

function reapAll(): void {
  for (let ended = cell.reap(); ended !== undefined; ended = cell.reap()) {
    const [pid, code, signal] = ended;
    for (const handler of [...exitHandlers]) handler(pid, exitOf(code, signal));
  }
}

function pipe(): Pipe {
  const [readFd, writeFd] = cell.pipe();
  return { readFd, writeFd };
}

function spawn(options: { role: Role; keep: readonly number[]; stderrFd: number; body: () => void }): number {
  const { role, keep, stderrFd, body } = options;
  return cell.spawn(keep, stderrFd, () => {
    exitHandlers.length = 0;
    forgetListeners();
    process.title = `gw-${role}`;
    body();
  });
}

function onExit(callback: (pid: number, exit: Exit) => void): void {
  exitHandlers.push(callback);
  const number = signals.SIGCHLD as number;
  if (signalHooks.has(number)) return;
  signalHooks.set(number, reapAll);
  processBinding.watchSignal(number, true);
}

function reader(
  fd: number,
  onData: (chunk: Uint8Array) => void,
  onEnd: (error: Error | null) => void,
): FdReader {
  const handle = fdio.reader(fd, (value) => {
    if (value === null) onEnd(null);
    else if (typeof value === "number") onEnd(socketError(value, "read"));
    else onData(value);
  });
  handle.watch(true);
  return {
    pause: () => handle.watch(false),
    resume: () => handle.watch(true),
    close: () => handle.close(),
  };
}

function writer(fd: number, onError: (error: Error) => void): FdWriter {
  let onWritable: (() => void) | null = null;
  const handle = fdio.writer(fd, () => {
    const callback = onWritable;
    onWritable = null;
    callback?.();
  });
  return {
    write(bytes) {
      const taken = handle.write(bytes);
      if (taken >= 0) return taken;
      // Nobody will ever read these bytes; keeping them would keep the caller waiting.
      onError(socketError(taken, "write"));
      return bytes.length;
    },
    onceWritable(callback) {
      onWritable = callback;
      handle.watch(true);
    },
    close: () => handle.close(),
  };
}

function run(argv: readonly string[]): Exit {
  const [code, signal] = cell.run(argv);
  return exitOf(code, signal);
}

function refusals(netns: string): () => Refusals {
  const fd = packetFilter.open(netns);
  return () => {
    const [connections, others, outgoing] = packetFilter.counts(fd);
    return { connections, others, outgoing };
  };
}

const WATCHDOG_PATH = "/dev/watchdog";

function watchdog(seconds: number): WatchdogDevice | null {
  try {
    const [fd, granted, causedReset] = watchdogs.open(WATCHDOG_PATH, seconds);
    return { fd, seconds: granted, causedReset };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function createKeys({ digest, signingKey, cipher }: MessageKeyOptions, encrypt: boolean): object {
  return messageKeys.create(digest, signingKey, cipher?.key ?? null, cipher?.iv ?? null, encrypt);
}

function messageOpener(keys: MessageKeyOptions): MessageOpener {
  const handle = createKeys(keys, false);
  return { open: (chunk) => messageKeys.open(handle, chunk) };
}

function messageSealer(keys: MessageKeyOptions): MessageSealer {
  const handle = createKeys(keys, true);
  return { seal: (bytes, end) => messageKeys.seal(handle, bytes, end) };
}

export const platform: Platform = {
  kind: "quickjs",
  pipe,
  closeFd: closeSync,
  spawn,
  onExit,
  kill: (pid, signal) => processBinding.kill(pid, signals[signal] as number),
  confine: (walls) => cell.confine(walls),
  reader,
  writer,
  run,
  uptime: () => processBinding.boottime(),
  collectGarbage: () => processBinding.gc(),
  terminal: (fd) => device.terminal(fd),
  setClock: (seconds) => device.setClock(seconds),
  netlink: (netns) => netlink.open(netns),
  refusals,
  watchdog,
  messageOpener,
  messageSealer,
};
