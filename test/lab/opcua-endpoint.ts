/**
 * The OPC UA server of every lab machine: unless told otherwise SignAndEncrypt with Basic256Sha256 only, user name and
 * password only; and only the gateway's certificate is trusted. What it offers is its caller's.
 */
import { readFileSync } from "node:fs";
import {
  coerceSecurityPolicy,
  MessageSecurityMode,
  nodesets,
  OPCUACertificateManager,
  OPCUAServer,
} from "node-opcua";
import { type EndpointSettings, STRICT_OFFER } from "./opcua-protocol.ts";
import { SERVER_URI } from "./pki.ts";

function derOf(pemFile: string): Buffer {
  const base64 = readFileSync(pemFile, "latin1").replace(/-----[^-]+-----|\s/g, "");
  return Buffer.from(base64, "base64");
}

/** It has a certificate, but its endpoint descriptions don't show it. */
function hideCertificate(server: OPCUAServer): void {
  for (const endpoint of server.endpoints)
    for (const description of endpoint.endpointDescriptions())
      Object.defineProperty(description, "serverCertificate", { value: null });
}

/** Initialised, with an address space to fill; the caller starts it. */
export async function makeOpcUaServer(
  settings: EndpointSettings,
  nodesetFiles: readonly string[] = [],
): Promise<OPCUAServer> {
  const trust = new OPCUACertificateManager({
    rootFolder: settings.pkiDir,
    automaticallyAcceptUnknownCertificate: false,
  });
  await trust.initialize();
  // The one client on the list; every other certificate is refused (R72).
  await trust.trustCertificate(derOf(settings.trustedClientCertFile));

  const { policies, modes, anonymous, hideCertificate: hidden } = settings.offer ?? STRICT_OFFER;
  const server = new OPCUAServer({
    host: "127.0.0.1",
    nodeset_filename: [nodesets.standard, ...nodesetFiles],
    port: settings.port,
    hostname: "127.0.0.1",
    advertisedEndpoints: settings.advertised,
    certificateFile: settings.certificateFile,
    privateKeyFile: settings.privateKeyFile,
    serverCertificateManager: trust,
    serverInfo: { applicationUri: SERVER_URI, productUri: SERVER_URI },
    securityPolicies: policies.map((name) => coerceSecurityPolicy(name)),
    securityModes: modes.map((name) => MessageSecurityMode[name]),
    allowAnonymous: anonymous,
    // 0: samples that a client asks for without an interval are never merged.
    // A device that was powered off keeps its session until that times out.
    serverCapabilities: { minSupportedSampleRate: 0, maxSessions: 100 },
    userManager: {
      isValidUser: (username: string, password: string) =>
        username === settings.username && password === settings.password,
    },
  });
  await server.initialize();
  if (hidden === true) hideCertificate(server);
  server.on("session_activated", (session) => console.log(`session activated: ${session.sessionName}`));
  server.on("session_closed", (session) => console.log(`session closed: ${session.sessionName}`));
  return server;
}

/** Says where it listens, and ends with SIGTERM or with the test that started it. */
export async function serve(server: OPCUAServer, settings: EndpointSettings): Promise<void> {
  await server.start();
  console.log(`listening on 127.0.0.1:${settings.port}, advertised as ${settings.advertised}`);
  // The test is gone: so are we.
  process.on("disconnect", () => process.exit(0));
  process.on("SIGTERM", () => {
    server.shutdown().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
