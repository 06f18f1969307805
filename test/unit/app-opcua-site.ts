/** What tests of the OPC UA cell against node-opcua's server have in common: the server's identity, the cell's settings. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MessageSecurityMode, OPCUACertificateManager, type OPCUAServerOptions } from "node-opcua";
import type { OpcUaSettings } from "../../app/config/opcua.ts";
import type { Certificate } from "../lab/pki.ts";

/** A server at `port` that proves itself with `certificate`, accepts any client and offers every mode. */
export function serverOptions(options: {
  port: number;
  certificate: Certificate;
  folder: string;
}): OPCUAServerOptions {
  const { port, certificate, folder } = options;
  return {
    port,
    certificateFile: certificate.certFile,
    privateKeyFile: certificate.keyFile,
    serverInfo: { applicationUri: "urn:test:server" },
    serverCertificateManager: new OPCUACertificateManager({
      rootFolder: join(folder, "server-pki"),
      automaticallyAcceptUnknownCertificate: true,
    }),
    securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
  };
}

/** Settings for that server, without nodes; the client is `urn:test:client`. */
export function clientSettings(options: {
  tcpPort: number;
  trusted: Certificate;
  client: Certificate;
}): OpcUaSettings {
  const { tcpPort, trusted, client } = options;
  return {
    hubId: 0,
    name: "test",
    url: `opc.tcp://127.0.0.1:${tcpPort}`,
    host: "127.0.0.1",
    tcpPort,
    readingCycle: 0,
    significantDigits: null,
    debug: false,
    summary: [],
    mode: "SignAndEncrypt",
    policy: "Basic256Sha256",
    trusted: [readFileSync(trusted.derFile)],
    revocationLists: [],
    identity: {
      chain: [readFileSync(client.derFile)],
      privateKeyPem: readFileSync(client.keyFile, "utf8"),
      applicationUri: "urn:test:client",
    },
    user: null,
    heartbeat: null,
    nodes: [],
    warnings: [],
  };
}
