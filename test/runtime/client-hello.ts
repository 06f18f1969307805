/** The ClientHello that a client sends, as tshark reads it. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";

/** The first bytes that a client sends. */
export async function firstFlight(run: (port: number) => Promise<unknown>): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const arrived = once(server, "connection").then(async ([socket]) => {
    const [bytes] = (await once(socket, "data")) as [Buffer];
    socket.end();
    return bytes;
  });
  await run((server.address() as AddressInfo).port);
  server.close();
  return arrived;
}

export interface ClientHello {
  readonly versions: readonly string[];
  readonly suites: readonly string[];
  readonly signatures: readonly string[];
  readonly serverName: string;
}

const FIELDS = [
  "tls.handshake.extensions.supported_version",
  "tls.handshake.ciphersuite",
  "tls.handshake.sig_hash_alg",
  "tls.handshake.extensions_server_name",
];

/** RFC 5746's signal, which older OpenSSL lists among the suites and which is none. */
const RENEGOTIATION_SIGNAL = "0x00ff";

/** tshark's reading of a client's first bytes; `work` is a folder for its files. */
export function readClientHello(bytes: Buffer, work: string): ClientHello {
  const dump = join(work, "hello.txt");
  const capture = join(work, "hello.pcap");
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const digits = bytes.subarray(at, at + 16).toString("hex");
    rows.push(`${at.toString(16).padStart(6, "0")} ${digits.replace(/../g, "$& ")}\n`);
  }
  writeFileSync(dump, rows.join(""));
  execFileSync("text2pcap", ["-q", "-T", "40000,8883", dump, capture], { stdio: "pipe" });
  const text = execFileSync(
    "tshark",
    [
      ...["-r", capture, "-d", "tcp.port==8883,tls", "-Y", "tls.handshake.type==1", "-T", "fields"],
      ...FIELDS.flatMap((field) => ["-e", field]),
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
  );
  const [versions = "", suites = "", signatures = "", serverName = ""] = text.replace(/\n$/, "").split("\t");
  const list = (field: string) => field.toLowerCase().split(",");
  return {
    versions: list(versions),
    suites: list(suites).filter((suite) => suite !== RENEGOTIATION_SIGNAL),
    signatures: list(signatures),
    serverName,
  };
}
