/**
 * net.Socket where it is easy to differ: paused and text reading, half-closed both ways, writes after the end, many
 * addresses, timeouts that come while connecting, callbacks and events in order. Arguments: name=port.
 */
import net, { Socket } from "node:net";
import { show, showCode } from "./show.ts";

const ports = new Map(process.argv.slice(2).map((argument) => argument.split("=") as [string, string]));
const port = (name: string) => Number(ports.get(name));
const host = "127.0.0.1";
const NAMES = [
  "lookup",
  "connect",
  "ready",
  "readable",
  "end",
  "prefinish",
  "finish",
  "timeout",
  "drain",
  "error",
  "close",
];

function detail(value: unknown): string {
  if (!(value instanceof Error)) return typeof value === "boolean" ? ` ${value}` : "";
  const { code, syscall, message } = value as NodeJS.ErrnoException;
  return ` ${code} ${syscall} ${message.replace(/:\d+/g, ":port")}`;
}

function watch(
  socket: Socket,
  without: readonly string[] = ["readable", "drain"],
): { log: string[]; closed: Promise<string[]> } {
  const log: string[] = [];
  for (const name of NAMES) {
    if (!without.includes(name)) socket.on(name, (value: unknown) => log.push(name + detail(value)));
  }
  const closed = new Promise<string[]>(
    (resolve) => void socket.once("close", () => setImmediate(() => resolve(log))),
  );
  return { log, closed };
}
const told = (log: string[], name: string) => (error?: Error | null) => void log.push(name + detail(error));
async function scenario(title: string, work: () => Promise<unknown>): Promise<void> {
  try {
    const result = await work();
    show(title, () => result);
  } catch (error) {
    console.log(title, "threw", (error as { code?: string }).code);
  }
}

type Lookup = NonNullable<net.TcpNetConnectOpts["lookup"]>;
const answering =
  (...addresses: { address: string; family: number }[]): Lookup =>
  (_name, options, callback) => {
    const { all } = options as { all?: boolean };
    if (all) callback(null, addresses as never);
    else callback(null, addresses[0]?.address as string, addresses[0]?.family);
  };

async function reading(): Promise<void> {
  await scenario("paused: read() takes what it wants", async () => {
    const socket = net.createConnection({ port: port("greet"), host });
    const { closed } = watch(socket);
    const parts: string[] = [];
    socket.on("readable", () => {
      for (let part = socket.read(3); part !== null; part = socket.read(3)) parts.push(String(part));
      const rest = socket.read();
      if (rest !== null) parts.push(String(rest));
    });
    await closed;
    return [parts.join(""), socket.bytesRead, socket.readableEnded];
  });
  await scenario("nobody reads: the end does not come", async () => {
    const socket = net.createConnection(port("greet"), host);
    const { log, closed } = watch(socket);
    await new Promise((resolve) => socket.once("connect", resolve));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const before = [...log];
    socket.resume();
    return [before, await closed];
  });
  await scenario("text that is cut in the middle of a character", async () => {
    const socket = net.createConnection(port("echo"), host).setEncoding("utf8");
    const { closed } = watch(socket);
    const bytes = Buffer.from("€uro ü 😀");
    let text = "";
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    for (const byte of bytes) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    socket.end();
    await closed;
    return text;
  });
  await scenario("paused by the first data", async () => {
    const socket = net.createConnection(port("flood"), host);
    const { closed } = watch(socket);
    let size = 0;
    socket.once("data", () => socket.pause());
    socket.on("data", (chunk: Buffer) => {
      size += chunk.length;
    });
    await new Promise((resolve) => socket.once("pause", resolve));
    const paused = socket.isPaused();
    setTimeout(() => socket.resume(), 5);
    return [paused, await closed, size];
  });
}

async function ending(): Promise<void> {
  await scenario("the peer ends, we may still write", async () => {
    const socket = net.createConnection({ port: port("half"), host, allowHalfOpen: true });
    const { log, closed } = watch(socket);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    socket.on("end", () => {
      log.push(`state ${socket.readyState} ${socket.writable}`);
      socket.write("more", told(log, "written"));
      socket.end(told(log, "ended"));
    });
    return [await closed, text];
  });
  await scenario("the peer ends, and so do we", async () => {
    const socket = net.createConnection({ port: port("half"), host });
    const { closed } = watch(socket);
    socket.resume();
    return [await closed, socket.readyState, socket.allowHalfOpen];
  });
  await scenario("end with data and callback, before connected", async () => {
    const socket = new Socket();
    const { log, closed } = watch(socket);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    socket.connect(port("echo"), host, told(log, "connect callback"));
    socket.write("a", told(log, "a"));
    socket.end("b", "latin1", told(log, "ended"));
    log.push(`ended at once ${socket.writableEnded} ${socket.writableFinished} ${socket.pending}`);
    return [await closed, text];
  });
  await scenario("write after end", async () => {
    const socket = net.createConnection(port("echo"), host);
    const { log, closed } = watch(socket);
    socket.resume();
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.end("x");
    log.push(`write ${socket.write("late", told(log, "late"))}`);
    return await closed;
  });
  await scenario("write after destroy", async () => {
    const socket = net.createConnection(port("echo"), host);
    const { log, closed } = watch(socket);
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.destroy();
    log.push(`write ${socket.write("late", told(log, "late"))}`);
    socket.end(told(log, "late end"));
    socket.destroy(new Error("not heard"));
    return await closed;
  });
  await scenario("the peer resets while we write", async () => {
    const socket = net.createConnection(port("reset"), host);
    const { log, closed } = watch(socket, ["drain", "finish", "prefinish", "end"]);
    socket.resume();
    socket.write("x");
    const codes = (await closed).map((line) =>
      line.replace(/EPIPE write write|ECONNRESET (read|write) (read|write)/, "reset"),
    );
    return [codes.map((line) => line.split(" ").slice(0, 2).join(" ")), socket.destroyed, log.length > 0];
  });
  await scenario("a big write is one callback", async () => {
    const socket = net.createConnection(port("echo"), host);
    const { log, closed } = watch(socket);
    let size = 0;
    socket.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size === 2_000_000) socket.end();
    });
    const full = socket.write(Buffer.alloc(2_000_000), told(log, "big"));
    log.push(`full ${full} ${socket.writableNeedDrain} ${socket.bytesWritten}`);
    return [await closed, size, socket.bytesWritten];
  });
  await scenario("writes of every kind", async () => {
    const socket = net.createConnection(port("echo"), host);
    const { log, closed } = watch(socket);
    const got: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => {
      got.push(chunk);
      if (Buffer.concat(got).length === 12) socket.end();
    });
    socket.write("é");
    socket.write("é", "latin1");
    socket.write("6162", "hex");
    socket.write(new Uint8Array([1, 2]));
    socket.write("");
    socket.write(Buffer.alloc(0), told(log, "nothing"));
    socket.write("€\ud800".slice(0, 1));
    socket.write("zz", told(log, "last"));
    return [await closed, Buffer.concat(got), socket.bytesWritten];
  });
  showCode("write a number", () => new Socket().write(5 as never));
  showCode("write null", () => new Socket().write(null as never));
}

async function connecting(): Promise<void> {
  await scenario("the first address is dead, the second answers", async () => {
    const lookup = answering({ address: "127.0.0.9", family: 4 }, { address: host, family: 4 });
    const socket = net.createConnection({ port: port("greet"), host: "two.example", lookup });
    const { closed } = watch(socket);
    socket.resume();
    return [await closed, socket.bytesRead];
  });
  await scenario("no address answers", async () => {
    const lookup = answering({ address: "127.0.0.8", family: 4 }, { address: "127.0.0.9", family: 4 });
    const socket = net.createConnection({ port: port("refused"), host: "two.example", lookup });
    const { closed } = watch(socket);
    socket.on("error", (error: AggregateError) => console.log("errors", error.name, error.errors?.length));
    return await closed;
  });
  await scenario("a lookup that fails", async () => {
    const failing: Lookup = (_name, _options, callback) =>
      callback(
        Object.assign(new Error("no names here"), { code: "ENOTFOUND", syscall: "getaddrinfo" }),
        "",
        0,
      );
    const socket = net.createConnection({ port: 1, host: "nowhere.example", lookup: failing });
    return await watch(socket).closed;
  });
  await scenario("a lookup that lies", async () => {
    const socket = net.createConnection({
      port: 1,
      host: "lies.example",
      lookup: answering({ address: "text", family: 4 }),
    });
    return await watch(socket).closed;
  });
  await scenario("destroyed while the name is looked up", async () => {
    const answered = new Promise<void>((resolve) => {
      const later: Lookup = (_name, _options, callback) => {
        setImmediate(() => {
          socket.destroy();
          callback(null, [{ address: host, family: 4 }] as never);
          resolve();
        });
      };
      const socket = net.createConnection({ port: port("greet"), host: "late.example", lookup: later });
      watch(socket).closed.then((log) => console.log("closed", log.join(), socket.connecting));
    });
    await answered;
    await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await scenario("a timeout while connecting", async () => {
    const never: Lookup = () => undefined;
    const socket = net.createConnection({
      port: port("greet"),
      host: "never.example",
      lookup: never,
      timeout: 20,
    });
    const { closed } = watch(socket);
    socket.on("timeout", () => socket.destroy(new Error("too slow")));
    // The socket's own timer holds nothing.
    const held = setTimeout(() => undefined, 60_000);
    const log = await closed;
    clearTimeout(held);
    return log;
  });
  await scenario("timeouts set and taken back", async () => {
    const socket = net.createConnection(port("echo"), host);
    const { log, closed } = watch(socket);
    const never = () => log.push("never");
    socket.setTimeout(20, never);
    socket.setTimeout(0, never);
    log.push(`${socket.timeout} ${socket.listenerCount("timeout")}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
    socket.setTimeout(10);
    socket.once("timeout", () => socket.end());
    socket.resume();
    return await closed;
  });
  for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, "5", null]) {
    showCode(`timeout ${String(bad)}`, () => typeof new Socket().setTimeout(bad as never));
  }
  showCode("timeout callback", () => typeof new Socket().setTimeout(5, "text" as never));
  for (const bad of [-1, 65536, 1.5, "x", "", "80.5", null, undefined, {}, true]) {
    showCode(`port ${String(bad)}`, () => void net.createConnection({ port: bad as never, host }).destroy());
  }
  const refused = (options: object) =>
    void net.createConnection({ port: 1, host: "x.invalid", ...options }).destroy();
  showCode("lookup", () => refused({ lookup: "text" }));
  showCode("hints", () => refused({ hints: 3 }));
  showCode("signal", () => new Socket({ signal: {} as never }));
  await scenario("a signal", async () => {
    const controller = new AbortController();
    const socket = new Socket({ signal: controller.signal });
    const { closed } = watch(socket);
    socket.connect(port("echo"), host, () => controller.abort());
    return (await closed).map((line) => line.replace(" undefined", ""));
  });
  await scenario("connected twice", async () => {
    const socket = net.createConnection(port("echo"), host);
    const { closed, log } = watch(socket);
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.end("x").resume();
    await closed;
    const again = watch(socket);
    socket.connect({ port: port("greet"), host });
    socket.resume();
    return [log.length, (await again.closed).slice(-2), socket.bytesRead, socket.bytesWritten];
  });
  show("a fresh one", () => {
    const socket = new Socket();
    const state = [
      socket.readyState,
      socket.pending,
      socket.connecting,
      socket.destroyed,
      socket.timeout,
      socket.bytesRead,
    ];
    const names = [
      socket.remoteAddress,
      socket.remotePort,
      socket.localAddress,
      JSON.stringify(socket.address()),
    ];
    return [
      ...state,
      socket.bytesWritten,
      ...names,
      socket.writableHighWaterMark,
      socket.readableHighWaterMark,
    ];
  });
}

async function main(): Promise<void> {
  await reading();
  await ending();
  await connecting();
}
process.on("uncaughtException", (error) =>
  console.log("uncaught", (error as { code?: string }).code, error.message),
);
main();
