/** opcua-server.ts as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Starts it with the certificates of pki.ts; ends with this process at the latest. */
export async function startOpcUaServer(pki: string): Promise<{ port: string; process: ChildProcess }> {
  /* Node.js decrypts PKCS #1 v1.5 (Basic128Rsa15) only when told to. */
  const args = ["--security-revert=CVE-2023-46809", "--import", "tsx", "test/runtime/opcua-server.ts", pki];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  let output = "";
  while (!/port \d+/.test(output)) output += (await once(server.stdout as NodeJS.ReadableStream, "data"))[0];
  server.stdout?.resume();
  return { port: /port (\d+)/.exec(output)?.[1] as string, process: server };
}
