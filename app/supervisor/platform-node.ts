import { type ChildProcess, execFileSync, spawn as spawnChild, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WriteStream as TtyWriteStream } from "node:tty";
import type {
  Confinement,
  Exit,
  FdReader,
  FdWriter,
  Pipe,
  Platform,
  Role,
} from "../runtime/platform-types.ts";
import { messageOpener, messageSealer } from "./message-keys-node.ts";

/**
 * The platform on Node.js, for development: cells are child processes of the same program, pipes are named pipes that
 * lose their name at once, and there are no walls.
 */
const children = new Map<number, ChildProcess>();
const exitHandlers: ((pid: number, exit: Exit) => void)[] = [];

/** Node.js has no pipe(2): a FIFO in a private folder, opened at both ends and unlinked, is the same thing. */
function pipe(): Pipe {
  const folder = mkdtempSync(join(tmpdir(), "gateway-"));
  try {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", ["-m", "600", path]);
    const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeFd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    return { readFd, writeFd };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function spawn(options: { role: Role; keep: readonly number[]; stderrFd: number; body: () => void }): number {
  // The child finds the kept descriptors from 3 upwards, in the same order; `--keep` tells it how many there are.
  const kept = options.keep.map((_, index) => index + 3);
  const child = spawnChild(
    process.execPath,
    [
      ...process.execArgv,
      ...process.argv.slice(1),
      "--role",
      options.role,
      "--keep",
      kept.length > 0 ? kept.join(",") : "-",
    ],
    { stdio: ["ignore", options.stderrFd, options.stderrFd, ...options.keep] },
  );
  const pid = child.pid;
  if (pid === undefined) throw new Error(`the ${options.role} cell could not be started`);
  children.set(pid, child);
  child.on("error", (error) => process.stderr.write(`${options.role}: ${error.message}\n`));
  child.on("exit", (code, signal) => {
    children.delete(pid);
    for (const handler of exitHandlers) handler(pid, { code, signal });
  });
  return pid;
}

function reader(
  fd: number,
  onData: (chunk: Uint8Array) => void,
  onEnd: (error: Error | null) => void,
): FdReader {
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.on("data", onData);
  socket.on("end", () => onEnd(null));
  socket.on("error", onEnd);
  return {
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  };
}

/** Files take everything at once and need no event loop. */
function fileWriter(fd: number, onError: (error: Error) => void): FdWriter {
  return {
    write(bytes) {
      try {
        return writeSync(fd, bytes);
      } catch (error) {
        onError(error as Error);
        return bytes.length;
      }
    },
    onceWritable: (callback) => void setImmediate(callback),
    close: () => closeSync(fd),
  };
}

function writer(fd: number, onError: (error: Error) => void): FdWriter {
  const kind = fstatSync(fd);
  if (kind.isFile()) return fileWriter(fd, onError);
  const stream = kind.isCharacterDevice()
    ? new TtyWriteStream(fd)
    : new Socket({ fd, readable: false, writable: true });
  stream.on("error", onError);
  return {
    // Node.js offers no partial write on a stream: it takes a chunk whole when it holds none, and nothing otherwise.
    write(bytes) {
      if (stream.writableLength > 0) return 0;
      stream.write(Buffer.from(bytes));
      return bytes.length;
    },
    onceWritable(callback) {
      if (stream.writableLength > 0) stream.write("", () => callback());
      else setImmediate(callback);
    },
    close: () => void stream.destroy(),
  };
}

function run(argv: readonly string[]): Exit {
  const [program, ...rest] = argv;
  if (program === undefined) throw new Error("run: no program given");
  const result = spawnSync(program, rest, { stdio: ["ignore", 2, 2] });
  if (result.error) throw result.error;
  return { code: result.status, signal: result.signal };
}

export const platform: Platform = {
  kind: "node",
  pipe,
  closeFd: closeSync,
  spawn,
  onExit: (callback) => void exitHandlers.push(callback),
  kill: (pid, signal) => void children.get(pid)?.kill(signal),
  confine: (_walls: Confinement) => undefined,
  reader,
  writer,
  run,
  messageOpener,
  messageSealer,
  terminal: () => false,
  setClock() {
    throw new Error("only the device's own clock is set");
  },
  netlink: () => null,
  refusals: () => null,
  watchdog: () => null,
  collectGarbage: () => undefined,
  uptime: () => Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]),
};
