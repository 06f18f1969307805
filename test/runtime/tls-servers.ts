/** The servers that tls cases talk to: `openssl s_server` in many moods, and two that speak no TLS at all. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { createSecureContext, TLSSocket } from "node:tls";

/** Echoes lines backwards; the words are s_server's. */
const ECHO = ["s_server", "-accept", "127.0.0.1:0", "-rev"];
const TRUST = ["-CAfile", "ca.pem", "-Verify", "2", "-verify_return_error"];

const MOODS: Readonly<Record<string, readonly string[]>> = {
  good: ["-cert", "server.pem", "-key", "server.key", "-cert_chain", "ca.pem"],
  mutual: ["-cert", "server.pem", "-key", "server.key", ...TRUST],
  mutual12: ["-cert", "server.pem", "-key", "server.key", "-tls1_2", ...TRUST],
  alpn: ["-cert", "server.pem", "-key", "server.key", "-alpn", "mqtt,other"],
  "wrong-host": ["-cert", "server-wrong-host.pem", "-key", "server.key"],
  "wrong-ca": ["-cert", "server-wrong-ca.pem", "-key", "server.key"],
  "self-signed": ["-cert", "server-self-signed.pem", "-key", "server.key"],
  expired: ["-cert", "server-expired.pem", "-key", "server.key"],
  future: ["-cert", "server-future.pem", "-key", "server.key"],
  revoked: ["-cert", "server-revoked.pem", "-key", "server.key"],
  tls11: ["-cert", "server.pem", "-key", "server.key", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
};

/** Starts one `openssl s_server` on a free port. Reading its output keeps it from blocking. */
export async function startServer(
  folder: string,
  args: readonly string[],
): Promise<{ port: number; process: ChildProcess }> {
  const child = spawn("openssl", [...ECHO, ...args], { cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  const port = await new Promise<number>((resolve, reject) => {
    const onText = (text: Buffer) => {
      output += text;
      const found = /ACCEPT .*:(\d+)/.exec(output);
      if (found) resolve(Number(found[1]));
    };
    child.stdout.on("data", onText);
    child.stderr.on("data", onText);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`openssl ${args.join(" ")} ended with ${code}:\n${output}`)));
  });
  return { port, process: child };
}

export interface Servers {
  /** `name=port` for each, as the case program takes them. */
  readonly args: readonly string[];
  stop(): Promise<void>;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Starts all of them; `folder` is the PKI's. */
export async function startServers(folder: string): Promise<Servers> {
  const started = await Promise.all(
    Object.entries(MOODS).map(async ([name, args]) => ({ name, ...(await startServer(folder, args)) })),
  );
  const plain = createServer((socket) =>
    socket.on("error", () => undefined).end("220 no TLS spoken here\r\n"),
  );
  const closes = createServer((socket) =>
    socket.on("error", () => undefined).once("data", () => socket.end()),
  );
  /* Closes TCP without a word of TLS. */
  const read = (name: string) => readFileSync(join(folder, name));
  const abrupt = createServer((raw) => {
    const secureContext = createSecureContext({ cert: read("server.pem"), key: read("server.key") });
    const socket = new TLSSocket(raw, { isServer: true, secureContext });
    for (const each of [raw, socket]) each.on("error", () => undefined);
    socket.once("data", (data) => socket.write(data, () => raw.end()));
  });
  const nobody = createServer();
  const ports = {
    plain: await listen(plain),
    closes: await listen(closes),
    abrupt: await listen(abrupt),
    nobody: await listen(nobody),
  };
  nobody.close();
  return {
    args: [
      ...started.map(({ name, port }) => `${name}=${port}`),
      ...Object.entries(ports).map(([n, p]) => `${n}=${p}`),
    ],
    async stop() {
      plain.close();
      closes.close();
      abrupt.close();
      for (const { process: child } of started) {
        child.kill();
        await once(child, "exit");
      }
    },
  };
}
