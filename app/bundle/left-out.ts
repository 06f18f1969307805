/** What the libraries would drag onto the card and the gateway never reaches, each with its reason. */
export interface LeftOut {
  /** A package name; its subpaths are left out too. */
  readonly name: string;
  readonly reason: string;
}

export const leftOutPackages: readonly LeftOut[] = [
  {
    name: "node-opcua-pki",
    reason: "creates folders and runs the openssl command; the trust decision is app/cells/opcua's",
  },
  { name: "sshpk", reason: "reads SSH keys; keys on the card are PEM or DER" },
  { name: "@peculiar/webcrypto", reason: "makes keys and certificates; that is done on a PC" },
  { name: "@peculiar/x509", reason: "makes certificates and requests; that is done on a PC" },
  { name: "@peculiar/asn1-schema", reason: "serves @peculiar/x509 and PKCS #12 only" },
  { name: "@peculiar/asn1-x509", reason: "serves @peculiar/x509 and PKCS #12 only" },
  { name: "@peculiar/asn1-cms", reason: "PKCS #12 containers; keys on the card are PEM or DER" },
  { name: "@peculiar/asn1-pfx", reason: "PKCS #12 containers; keys on the card are PEM or DER" },
  { name: "@peculiar/asn1-pkcs8", reason: "PKCS #12 containers; keys on the card are PEM or DER" },
  { name: "@peculiar/asn1-pkcs9", reason: "PKCS #12 containers; keys on the card are PEM or DER" },
  { name: "@peculiar/asn1-rsa", reason: "PKCS #12 containers; keys on the card are PEM or DER" },
  { name: "reflect-metadata", reason: "serves @peculiar/x509 only" },
  { name: "@ster5/global-mutex", reason: "locks folders between programs; the card is read-only" },
  {
    name: "sterfive-bonjour-service",
    reason: "multicast discovery; the gateway has one configured peer a side",
  },
  {
    name: "node-opcua-xml2json",
    reason: "reads type dictionaries of older servers; app/cells/opcua/values/type-dictionary.ts does",
  },
  { name: "ws", reason: "MQTT over WebSocket; the broker is reached over TLS only (R39)" },
  { name: "socks", reason: "MQTT through a SOCKS proxy; the broker is reached directly" },
  { name: "worker-timers", reason: "timers of web browsers" },
];

/** Packages that a smaller module of ours serves, each with its reason. The path is relative to this folder. */
export const standIns: readonly (LeftOut & { readonly module: string })[] = [
  { name: "chalk", module: "stand-ins/chalk.ts", reason: "colours of a terminal; the log is plain text" },
  {
    name: "./verify_pcks1.js",
    module: "stand-ins/verify-pkcs1.ts",
    reason: "node-opcua-secure-channel makes an RSA key on import to try out Node's OpenSSL",
  },
  {
    name: "node-opcua-hostname",
    module: "stand-ins/node-opcua-hostname.ts",
    reason: "asks the DNS for the full host name on import, when no cell has a network yet",
  },
  { name: "supports-color", module: "stand-ins/supports-color.ts", reason: "the log is no terminal" },
];
