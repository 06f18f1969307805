/** A mosquitto with TLS that wants a client certificate of the same authority, on a free port. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Starts it with the certificates of pki.ts; `lines` go into its configuration. */
export async function startMosquitto(
  folder: string,
  lines: readonly string[] = [],
): Promise<{ port: number; process: ChildProcess }> {
  const port = await freePort();
  const file = join(folder, `mosquitto-${port}.conf`);
  const settings = [
    `listener ${port} 127.0.0.1`,
    "cafile ca.pem",
    "certfile server.pem",
    "keyfile server.key",
    "require_certificate true",
    "use_identity_as_username true",
    "allow_anonymous false",
    `user ${userInfo().username}`,
    ...lines,
  ];
  writeFileSync(file, `${settings.join("\n")}\n`);
  const broker = spawn("mosquitto", ["-v", "-c", file], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  await new Promise<void>((resolve, reject) => {
    broker.stderr.on("data", (text: Buffer) => {
      log = (log + text).slice(-4000);
      if (log.includes("running")) resolve();
    });
    broker.once("exit", (code) => reject(new Error(`mosquitto ended with ${code}: ${log}`)));
  });
  return { port, process: broker };
}
