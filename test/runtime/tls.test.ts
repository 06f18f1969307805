/** node:tls on the runtime: against openssl s_server and mosquitto, and as Node.js does it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { agree, buildsAndQemu } from "./agree.ts";
import { firstFlight, readClientHello } from "./client-hello.ts";
import { type Engine, runOnDevice } from "./harness.ts";
import { startMosquitto } from "./mosquitto.ts";
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
    for (const engine of await buildsAndQemu()) {
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

check(
  "the ClientHello offers the guide's versions, suites and signature algorithms, in its order (R123–R126)",
  async () => {
    for (const engine of await buildsAndQemu()) {
      const bytes = await firstFlight((port) => runOnDevice(engine, "tls-suites", [pki, `hello=${port}`]));
      const { versions, suites, signatures, serverName } = readClientHello(bytes, pki);
      assert.deepEqual(versions, ["0x0304", "0x0303"]);
      assert.deepEqual(
        suites,
        "0x1303,0x1302,0x1301,0x1304,0xc02c,0xc02b,0xcca8,0xc030,0xc02f,0xccaa,0x009f".split(","),
      );
      assert.deepEqual(
        signatures,
        "0603,0503,0403,0807,0808,080b,0806,080a,0805,0809,0804,0501,0601,0401"
          .split(",")
          .map((code) => `0x${code}`),
      );
      assert.equal(serverName, "broker.example");
    }
  },
);

check(
  "mqtt.js over TLS with a client certificate, through mosquitto and back, over two connections",
  async () => {
    const { port, process: broker } = await startMosquitto(pki);
    try {
      await agree("tls-mqtt", [pki, String(port)]);
    } finally {
      broker.kill();
    }
  },
);

check("a broker's certificate with a SHA-1 signature is refused and named so", async () => {
  const args = ["-cert", "server-sha1.pem", "-key", "server.key", "-cipher", "DEFAULT@SECLEVEL=0"];
  const { port, process: server } = await startServer(pki, args);
  for (const engine of await buildsAndQemu()) {
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
