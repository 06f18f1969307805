/** Settings for opcua-server.ts, with the certificates of pki.ts in `folder`. */
import { readFileSync } from "node:fs";
import { crypto_utils } from "node-opcua-client";
import type { OpcUaSettings } from "../../../app/config/opcua.ts";

export function opcuaSettings(folder: string, port: string): OpcUaSettings {
  const pem = (name: string) => readFileSync(`${folder}/${name}`, "utf8");
  return {
    hubId: 0,
    name: "case",
    url: `opc.tcp://127.0.0.1:${port}`,
    host: "127.0.0.1",
    tcpPort: Number(port),
    readingCycle: 0,
    significantDigits: null,
    debug: false,
    summary: [],
    mode: "SignAndEncrypt",
    policy: "Basic256Sha256",
    trusted: [crypto_utils.convertPEMtoDER(pem("ca.pem"))],
    revocationLists: [{ file: "ca.crl", der: crypto_utils.convertPEMtoDER(pem("ca.crl")) }],
    identity: {
      chain: [crypto_utils.convertPEMtoDER(pem("rsa.pem"))],
      privateKeyPem: pem("rsa.key"),
      applicationUri: "urn:host:gateway",
    },
    user: { name: "user", password: "right" },
    heartbeat: null,
    /* The server's clock: it has a value from the start. */
    nodes: [{ port: 1, name: "time", nodeId: "ns=0;i=2258", pointer: "/nodes/0" }],
    warnings: [],
  };
}
