/**
 * net.Socket against the peers of net-peers.ts. Arguments: name=port. Each scenario prints the order of events; data is
 * summed up, because how it is cut into chunks is nobody's promise.
 */
import dns from "node:dns";
import net, { Socket } from "node:net";
import { promisify } from "node:util";
import { show, showCode } from "./show.ts";

const ports = new Map(process.argv.slice(2).map((argument) => argument.split("=") as [string, string]));
const port = (name: string) => Number(ports.get(name));
const host = "127.0.0.1";

const NAMES = ["lookup", "connect", "ready", "end", "finish", "timeout", "drain", "error", "close"];

/** Notes events until 'close'. */
function watch(socket: Socket, options: { ignore?: readonly string[] } = {}): Promise<string[]> {
  const log: string[] = [];
  for (const name of NAMES) {
    if (options.ignore?.includes(name)) continue;
    socket.on(name, (value: unknown) => {
      if (value instanceof Error) {
        const { code, syscall, message } = value as NodeJS.ErrnoException;
        log.push(`${name} ${code} ${syscall} ${message.replace(/:\d+$/, ":port")}`);
      } else {
        log.push(typeof value === "boolean" ? `${name} ${value}` : name);
      }
    });
  }
  return new Promise((resolve) => void socket.once("close", () => setImmediate(() => resolve(log))));
}

async function scenario(title: string, work: () => Promise<unknown>): Promise<void> {
  const result = await work();
  show(title, () => result);
}

show("isIP", () =>
  ["1.2.3.4", "01.2.3.4", "1.2.3", "::1", "fe80::1%eth0", "::ffff:1.2.3.4", "x", "", "1.2.3.4 "].map(
    net.isIP,
  ),
);
show("isIP of others", () => [net.isIP(5 as never), net.isIPv4("::1"), net.isIPv6("::1")]);
showCode("no port", () => net.connect({} as never));
showCode("bad port", () => net.connect(70000, host));
showCode("bad host", () => net.connect({ port: 1, host: 5 as never }));

async function main(): Promise<void> {
  await scenario("echo", async () => {
    const socket = net.connect({ port: port("echo"), host });
    const seen: unknown[] = [socket.connecting, socket.pending, socket.readyState];
    const done = watch(socket);
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length === 11) socket.end();
    });
    socket.on("connect", () => {
      seen.push(socket.connecting, socket.pending, socket.readyState);
      seen.push(socket.remoteAddress === host, socket.remotePort === port("echo"), socket.remoteFamily ?? "");
      seen.push(
        socket.localAddress ?? "",
        typeof socket.localPort,
        JSON.stringify(Object.keys(socket.address())),
      );
    });
    socket.write("hello ");
    socket.write(Buffer.from("wörld"), () => seen.push("written"));
    const log = await done;
    return [seen, text, log, socket.bytesRead, socket.bytesWritten, socket.destroyed, socket.readyState];
  });

  await scenario("connect by name", async () => {
    const socket = new Socket();
    const done = watch(socket, { ignore: ["lookup"] });
    socket.connect(port("echo"), "localhost", () => socket.end());
    return await done;
  });

  await scenario("refused", async () => {
    const socket = net.connect(port("refused"), host);
    return await watch(socket);
  });

  await scenario("refused error object", async () => {
    const error = await new Promise<NodeJS.ErrnoException & { address: string; port: number }>((resolve) => {
      net.connect(port("refused"), host).on("error", resolve as never);
    });
    return [
      error.code,
      error.errno,
      error.syscall,
      error.address,
      error.port === port("refused"),
      error.name,
      Object.keys(error),
    ];
  });

  await scenario("unknown host", async () => {
    const socket = net.connect({ port: 1, host: "no-such-host.invalid" });
    const codes: unknown[] = [];
    socket.on("error", (error: NodeJS.ErrnoException & { hostname?: string }) =>
      codes.push(["ENOTFOUND", "EAI_AGAIN"].includes(error.code ?? ""), error.syscall, error.hostname),
    );
    const log = await watch(socket);
    return [codes, log.map((line) => line.replace(/EAI_AGAIN|ENOTFOUND/g, "CODE"))];
  });

  await scenario("own lookup", async () => {
    const asked: unknown[] = [];
    const socket = net.connect({
      port: port("echo"),
      host: "made-up.name",
      lookup: (name, options, callback) => {
        asked.push(name, typeof options);
        callback(null, host, 4);
      },
      autoSelectFamily: false,
    } as net.TcpNetConnectOpts);
    socket.on("connect", () => socket.end());
    return [await watch(socket), asked];
  });

  await scenario("reset by peer", async () => {
    const socket = net.connect(port("reset"), host);
    socket.on("connect", () => socket.write("reset me"));
    return await watch(socket);
  });

  await scenario("peer ends first", async () => {
    const socket = net.connect(port("greet"), host);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    return [await watch(socket), text];
  });

  await scenario("half open", async () => {
    const socket = new Socket({ allowHalfOpen: true });
    const done = watch(socket);
    socket.connect(port("half"), host);
    socket.resume();
    socket.on("end", () => setTimeout(() => socket.end("still here"), 20));
    return await done;
  });

  await scenario("write after end", async () => {
    const socket = net.connect(port("echo"), host);
    const done = watch(socket);
    socket.resume();
    socket.on("connect", () => {
      socket.end("x");
      socket.write("y", (error) => console.log("callback", (error as NodeJS.ErrnoException | null)?.code));
    });
    return (await done).filter((line) => line !== "end");
  });

  await scenario("large writes", async () => {
    const size = 3_000_000;
    const block = Buffer.alloc(100_000);
    for (let at = 0; at < block.length; at++) block[at] = at % 251;
    const socket = net.connect(port("echo"), host);
    const done = watch(socket, { ignore: ["drain"] });
    let [sent, received, sum] = [0, 0, 0];
    const send = () => {
      while (sent < size) {
        sent += block.length;
        if (!socket.write(block)) {
          socket.once("drain", send);
          return;
        }
      }
      socket.end();
    };
    socket.on("connect", send);
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      for (const byte of chunk) sum += byte;
    });
    return [await done, sent, received, sum, socket.bytesWritten, socket.bytesRead];
  });

  await scenario("corked writes", async () => {
    const socket = net.connect(port("echo"), host);
    const done = watch(socket);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.cork();
    for (let at = 0; at < 100; at++) socket.write(`${at},`);
    process.nextTick(() => {
      socket.uncork();
      socket.end();
    });
    return [await done, text.length, text.slice(-6)];
  });

  await scenario("slow reader", async () => {
    const socket = net.connect(port("flood"), host);
    const done = watch(socket);
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
    return [await done, received];
  });

  await scenario("idle timeout", async () => {
    const socket = net.connect(port("echo"), host);
    const done = watch(socket);
    socket.on("connect", () => {
      socket.setTimeout(40, () => {
        console.log("idle", socket.timeout);
        socket.destroy();
      });
    });
    return await done;
  });

  await scenario("timeout put off by data", async () => {
    const socket = net.connect(port("echo"), host);
    const done = watch(socket);
    let echoes = 0;
    socket.setTimeout(200);
    socket.on("data", () => {
      echoes++;
      if (echoes < 6) setTimeout(() => socket.write("x"), 60);
      else socket.setTimeout(0).end();
    });
    socket.on("connect", () => socket.write("x"));
    return [await done, echoes];
  });

  await scenario("destroy while connecting", async () => {
    const socket = net.connect(port("echo"), host);
    const done = watch(socket);
    socket.write("never sent", (error) =>
      console.log("callback", (error as NodeJS.ErrnoException | null)?.code),
    );
    socket.destroy();
    return [await done, socket.connecting, socket.destroyed];
  });

  await scenario("destroy with an error", async () => {
    const socket = net.connect(port("echo"), host);
    const done = watch(socket);
    socket.on("connect", () => socket.destroy(new Error("enough")));
    return await done;
  });

  await scenario("destroySoon and reset", async () => {
    const soon = net.connect(port("echo"), host);
    const first = watch(soon);
    soon.on("connect", () => {
      soon.write("z");
      soon.destroySoon();
    });
    const reset = net.connect(port("echo"), host);
    const second = watch(reset);
    reset.on("connect", () => void reset.resetAndDestroy());
    return [await first, await second];
  });

  await scenario("used again", async () => {
    const socket = new Socket();
    socket.connect(port("refused"), host);
    const first = await watch(socket);
    socket.removeAllListeners();
    const done = watch(socket);
    socket.connect(port("greet"), host);
    socket.resume();
    return [first, await done];
  });

  await scenario("options", async () => {
    const socket = net.connect({
      port: port("echo"),
      host,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 5000,
    });
    const done = watch(socket);
    const chain = [
      socket.setNoDelay() === socket,
      socket.setKeepAlive(true, 1000) === socket,
      socket.unref() === socket,
      socket.ref() === socket,
      socket.setTimeout(0) === socket,
    ];
    socket.on("connect", () => socket.end());
    socket.resume();
    return [await done, chain];
  });

  await scenario("pipe through", async () => {
    const socket = net.connect(port("greet"), host);
    const chunks: string[] = [];
    for await (const chunk of socket) chunks.push(String(chunk));
    return chunks.join("");
  });

  const lookup = promisify(dns.lookup);
  show("lookup of an address", () => undefined);
  console.log(await lookup("127.0.0.1"), await lookup("::1"), await lookup("127.0.0.1", { all: true }));
  console.log(await lookup("localhost", { family: 4 }), await dns.promises.lookup("localhost", 4));
  await lookup("no-such-host.invalid").catch((error: NodeJS.ErrnoException & { hostname: string }) =>
    console.log(["ENOTFOUND", "EAI_AGAIN"].includes(error.code ?? ""), error.syscall, error.hostname),
  );
  showCode("lookup without callback", () => dns.lookup("x", undefined as never));
  showCode("lookup of a number", () => dns.lookup(5 as never, () => undefined));
  dns.lookup("", (error, address, family) => console.log("empty", error, address, family));
  const names = await promisify(dns.lookupService)(host, 22);
  console.log(typeof names, JSON.stringify(names).includes("ssh"));

  const unreferenced = net.connect(port("echo"), host);
  unreferenced.on("connect", () => unreferenced.unref());
}

main();
