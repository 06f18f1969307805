/** Members of Node's API that the bundle's text names and that need no case, each with its reason. */
export interface Exemption {
  /** Names as the coverage test prints them; `.*` at the end means all members. */
  readonly members: readonly string[];
  readonly reason: string;
}

export const EXEMPTIONS: readonly Exemption[] = [
  {
    members: ["Blob", "Blob.prototype.*", "Response", "Response.prototype.*"],
    reason:
      "mqtt's connect/ws.js: MQTT over WebSocket, whose package is left out; the broker is reached over TLS only",
  },
  {
    members: [
      "crypto.subtle",
      "Crypto.prototype.subtle",
      "SubtleCrypto.prototype.*",
      "crypto.generateKeyPairSync",
    ],
    reason:
      "node-opcua-crypto makes keys and certificates with them, together with packages that are left out",
  },
  {
    members: ["net.createServer", "Server.prototype.*"],
    reason: "node-opcua's reverse connect: no socket listens on the device, net.createServer says so",
  },
  {
    members: ["TLSSocket.prototype.setSession", "TLSSocket.prototype.getCertificate"],
    reason: "methods of node-opcua's that are called the same; a session is an option of tls.connect here",
  },
  {
    members: ["TLSSocket.prototype.servername", "TLSSocket.prototype.ssl"],
    reason: "mqtt reads options of these names; nothing reads them of a socket",
  },
  {
    members: ["Performance.prototype.mark", "Performance.prototype.toJSON"],
    reason: "names of our own and of node-opcua's; performance is used for its now() alone",
  },
];

/** Modules that are handed around as a whole, so that their members could not be followed. */
export const HANDED_AROUND: readonly Exemption[] = [
  {
    members: ["module crypto"],
    reason: "node-opcua-crypto takes it for a Web Crypto whose subtle makes keys; see above",
  },
];
