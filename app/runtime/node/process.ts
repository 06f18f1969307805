/** node:process: the global `process`, an EventEmitter over `native/process.c`. */
import { native } from "../binding.ts";
import { EventEmitter } from "./events/emitter.ts";
import { invalidArgType, nodeError } from "./node-error.ts";
import { signals } from "./os/constants.ts";
import { nextTick, setHooks } from "./timers.ts";
import type { WriteStream } from "./tty.ts";
import { inspect } from "./util/inspect.ts";

interface ProcessBinding {
  exit(code: number): never;
  arguments(): string[];
  environment(): Record<string, string>;
  hrtime(): [number, number];
  monotonic(): number;
  boottime(): number;
  memoryUsage(): NodeJS.MemoryUsage;
  cpuUsage(): NodeJS.CpuUsage;
  pid(): number;
  ppid(): number;
  getuid(): number;
  geteuid(): number;
  getgid(): number;
  getegid(): number;
  cwd(): string;
  chdir(path: string): void;
  umask(mask?: number): number;
  setTitle(title: string): void;
  print(fd: number, text: string): void;
  gc(): void;
  watchSignal(number: number, watch: boolean): void;
  kill(pid: number, number: number): void;
}

const binding = native("process") as ProcessBinding;
const uname = (native("os") as { uname(): string[] }).uname();
const startedAt = binding.monotonic();

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: "x64",
  i686: "ia32",
  i586: "ia32",
  i486: "ia32",
};
const SIGNAL_NAMES = new Map(Object.entries(signals).map(([name, number]) => [number, name]));

/** The Node.js release whose documented behaviour this runtime follows. */
const NODE_VERSION = "20.20.0";

const environment = binding.environment();
const programArguments = binding.arguments();
let title = "gateway";

/** Makes process.stdout and process.stderr; set once streams are loaded, which need `process` themselves. */
let openStandardStream: (fd: number) => WriteStream;
export function setStandardStreams(open: (fd: number) => WriteStream): void {
  openStandardStream = open;
}

class Process extends EventEmitter {
  readonly argv = ["gateway-runtime", ...programArguments];
  readonly argv0 = "gateway-runtime";
  readonly execArgv: string[] = [];
  readonly execPath = "/usr/bin/gateway-runtime";
  /** Strings only, as in Node.js. */
  readonly env = new Proxy(environment, {
    set(target, key, value: unknown) {
      if (typeof key === "symbol") throw new TypeError("Cannot convert a Symbol value to a string");
      target[key] = `${value}`;
      return true;
    },
  });
  readonly version = `v${NODE_VERSION}`;
  readonly versions = { node: NODE_VERSION, quickjs: "2025-04-26", modules: "115" };
  readonly release = { name: "node" };
  readonly platform = "linux";
  readonly arch = ARCHITECTURES[uname[4] ?? ""] ?? "ia32";
  readonly features = {};
  readonly config = { target_defaults: {}, variables: {} };
  exitCode: number | string | undefined = undefined;
  _exiting = false;
  #stdout: WriteStream | undefined;
  #stderr: WriteStream | undefined;

  get title(): string {
    return title;
  }
  set title(text: string) {
    title = String(text);
    binding.setTitle(title);
  }
  get pid(): number {
    return binding.pid();
  }
  get ppid(): number {
    return binding.ppid();
  }
  get stdout(): WriteStream {
    this.#stdout ??= openStandardStream(1);
    return this.#stdout;
  }
  get stderr(): WriteStream {
    this.#stderr ??= openStandardStream(2);
    return this.#stderr;
  }
  /** Nothing on the device reads standard input; the console cell uses a descriptor of its own. */
  get stdin(): undefined {
    return undefined;
  }

  readonly nextTick = nextTick;
  readonly cwd = () => binding.cwd();
  readonly chdir = (path: string) => binding.chdir(path);
  readonly umask = (mask?: number | string) =>
    binding.umask(typeof mask === "string" ? Number.parseInt(mask, 8) : mask);
  readonly uptime = () => binding.monotonic() - startedAt;
  readonly getuid = () => binding.getuid();
  readonly geteuid = () => binding.geteuid();
  readonly getgid = () => binding.getgid();
  readonly getegid = () => binding.getegid();
  readonly memoryUsage = Object.assign(() => binding.memoryUsage(), { rss: () => binding.memoryUsage().rss });

  readonly hrtime = Object.assign(
    (previous?: [number, number]): [number, number] => {
      const [seconds, nanoseconds] = binding.hrtime();
      if (previous === undefined) return [seconds, nanoseconds];
      if (!Array.isArray(previous)) throw invalidArgType("time", "Array", previous);
      const borrow = nanoseconds < previous[1] ? 1 : 0;
      return [seconds - previous[0] - borrow, nanoseconds - previous[1] + borrow * 1e9];
    },
    {
      bigint: (): bigint => {
        const [seconds, nanoseconds] = binding.hrtime();
        return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
      },
    },
  );

  readonly cpuUsage = (previous?: NodeJS.CpuUsage): NodeJS.CpuUsage => {
    const now = binding.cpuUsage();
    return previous ? { user: now.user - previous.user, system: now.system - previous.system } : now;
  };

  readonly exit = (code?: number | string | null): never => {
    if (code !== undefined && code !== null) this.exitCode = code;
    return binding.exit(Number(this.exitCode ?? 0));
  };
  readonly reallyExit = (code = 0): never => binding.exit(code);
  readonly abort = (): void => binding.kill(binding.pid(), signals.SIGABRT ?? 6);

  readonly kill = (pid: number, signal: string | number = "SIGTERM"): true => {
    if (typeof pid !== "number") throw invalidArgType("pid", "number", pid);
    const number = typeof signal === "number" ? signal : signals[signal];
    if (number === undefined) throw nodeError(TypeError, "ERR_UNKNOWN_SIGNAL", `Unknown signal: ${signal}`);
    try {
      binding.kill(pid, number);
    } catch (error) {
      const code = (error as { code?: string }).code ?? "";
      throw Object.assign(error as Error, { message: `kill ${code}` });
    }
    return true;
  };

  /** A warning goes to the listeners of 'warning' and to stderr. */
  readonly emitWarning = (
    warning: string | Error,
    typeOrOptions?: string | { type?: string; code?: string; detail?: string },
    code?: string,
  ): void => {
    const options: { type?: string | undefined; code?: string | undefined; detail?: string } =
      typeof typeOrOptions === "object" ? typeOrOptions : { type: typeOrOptions, code };
    let error: Error & { code?: string; detail?: string };
    if (warning instanceof Error) {
      error = warning;
    } else {
      if (typeof warning !== "string") throw invalidArgType("warning", ["string", "Error"], warning);
      error = new Error(warning);
      error.name = String(options.type || "Warning");
      if (options.code !== undefined) error.code = options.code;
      if (options.detail !== undefined) error.detail = options.detail;
    }
    if (error.name === "DeprecationWarning" && environment.NODE_NO_DEPRECATION === "1") return;
    nextTick(() => {
      this.emit("warning", error);
      const mark = error.code ? `[${error.code}] ` : "";
      binding.print(2, `(node:${this.pid}) ${mark}${error.name}: ${error.message}\n`);
    });
  };
}

const process = new Process();

/** Signals are watched while somebody listens for them; without a listener they do what the system does. */
function isSignal(name: string | symbol): name is string {
  return typeof name === "string" && signals[name] !== undefined && name !== "SIGKILL" && name !== "SIGSTOP";
}
process.on("newListener", (name) => {
  const event = name as string;
  if (isSignal(event)) binding.watchSignal(signals[event] as number, true);
});
process.on("removeListener", (name) => {
  const event = name as string;
  if (isSignal(event) && process.listenerCount(event) === 0)
    binding.watchSignal(signals[event] as number, false);
});

function die(error: unknown, origin: string): never {
  process.emit("uncaughtExceptionMonitor", error, origin);
  binding.print(2, `Uncaught:\n${inspect(error)}\n`);
  return binding.exit(1);
}

function uncaught(error: unknown, origin: string): boolean {
  if (process.listenerCount("uncaughtException") === 0) return die(error, origin);
  process.emit("uncaughtExceptionMonitor", error, origin);
  process.emit("uncaughtException", error, origin);
  return true;
}

function rejectedWith(reason: unknown): unknown {
  if (reason instanceof Error) return reason;
  return nodeError(
    Error,
    "ERR_UNHANDLED_REJECTION",
    "This error originated either by throwing inside of an async function without a catch block, or by rejecting a " +
      `promise which was not handled with .catch(). The promise rejected with the reason "${inspect(reason)}".`,
  );
}

/** Signals that a forked cell's parent is told of (platform.ts). */
export const signalHooks = new Map<number, () => void>();

setHooks({
  uncaught: (error) => uncaught(error, "uncaughtException"),
  rejection(reason, promise) {
    if (process.emit("unhandledRejection", reason, promise)) return true;
    return uncaught(rejectedWith(reason), "unhandledRejection");
  },
  beforeExit: () => void process.emit("beforeExit", Number(process.exitCode ?? 0)),
  exit(code) {
    if (!process._exiting) {
      process._exiting = true;
      process.exitCode ??= code;
      process.emit("exit", Number(process.exitCode));
    }
    return code === 0 || process.exitCode !== undefined ? Number(process.exitCode ?? code) : code;
  },
  exitCode: () => Number(process.exitCode ?? 0),
  signal(number) {
    signalHooks.get(number)?.();
    const name = SIGNAL_NAMES.get(number);
    if (name !== undefined) process.emit(name, name, number);
  },
});

/** The same process object in a forked cell: without the supervisor's listeners. */
export function forgetListeners(): void {
  signalHooks.clear();
  for (const name of process.eventNames()) {
    if (name !== "newListener" && name !== "removeListener") process.removeAllListeners(name);
  }
  process.exitCode = undefined;
}

export { nextTick, process, process as default, uname };
export const {
  argv,
  env,
  exit,
  hrtime,
  cwd,
  kill,
  memoryUsage,
  cpuUsage,
  emitWarning,
  platform,
  arch,
  version,
  versions,
} = process;
export { binding as processBinding };
