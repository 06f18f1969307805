/** Keys, certificates and CRLs for the runtime's cases, made by the openssl command, in a folder of their own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const PASSPHRASE = "secret";

const USAGE = "keyUsage=critical,digitalSignature,keyEncipherment,dataEncipherment,nonRepudiation";
const CLIENT = `${USAGE}\nextendedKeyUsage=clientAuth,serverAuth\nbasicConstraints=critical,CA:FALSE`;
const SERVER = "extendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE";
const NAMES = "subjectAltName=DNS:localhost,DNS:broker.example,DNS:*.wild.example,IP:127.0.0.1";

class Pki {
  readonly folder: string;
  constructor(folder: string) {
    this.folder = folder;
  }
  openssl(...args: string[]): void {
    execFileSync("openssl", args, { cwd: this.folder, stdio: ["ignore", "ignore", "pipe"] });
  }
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }
  /** A root with its own database, so that it can revoke. */
  authority(name: string, subject: string): void {
    this.openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
      "-subj",
      subject,
      "-days",
      "3650",
      "-addext",
      "keyUsage=critical,keyCertSign,cRLSign",
    ); // prettier-ignore
    this.write(`${name}.index`, "");
    this.write(`${name}.crlnumber`, "01\n");
    this.write(
      `${name}.cnf`,
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${name}.index\nserial=${name}.serial\ncrlnumber=${name}.crlnumber\n` +
        `default_md=sha256\ndefault_crl_days=30\npolicy=p\nnew_certs_dir=.\nunique_subject=no\n[p]\ncommonName=optional\n` +
        "organizationName=optional\ncountryName=optional\n",
    );
  }
  /** A certificate for `name`.key. Dates are openssl's YYYYMMDDHHMMSSZ. */
  certify(name: string, options: CertificateOptions): void {
    const { subject, extensions = "", ca = "ca", digest = "sha256", key = name, from, to } = options;
    const dates =
      from === undefined || to === undefined ? ["-days", "300"] : ["-startdate", from, "-enddate", to];
    this.write(`${name}.ext`, `${extensions}\n`);
    this.openssl("req", "-new", "-key", `${key}.key`, "-subj", subject, "-utf8", "-out", `${name}.csr`);
    this.openssl(
      "ca",
      "-batch",
      "-notext",
      "-config",
      `${ca}.cnf`,
      "-cert",
      `${ca}.pem`,
      "-keyfile",
      `${ca}.key`,
      "-in",
      `${name}.csr`,
      "-out",
      `${name}.pem`,
      "-extfile",
      `${name}.ext`,
      "-md",
      digest,
      "-preserveDN",
      "-rand_serial",
      ...dates,
    ); // prettier-ignore
  }
}

interface CertificateOptions {
  readonly subject: string;
  readonly extensions?: string;
  readonly ca?: string;
  readonly digest?: string;
  readonly key?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Makes everything; returns the folder. */
export function makePki(): string {
  const pki = new Pki(mkdtempSync(join(tmpdir(), "gwcard-runtime-pki-")));
  pki.authority("ca", "/C=DE/O=Test/CN=Test CA");
  pki.authority("other-ca", "/CN=Another CA");
  pki.openssl("genrsa", "-out", "rsa.key", "2048");
  pki.openssl("pkey", "-in", "rsa.key", "-traditional", "-out", "rsa-pkcs1.key");
  pki.openssl(
    "pkcs8",
    "-topk8",
    "-in",
    "rsa.key",
    "-out",
    "rsa-encrypted.key",
    "-passout",
    `pass:${PASSPHRASE}`,
  );
  pki.openssl("genrsa", "-out", "other.key", "2048");
  pki.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ec.key");
  pki.openssl("genpkey", "-algorithm", "ED25519", "-out", "ed25519.key");
  pki.openssl("genrsa", "-out", "server.key", "2048");
  const application = `${CLIENT}\nsubjectAltName=URI:urn:host:gateway,DNS:host.example,IP:10.0.0.1`;
  pki.certify("rsa", { subject: "/C=DE/O=Test/CN=gateway", extensions: application });
  pki.certify("ec", { subject: "/CN=ec client", extensions: CLIENT });
  pki.certify("ed25519", { subject: "/CN=ed client", extensions: CLIENT });
  pki.certify("sha1", { subject: "/CN=old", digest: "sha1", key: "rsa" });
  const odd = "subjectAltName=@names";
  const names = `[names]\nDNS=a,b.example\nURI=http://x/"q"\nemail=a@b.example\nIP=::1\nRID=1.2.3.4`;
  const access = "authorityInfoAccess=OCSP;URI:http://ocsp.example/,caIssuers;URI:http://ca.example/ca.cer";
  pki.certify("odd", {
    subject: "/O=Größe/O=zwei/CN=Ünïcode, Inc.",
    extensions: `${odd}\n${access}\n${names}`,
    key: "rsa",
  });
  pki.certify("server", { subject: "/CN=server", extensions: `${SERVER}\n${NAMES}` });
  const server = `${CLIENT}\nsubjectAltName=URI:urn:host:server,DNS:localhost,IP:127.0.0.1`;
  pki.certify("opcua-server", { subject: "/CN=opcua server", extensions: server, key: "server" });
  pki.certify("server-ec", { subject: "/CN=server", extensions: `${SERVER}\n${NAMES}`, key: "ec" });
  pki.certify("server-sha1", {
    subject: "/CN=server",
    extensions: `${SERVER}\n${NAMES}`,
    key: "server",
    digest: "sha1",
  });
  pki.certify("server-wrong-host", {
    subject: "/CN=server",
    extensions: `${SERVER}\nsubjectAltName=DNS:elsewhere.example`,
    key: "server",
  });
  pki.certify("server-wrong-ca", {
    subject: "/CN=server",
    extensions: `${SERVER}\n${NAMES}`,
    key: "server",
    ca: "other-ca",
  });
  const past = { from: "20200101000000Z", to: "20200201000000Z" };
  const future = { from: "20900101000000Z", to: "20910101000000Z" };
  pki.certify("server-expired", {
    subject: "/CN=server",
    extensions: `${SERVER}\n${NAMES}`,
    key: "server",
    ...past,
  });
  pki.certify("server-future", {
    subject: "/CN=server",
    extensions: `${SERVER}\n${NAMES}`,
    key: "server",
    ...future,
  });
  pki.openssl("genrsa", "-out", "weak.key", "1024");
  pki.certify("server-weak", { subject: "/CN=server", extensions: `${SERVER}\n${NAMES}`, key: "weak" });
  pki.certify("server-revoked", { subject: "/CN=server", extensions: `${SERVER}\n${NAMES}`, key: "server" });
  pki.openssl(
    "req",
    "-x509",
    "-key",
    "server.key",
    "-out",
    "server-self-signed.pem",
    "-subj",
    "/CN=localhost",
    "-days",
    "9",
  );
  pki.openssl(
    "ca",
    "-config",
    "ca.cnf",
    "-cert",
    "ca.pem",
    "-keyfile",
    "ca.key",
    "-revoke",
    "server-revoked.pem",
  );
  for (const name of ["ca", "other-ca"]) {
    pki.openssl(
      "ca",
      "-config",
      `${name}.cnf`,
      "-cert",
      `${name}.pem`,
      "-keyfile",
      `${name}.key`,
      "-gencrl",
      "-out",
      `${name}.crl`,
    );
  }
  pki.openssl("crl", "-in", "ca.crl", "-outform", "DER", "-out", "ca.crl.der");
  const list = ["ca", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-gencrl"];
  const period = ["-crl_lastupdate", past.from, "-crl_nextupdate", past.to];
  pki.openssl(...list, ...period, "-out", "ca-stale.crl");
  pki.openssl("x509", "-in", "rsa.pem", "-outform", "DER", "-out", "rsa.der");
  const read = (name: string) => execFileSync("cat", [name], { cwd: pki.folder, encoding: "utf8" });
  pki.write("chain.pem", read("rsa.pem") + read("ca.pem"));
  return pki.folder;
}
