/**
 * tls.connect against real servers. Arguments: PKI folder, then `name=port` for each server that tls.test.ts started.
 * Every connection is told as the list of its events.
 */
import { readFileSync } from "node:fs";
import * as tls from "node:tls";

const folder = process.argv[2] as string;
const ports = new Map(process.argv.slice(3).map((arg) => arg.split("=") as [string, string]));
const read = (name: string) => readFileSync(`${folder}/${name}`);

interface Step {
  readonly title: string;
  readonly server: string;
  readonly options?: tls.ConnectionOptions;
  /** The server ends the connection. */
  readonly patient?: boolean;
  /** Told beside the events. */
  readonly tell?: (socket: tls.TLSSocket) => unknown;
}

let session: Buffer | undefined;
const client = { cert: read("rsa.pem"), key: read("rsa.key") };
const named = (name: string) => ({ servername: name, host: "127.0.0.1" });

const steps: Step[] = [
  {
    title: "plain",
    server: "good",
    tell: (s) => [s.authorized, s.encrypted, s.getProtocol(), s.isSessionReused()],
  },
  { title: "client certificate", server: "mutual", options: client },
  {
    title: "certificate as text and chain",
    server: "mutual",
    options: { cert: String(read("chain.pem")), key: String(read("rsa.key")) },
  },
  {
    title: "encrypted key",
    server: "mutual",
    options: { ...client, key: read("rsa-encrypted.key"), passphrase: "secret" },
  },
  { title: "ec client", server: "mutual", options: { cert: read("ec.pem"), key: read("ec.key") } },
  {
    title: "ed25519 client",
    server: "mutual",
    options: { cert: read("ed25519.pem"), key: read("ed25519.key") },
  },
  { title: "no client certificate", server: "mutual12" },
  {
    title: "wrong client certificate",
    server: "mutual12",
    options: { cert: read("server-self-signed.pem"), key: read("server.key") },
  },
  { title: "TLS 1.2", server: "good", options: { maxVersion: "TLSv1.2" }, tell: (s) => s.getProtocol() },
  {
    title: "one suite of TLS 1.2",
    server: "good",
    options: { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256" },
    tell: (s) => s.getCipher(),
  },
  {
    title: "one suite of TLS 1.3",
    server: "good",
    options: { ciphers: "TLS_AES_128_CCM_SHA256" },
    tell: (s) => s.getCipher(),
  },
  {
    title: "certificate",
    server: "good",
    tell: (s) => {
      const { subject, issuer, subjectaltname, ext_key_usage } = s.getPeerCertificate();
      return { subject, issuer, subjectaltname, ext_key_usage };
    },
  },
  {
    title: "chain",
    server: "good",
    tell: (s) => {
      const leaf = s.getPeerCertificate(true);
      return [
        leaf.issuerCertificate?.subject.CN,
        leaf.issuerCertificate?.issuerCertificate === leaf.issuerCertificate,
      ];
    },
  },
  { title: "by address", server: "good", options: { host: "127.0.0.1" } },
  { title: "name in certificate", server: "good", options: named("broker.example") },
  { title: "wildcard", server: "good", options: named("x.wild.example") },
  { title: "wildcard too deep", server: "good", options: named("a.b.wild.example") },
  { title: "name not in certificate", server: "good", options: named("other.example") },
  { title: "wrong host", server: "wrong-host" },
  { title: "address not in certificate", server: "wrong-host", options: { host: "127.0.0.1" } },
  {
    title: "wrong host accepted",
    server: "wrong-host",
    options: { rejectUnauthorized: false },
    tell: (s) => [s.authorized, s.authorizationError],
  },
  { title: "own check", server: "wrong-host", options: { checkServerIdentity: () => undefined } },
  {
    title: "own refusal",
    server: "good",
    options: { checkServerIdentity: (host) => new Error(`not ${host}`) },
  },
  { title: "wrong CA", server: "wrong-ca" },
  {
    title: "wrong CA accepted",
    server: "wrong-ca",
    options: { rejectUnauthorized: false },
    tell: (s) => [s.authorized, s.authorizationError],
  },
  { title: "no CA", server: "good", options: { ca: [] } },
  { title: "several CAs", server: "good", options: { ca: [read("other-ca.pem"), String(read("ca.pem"))] } },
  { title: "self-signed", server: "self-signed" },
  { title: "self-signed trusted", server: "self-signed", options: { ca: read("server-self-signed.pem") } },
  { title: "expired", server: "expired" },
  { title: "not yet valid", server: "future" },
  { title: "revoked", server: "revoked", options: { crl: read("ca.crl") } },
  { title: "revoked without list", server: "revoked" },
  { title: "not revoked", server: "good", options: { crl: [read("ca.crl")] } },
  { title: "no list for the CA", server: "good", options: { crl: read("other-ca.crl") } },
  { title: "TLS 1.1 server", server: "tls11" },
  {
    title: "suite not offered",
    server: "good",
    options: { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" },
  },
  { title: "ALPN", server: "alpn", options: { ALPNProtocols: ["x", "mqtt"] }, tell: (s) => s.alpnProtocol },
  { title: "ALPN none", server: "good", tell: (s) => s.alpnProtocol },
  {
    title: "session kept",
    server: "good",
    options: { maxVersion: "TLSv1.2" },
    tell: (s) => {
      session = s.getSession();
      return s.isSessionReused();
    },
  },
  {
    title: "session used",
    server: "good",
    options: { maxVersion: "TLSv1.2" },
    tell: (s) => s.isSessionReused(),
  },
  {
    title: "session garbage",
    server: "good",
    options: { session: Buffer.from("garbage") },
    tell: (s) => s.isSessionReused(),
  },
  { title: "not TLS", server: "plain" },
  { title: "hangs up", server: "closes" },
  { title: "ends without good-bye", server: "abrupt", patient: true },
  { title: "both end without good-bye", server: "abrupt" },
  { title: "the same, TLS 1.2", server: "abrupt", patient: true, options: { maxVersion: "TLSv1.2" } },
  { title: "nobody there", server: "nobody" },
];

/** Ports differ between runs, and the words for ERR_SSL_… between builds of OpenSSL. */
const clean = ({ code, message }: Error & { code?: string }) =>
  code?.startsWith("ERR_SSL_") ? code : `${code} ${message.replace(/127\.0\.0\.1:\d+/g, "HOST")}`;

function run({ title, server, options = {}, patient = false, tell }: Step): Promise<void> {
  return new Promise((resolve) => {
    const events: string[] = [];
    const port = Number(ports.get(server));
    const base = {
      host: "localhost",
      port,
      ca: read("ca.pem"),
      ...(title === "session used" && session ? { session } : {}),
    };
    const socket = tls.connect({ ...base, ...options });
    socket.setEncoding("utf8");
    socket.on("secureConnect", () => {
      events.push("secureConnect");
      if (tell) events.push(JSON.stringify(tell(socket)));
      socket.write("hello\n");
    });
    socket.on("data", (data: string) => {
      events.push(`data ${data.trim()}`);
      if (!patient) socket.end();
    });
    socket.on("end", () => {
      if (events.length > 0) events.push("end");
    });
    socket.on("error", (error: Error & { code?: string }) => events.push(`error ${clean(error)}`));
    socket.on("close", (failed) => {
      console.log(`${title}: ${events.join(", ")}, close ${failed}`);
      resolve();
    });
  });
}

async function runAll(): Promise<void> {
  for (const step of steps) await run(step);
}

void runAll();
