/**
 * The guide's suites and signature algorithms (R123–R126) as the app asks for them. Arguments: PKI folder, then either
 * `hello=PORT` for one connection with all of them, or `SUITE=PORT` for connections with one suite each.
 */
import { readFileSync } from "node:fs";
import * as tls from "node:tls";

const folder = process.argv[2] as string;
const CIPHERS = readFileSync(`${folder}/ciphers`, "utf8").trim();
const SIGALGS = readFileSync(`${folder}/sigalgs`, "utf8").trim();

function connect(name: string, port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = tls.connect({
      host: "127.0.0.1",
      port,
      servername: "broker.example",
      ca: readFileSync(`${folder}/ca.pem`),
      ciphers: name === "hello" ? CIPHERS : name,
      sigalgs: SIGALGS,
      minVersion: "TLSv1.2",
      maxVersion: name === "hello" || name.startsWith("TLS_") ? "TLSv1.3" : "TLSv1.2",
    });
    let told = "";
    socket.on("secureConnect", () => {
      told = `${socket.getProtocol()} ${socket.getCipher().name}`;
      socket.end("x\n");
    });
    socket.on("error", (error: Error & { code?: string }) => {
      told = `refused ${error.code}`;
    });
    socket.on("close", () => {
      console.log(`${name}: ${told}`);
      resolve();
    });
    socket.resume();
  });
}

async function main(): Promise<void> {
  for (const arg of process.argv.slice(3)) {
    const [name = "", port = ""] = arg.split("=");
    await connect(name, Number(port));
  }
}

void main();
