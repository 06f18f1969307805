/** node:tls on the runtime: against openssl s_server and mosquitto, and as Node.js does it. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { agree, builds } from "./agree.ts";
import { type Engine, runOnDevice } from "./harness.ts";
import { makePki } from "./pki.ts";
import { startServer, startServers } from "./tls-servers.ts";

/** R124 in the guide's order, as OpenSSL and Node.js name them; the TLS 1.3 ones last. */
const SUITES_12 = [
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "DHE-RSA-CHACHA20-POLY1305",
  "DHE-RSA-AES256-GCM-SHA384",
];
const SUITES_13 = [
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_128_CCM_SHA256",
];
/** R126 in the guide's order. */
const SIGALGS = [
  "ecdsa_secp521r1_sha512",
  "ecdsa_secp384r1_sha384",
  "ecdsa_secp256r1_sha256",
  "ed25519",
  "ed448",
  "rsa_pss_pss_sha512",
  "rsa_pss_rsae_sha512",
  "rsa_pss_pss_sha384",
  "rsa_pss_rsae_sha384",
  "rsa_pss_pss_sha256",
  "rsa_pss_rsae_sha256",
  "rsa_pkcs1_sha384",
  "rsa_pkcs1_sha512",
  "rsa_pkcs1_sha256",
];
/** R125: what a server may try in vain. */
const REFUSED = [
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "DHE-RSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-SHA256",
  "AES128-GCM-SHA256",
  "AES256-SHA",
];

const pki = makePki();
writeFileSync(join(pki, "ciphers"), [...SUITES_13, ...SUITES_12].join(":"));
writeFileSync(join(pki, "sigalgs"), SIGALGS.join(":"));
let failed = false;
after(() => {
  if (failed) console.error(`kept: ${pki}`);
  else rmSync(pki, { recursive: true });
});

function check(title: string, body: () => Promise<void>): void {
  test(title, async () => {
    failed = true;
    await body();
    failed = false;
  });
}

async function linesOf(engine: Engine, name: string, args: readonly string[]): Promise<string[]> {
  const outcome = await runOnDevice(engine, name, args);
  assert.equal(outcome.end, 0, `${name} on ${engine.name}: ${outcome.stderr}`);
  return outcome.stdout.trim().split("\n");
}

check("connections, certificates, sessions and refusals agree with Node.js", async () => {
  const servers = await startServers(pki);
  try {
    await agree("tls-client", [pki, ...servers.args]);
  } finally {
    await servers.stop();
  }
});

check("every suite of the guide completes a handshake, the others are refused (R124, R125)", async () => {
  const certificate = (suite: string) =>
    suite.includes("ECDSA")
      ? ["-cert", "server-ec.pem", "-key", "ec.key"]
      : ["-cert", "server.pem", "-key", "server.key"];
  const offer = (suite: string) =>
    suite.startsWith("TLS_") ? ["-ciphersuites", suite] : ["-tls1_2", "-cipher", suite];
  const servers = await Promise.all(
    [...SUITES_12, ...SUITES_13].map(async (suite) => ({
      suite,
      ...(await startServer(pki, [...offer(suite), ...certificate(suite)])),
    })),
  );
  const refusing = await Promise.all(
    REFUSED.map((suite) => startServer(pki, [...offer(suite), ...certificate(suite)])),
  );
  try {
    for (const engine of await builds()) {
      const lines = await linesOf(engine, "tls-suites", [
        pki,
        ...servers.map(({ suite, port }) => `${suite}=${port}`),
        ...refusing.map(({ port }) => `hello=${port}`),
      ]);
      const version = (suite: string) => (suite.startsWith("TLS_") ? "TLSv1.3" : "TLSv1.2");
      assert.deepEqual(lines, [
        ...servers.map(({ suite }) => `${suite}: ${version(suite)} ${suite}`),
        ...REFUSED.map(() => "hello: refused ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"),
      ]);
    }
  } finally {
    for (const { process: child } of [...servers, ...refusing]) child.kill();
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** The first bytes that a client sends. */
async function firstFlight(run: (port: number) => Promise<unknown>): Promise<Buffer> {
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

/** tshark's reading of one TCP payload. */
function dissect(bytes: Buffer, fields: readonly string[]): string[] {
  const dump = join(pki, "hello.txt");
  const capture = join(pki, "hello.pcap");
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    rows.push(
      `${at.toString(16).padStart(6, "0")} ${bytes
        .subarray(at, at + 16)
        .toString("hex")
        .replace(/../g, "$& ")}`,
    );
  }
  writeFileSync(dump, `${rows.join("\n")}\n`);
  execFileSync("text2pcap", ["-q", "-T", "40000,8883", dump, capture], { stdio: "pipe" });
  const wanted = fields.flatMap((field) => ["-e", field]);
  const args = [
    "-r",
    capture,
    "-d",
    "tcp.port==8883,tls",
    "-Y",
    "tls.handshake.type==1",
    "-T",
    "fields",
    ...wanted,
  ];
  const text = execFileSync("tshark", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  return text.trim().split("\t");
}

check(
  "the ClientHello offers the guide's versions, suites and signature algorithms, in its order (R123–R126)",
  async () => {
    for (const engine of await builds()) {
      const bytes = await firstFlight((port) => runOnDevice(engine, "tls-suites", [pki, `hello=${port}`]));
      const [versions = "", suites = "", algorithms = "", name = ""] = dissect(bytes, [
        "tls.handshake.extensions.supported_version",
        "tls.handshake.ciphersuite",
        "tls.handshake.sig_hash_alg",
        "tls.handshake.extensions_server_name",
      ]);
      assert.deepEqual(versions.split(","), ["0x0304", "0x0303"]);
      assert.deepEqual(
        /* Older OpenSSL adds 0x00ff, RFC 5746's signal, which is no suite. */
        suites
          .toLowerCase()
          .replace(/,0x00ff$/, "")
          .split(","),
        [
          "0x1303",
          "0x1302",
          "0x1301",
          "0x1304",
          "0xc02c",
          "0xc02b",
          "0xcca8",
          "0xc030",
          "0xc02f",
          "0xccaa",
          "0x009f",
        ],
      ); // prettier-ignore
      assert.deepEqual(algorithms.split(","), [
        "0x0603",
        "0x0503",
        "0x0403",
        "0x0807",
        "0x0808",
        "0x080b",
        "0x0806",
        "0x080a",
        "0x0805",
        "0x0809",
        "0x0804",
        "0x0501",
        "0x0601",
        "0x0401",
      ]); // prettier-ignore
      assert.equal(name, "broker.example");
    }
  },
);

check(
  "mqtt.js over TLS with a client certificate, through mosquitto and back, over two connections",
  async () => {
    const port = await freePort();
    writeFileSync(
      join(pki, "mosquitto.conf"),
      `listener ${port} 127.0.0.1\ncafile ca.pem\ncertfile server.pem\nkeyfile server.key\nrequire_certificate true\n` +
        "use_identity_as_username true\nallow_anonymous false\nuser root\n",
    );
    const broker = spawn("mosquitto", ["-v", "-c", "mosquitto.conf"], {
      cwd: pki,
      stdio: ["ignore", "ignore", "pipe"],
    });
    try {
      let log = "";
      await new Promise<void>((resolve, reject) => {
        broker.stderr.on("data", (text: Buffer) => {
          log += text;
          if (log.includes("running")) resolve();
        });
        broker.once("exit", (code) => reject(new Error(`mosquitto ended with ${code}: ${log}`)));
      });
      await agree("tls-mqtt", [pki, String(port)]);
    } finally {
      broker.kill();
    }
  },
);

check("a broker's certificate with a SHA-1 signature is refused and named so", async () => {
  const args = ["-cert", "server-sha1.pem", "-key", "server.key", "-cipher", "DEFAULT@SECLEVEL=0"];
  const { port, process: server } = await startServer(pki, args);
  for (const engine of await builds()) {
    assert.deepEqual(await linesOf(engine, "tls-suites", [pki, `hello=${port}`]), [
      "hello: refused CA_MD_TOO_WEAK",
    ]);
  }
  server.kill();
});

check("megabytes in writes of every shape arrive as they were written, with back-pressure", async () => {
  const options = { cert: readFileSync(join(pki, "server.pem")), key: readFileSync(join(pki, "server.key")) };
  /* Reads in sips, so that the client has to wait. */
  const server = createTlsServer({ ...options, allowHalfOpen: true }, (socket) => {
    const hash = createHash("sha256");
    socket.on("data", (data) => {
      hash.update(data);
      socket.pause();
      setImmediate(() => socket.resume());
    });
    socket.on("end", () => socket.end(hash.digest("hex")));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  await agree("tls-data", [pki, String((server.address() as AddressInfo).port)]);
  server.close();
});
