/** process, and the globals that Node.js has and the language has not. */
import proc, { argv, nextTick } from "node:process";
import { show, showCode } from "./show.ts";

const wrong = (value: unknown) => value as never;
show("same object", () => [proc === process, nextTick === process.nextTick, argv === process.argv]);
show("argv", () => [process.argv.length, process.argv.slice(2)]);
show("names", () => [
  process.platform,
  process.version.split(".")[0],
  typeof process.versions.node,
  process.release.name,
  "node" in process.versions,
]);
show("ids", () => [
  process.pid > 0,
  process.ppid > 0,
  process.getuid?.(),
  process.geteuid?.(),
  process.getgid?.(),
  process.getegid?.(),
]);
show("env", () => {
  process.env.GW_CASE = wrong(5);
  const set = process.env.GW_CASE;
  delete process.env.GW_CASE;
  return [
    set,
    "GW_CASE" in process.env,
    process.env.PATH !== undefined,
    process.env.GW_UNSET,
    Object.keys(process.env).includes("PATH"),
  ];
});
show("cwd", () => process.cwd());
show("umask", () => [process.umask(0o27), process.umask(), process.umask("022")]);
show("hrtime", () => {
  const [seconds, nanoseconds] = process.hrtime();
  const difference = process.hrtime([seconds, nanoseconds]);
  return [difference[0], difference[1] < 1e9, typeof process.hrtime.bigint(), process.hrtime.bigint() > 0n];
});
showCode("hrtime bad", () => process.hrtime(wrong("x")));
show("uptime", () => [process.uptime() > 0, process.uptime() < 100]);
show("memory", () => {
  const usage = process.memoryUsage();
  return [
    usage.rss > 0,
    usage.heapUsed > 0,
    usage.heapTotal >= usage.heapUsed,
    process.memoryUsage.rss() > 0,
    Object.keys(usage),
  ];
});
show("cpu", () => [process.cpuUsage().user >= 0, process.cpuUsage(process.cpuUsage()).user >= 0]);
show("kill 0", () => process.kill(process.pid, 0));
showCode("kill nobody", () => process.kill(2 ** 22 + 7, 0));
showCode("kill unknown signal", () => process.kill(process.pid, "SIGNONE"));
showCode("kill bad pid", () => process.kill(wrong("1x"), 0));
showCode("chdir nowhere", () => process.chdir("/nowhere"));
show("streams", () => [
  process.stdout.fd,
  process.stderr.fd,
  process.stdout.isTTY ?? false,
  process.stdout.writable,
]);
process.stdout.write("written\n");
process.stdout.write(Buffer.from("bytes\n"));
show("features", () => [
  typeof process.exit,
  typeof process.emitWarning,
  process.exitCode,
  process.argv0.length > 0,
]);
show("listeners", () => [
  process.listenerCount("exit"),
  typeof process.on,
  process.eventNames().includes("exit"),
]);

show("globals", () => [
  typeof globalThis.global,
  global === globalThis,
  typeof structuredClone,
  typeof TextEncoder,
  typeof queueMicrotask,
  typeof performance.now(),
  Object.keys(globalThis).includes("process"),
]);
show("random values", () => {
  const bytes = new Uint8Array(16);
  return [
    crypto.getRandomValues(bytes) === bytes,
    bytes.some((byte) => byte > 0),
    crypto.randomUUID().length,
  ];
});
show("DOMException", () => {
  const error = new DOMException("message", "TimeoutError");
  const plain = new DOMException();
  return [
    error.name,
    error.message,
    error.code,
    plain.name,
    plain.message,
    plain.code,
    error instanceof Error,
  ];
});
show("abort", () => {
  const controller = new AbortController();
  const heard: string[] = [];
  controller.signal.addEventListener("abort", (event) => heard.push(event.type));
  controller.signal.onabort = () => heard.push("onabort");
  controller.abort();
  controller.abort("again");
  const { name, message } = controller.signal.reason as Error;
  return [heard, controller.signal.aborted, name, message];
});
show("abort reason", () => {
  const signal = AbortSignal.abort(new Error("mine"));
  return signal.throwIfAborted();
});
show("any", () => AbortSignal.any([AbortSignal.abort("x"), new AbortController().signal]).reason);
showCode("new AbortSignal", () => new (AbortSignal as unknown as new () => object)());
show("event target", () => {
  const target = new EventTarget();
  const heard: unknown[] = [];
  const handler = { handleEvent: (event: Event) => heard.push(event.type) };
  target.addEventListener("a", handler);
  target.addEventListener("a", handler);
  target.addEventListener("a", (event) => heard.push(event.target === target), { once: true });
  const cancelled = new Event("a", { cancelable: true });
  target.addEventListener("a", (event) => event.preventDefault());
  const first = target.dispatchEvent(cancelled);
  target.removeEventListener("a", handler);
  return [first, target.dispatchEvent(new Event("a")), heard, cancelled.defaultPrevented];
});
show("clone", () => {
  const source = {
    a: [1, new Date(5)],
    m: new Map([["k", new Set([1])]]),
    b: new Uint8Array([1, 2]),
    r: /x/gi,
    self: null as unknown,
  };
  source.self = source;
  const copy = structuredClone(source);
  return [
    copy !== source,
    copy.self === copy,
    copy.a[1] instanceof Date,
    copy.m.get("k")?.has(1),
    copy.b,
    String(copy.r),
  ];
});
show("clone function", () => {
  try {
    return structuredClone(() => 1);
  } catch (error) {
    return (error as Error).name;
  }
});
show("stack", () => {
  const target: { stack?: string } = {};
  Error.captureStackTrace(target);
  return [
    typeof target.stack,
    Object.keys(target),
    typeof new Error("x").stack,
    new Error("x").stack?.includes("at "),
  ];
});

process.on("warning", (warning) =>
  console.log("warning:", warning.name, (warning as { code?: string }).code, warning.message),
);
process.emitWarning("careful");
process.emitWarning("old", "DeprecationWarning", "DEP1");
process.emitWarning(new RangeError("as an error"));
process.on("unhandledRejection", (reason, promise) =>
  console.log("unhandled:", (reason as Error).message, promise instanceof Promise),
);
Promise.reject(new Error("nobody listens"));
const caughtLater = Promise.reject(new Error("caught in time"));
caughtLater.catch((error: Error) => console.log("caught:", error.message));
process.on("uncaughtException", (error, origin) => console.log("uncaught:", error.message, origin));
setTimeout(() => {
  throw new Error("from a timer");
}, 5);
setTimeout(() => {
  process.nextTick(() => {
    throw new Error("from a tick");
  });
  process.nextTick(() => console.log("next tick still runs"));
}, 10);
let rounds = 0;
process.on("beforeExit", (code) => {
  console.log("beforeExit", code, rounds);
  if (rounds++ < 1) setTimeout(() => console.log("revived"), 1);
});
process.on("exit", (code) => {
  console.log("exit", code);
  setTimeout(() => console.log("never"), 0);
});
// Waiting for a signal keeps no process alive; the timer does.
const waiting = setTimeout(() => console.log("never: the signal did not come"), 60_000);
process.once("SIGUSR2", (name: string, number: number) => {
  console.log("signal", name, number);
  clearTimeout(waiting);
});
setTimeout(() => process.kill(process.pid, "SIGUSR2"), 20);
