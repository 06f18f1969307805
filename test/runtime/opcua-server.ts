/** Program: an OPC UA server that speaks every security policy. Arguments: PKI folder. Prints its port. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { MessageSecurityMode, OPCUACertificateManager, OPCUAServer, SecurityPolicy } from "node-opcua";

const folder = process.argv[2] as string;

const MOST_SESSIONS = 1000;

/** The DER bytes of a PEM file. */
function read(name: string): Buffer {
  return Buffer.from(readFileSync(`${folder}/${name}`, "utf8").replace(/-----[^-]+-----|\s/g, ""), "base64");
}

async function main(): Promise<void> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const manager = new OPCUACertificateManager({
    rootFolder: `${folder}/opcua-server-pki`,
    automaticallyAcceptUnknownCertificate: false,
  });
  await manager.initialize();
  await manager.addIssuer(read("ca.pem"));
  await manager.addRevocationList(read("ca.crl"));
  await manager.trustCertificate(read("rsa.pem"));
  const server = new OPCUAServer({
    host: "127.0.0.1",
    hostname: "127.0.0.1",
    port,
    certificateFile: `${folder}/opcua-server.pem`,
    privateKeyFile: `${folder}/server.key`,
    serverCertificateManager: manager,
    serverInfo: { applicationUri: "urn:host:server", productUri: "urn:host:server" },
    securityPolicies: [
      SecurityPolicy.None,
      SecurityPolicy.Basic128Rsa15,
      SecurityPolicy.Basic256,
      SecurityPolicy.Basic256Sha256,
      SecurityPolicy.Aes128_Sha256_RsaOaep,
      SecurityPolicy.Aes256_Sha256_RsaPss,
    ],
    securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
    allowAnonymous: false,
    /* A client that is cut off before its session has gone on leaves one behind. */
    serverCapabilities: { maxSessions: MOST_SESSIONS },
    userManager: { isValidUser: (user: string, password: string) => user === "user" && password === "right" },
  });
  await server.initialize();
  await server.start();
  console.log(`port ${port}`);
  process.on("disconnect", () => process.exit(0));
}

void main();
