/**
 * The site's certificates, made by the openssl command: a CA, the broker's certificate, MQTT client certificates and
 * self-signed OPC UA application certificates (OPC UA Part 6 §6.2.2), good ones and, on request, wrong ones.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./process.ts";

const DAY_MS = 24 * 3600 * 1000;

export type KeyKind = "rsa:2048" | "rsa:1024" | "ec:P-256";

/** What a certificate is for; decides its usages. */
export type CertificateUse = "ca" | "tls-server" | "tls-client" | "opcua";

export interface CertificateOptions {
  /** File name without extension. */
  readonly name: string;
  readonly use: CertificateUse;
  readonly commonName?: string;
  readonly key?: KeyKind;
  /** Without an issuer the certificate is self-signed. */
  readonly issuer?: Certificate;
  /** subjectAltName entries in openssl's notation: `IP:192.168.188.8`, `DNS:broker`, `URI:urn:…`. */
  readonly altNames?: readonly string[];
  /** Hash of the signature. */
  readonly digest?: "sha1" | "sha256";
  /** Replaces the usual key usages. */
  readonly keyUsage?: string;
  /** Days from now; negative = in the past. */
  readonly validFromDays?: number;
  readonly validToDays?: number;
}

export interface Certificate {
  readonly name: string;
  /** PEM files. */
  readonly certFile: string;
  readonly keyFile: string;
  /** The same certificate as DER. */
  readonly derFile: string;
}

const USAGES: Record<CertificateUse, readonly string[]> = {
  ca: ["basicConstraints = critical, CA:true", "keyUsage = critical, keyCertSign, cRLSign"],
  "tls-server": [
    "basicConstraints = critical, CA:false",
    "keyUsage = critical, digitalSignature, keyEncipherment",
    "extendedKeyUsage = serverAuth",
  ],
  "tls-client": [
    "basicConstraints = critical, CA:false",
    "keyUsage = critical, digitalSignature",
    "extendedKeyUsage = clientAuth",
  ],
  opcua: [
    "basicConstraints = critical, CA:false",
    "keyUsage = critical, digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyCertSign",
    "extendedKeyUsage = serverAuth, clientAuth",
  ],
};

export class Pki {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
    mkdirSync(dir, { recursive: true });
  }

  async issue(options: CertificateOptions): Promise<Certificate> {
    const { name, use, issuer } = options;
    const file = (extension: string) => join(this.dir, `${name}.${extension}`);
    const made: Certificate = { name, certFile: file("crt"), keyFile: file("key"), derFile: file("der") };
    const keyFile = made.keyFile;

    const [algorithm, size] = (options.key ?? "rsa:2048").split(":") as ["rsa" | "ec", string];
    const keyOptions =
      algorithm === "rsa"
        ? ["-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${size}`]
        : [
            "-algorithm",
            "EC",
            "-pkeyopt",
            `ec_paramgen_curve:${size}`,
            "-pkeyopt",
            "ec_param_enc:named_curve",
          ];
    await run(["openssl", "genpkey", ...keyOptions, "-out", keyFile]);

    // `openssl ca` is the one subcommand that takes both ends of the validity, in every OpenSSL release.
    const config = file("cnf");
    const altNames = options.altNames ?? [];
    writeFileSync(file("index"), "");
    writeFileSync(
      config,
      [
        "[req]",
        "prompt = no",
        "distinguished_name = subject",
        "[subject]",
        "O = Demo Plant",
        `CN = ${options.commonName ?? name}`,
        "[ca]",
        "default_ca = own",
        "[own]",
        `database = ${file("index")}`,
        `new_certs_dir = ${this.dir}`,
        "rand_serial = yes",
        `default_md = ${options.digest ?? "sha256"}`,
        "policy = any",
        "x509_extensions = extensions",
        "[any]",
        "organizationName = optional",
        "commonName = supplied",
        "[extensions]",
        ...USAGES[use].map((line) =>
          options.keyUsage !== undefined && line.startsWith("keyUsage")
            ? `keyUsage = critical, ${options.keyUsage}`
            : line,
        ),
        "subjectKeyIdentifier = hash",
        ...(issuer === undefined ? [] : ["authorityKeyIdentifier = keyid"]),
        ...(altNames.length === 0 ? [] : [`subjectAltName = ${altNames.join(", ")}`]),
        "",
      ].join("\n"),
    );
    await run(["openssl", "req", "-new", "-config", config, "-key", keyFile, "-out", file("csr")]);
    const signer =
      issuer === undefined
        ? ["-selfsign", "-keyfile", keyFile]
        : ["-cert", issuer.certFile, "-keyfile", issuer.keyFile];
    const validity = [
      ...["-startdate", asn1Time(options.validFromDays ?? -2)],
      ...["-enddate", asn1Time(options.validToDays ?? 365)],
    ];
    const what = ["-in", file("csr"), "-out", made.certFile];
    await run(["openssl", "ca", "-batch", "-notext", "-config", config, ...signer, ...validity, ...what]);
    await run(["openssl", "x509", "-in", made.certFile, "-outform", "DER", "-out", made.derFile]);
    return made;
  }
}

function asn1Time(days: number): string {
  const iso = new Date(Date.now() + days * DAY_MS).toISOString();
  return `${iso.slice(0, 19).replace(/[-T:]/g, "")}Z`;
}

export const GATEWAY_URI = "urn:demo-plant:gateway";
export const SERVER_URI = "urn:demo-plant:opcua-server";

/** Everything a working site has. */
export interface SitePki {
  readonly pki: Pki;
  readonly ca: Certificate;
  readonly broker: Certificate;
  readonly mqttClient: Certificate;
  readonly observer: Certificate;
  readonly opcuaServer: Certificate;
  readonly opcuaClient: Certificate;
}

export interface SitePkiOptions {
  readonly dir: string;
  /** Addresses under which the gateway reaches broker and server. */
  readonly brokerAddress: string;
  readonly serverAddress: string;
  /** A name for the broker beside its address. */
  readonly brokerName?: string;
  /** Key of the gateway's MQTT client certificate. */
  readonly mqttKey?: KeyKind;
}

export async function makeSitePki(options: SitePkiOptions): Promise<SitePki> {
  const pki = new Pki(options.dir);
  const ca = await pki.issue({ name: "ca", use: "ca", commonName: "Demo Plant CA" });
  const broker = await pki.issue({
    name: "broker",
    use: "tls-server",
    issuer: ca,
    altNames: [
      ...new Set([`IP:${options.brokerAddress}`, "IP:127.0.0.1", "DNS:localhost"]),
      ...(options.brokerName === undefined ? [] : [`DNS:${options.brokerName}`]),
    ],
  });
  const mqttClient = await pki.issue({
    name: "mqtt-client",
    use: "tls-client",
    issuer: ca,
    key: options.mqttKey ?? "rsa:2048",
  });
  const observer = await pki.issue({ name: "observer", use: "tls-client", issuer: ca, key: "ec:P-256" });
  const opcuaServer = await pki.issue({
    name: "opc-ua-server",
    use: "opcua",
    altNames: [...new Set([`URI:${SERVER_URI}`, `IP:${options.serverAddress}`, "IP:127.0.0.1"])],
  });
  const opcuaClient = await pki.issue({
    name: "opc-ua-client",
    use: "opcua",
    altNames: [`URI:${GATEWAY_URI}`, "DNS:gateway"],
  });
  return { pki, ca, broker, mqttClient, observer, opcuaServer, opcuaClient };
}
