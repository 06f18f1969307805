/** What tests of the OPC UA cell against node-opcua's server have in common: the server's identity, the cell's settings. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  DataType,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  type OPCUAServerOptions,
  type UAVariable,
} from "node-opcua";
import { Collector, type CollectorOptions } from "../../app/cells/opcua/collector.ts";
import type { OpcUaSettings } from "../../app/config/opcua.ts";
import type { NodeSetting } from "../../app/config/opcua-file.ts";
import type { Certificate } from "../lab/pki.ts";
import { logInto } from "./app-log-into.ts";

/** A server at `port` that proves itself with `certificate`, accepts any client and offers every mode. */
export function serverOptions(options: {
  port: number;
  certificate: Pick<Certificate, "certFile" | "keyFile">;
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

/** A started server with the Double variables `s=<name>`, each 0 at first. */
export async function startServer(
  options: OPCUAServerOptions,
  names: readonly string[],
): Promise<{ server: OPCUAServer; variables: UAVariable[]; add: (name: string) => UAVariable }> {
  const server = new OPCUAServer(options);
  await server.initialize();
  const space = server.engine.addressSpace;
  if (!space) throw new Error("the server has no address space");
  const add = (name: string): UAVariable => {
    const variable = space.getOwnNamespace().addVariable({
      organizedBy: space.rootFolder.objects,
      browseName: name,
      nodeId: `s=${name}`,
      dataType: "Double",
    });
    setDouble(variable, 0);
    return variable;
  };
  const variables = names.map(add);
  await server.start();
  return { server, variables, add };
}

export function setDouble(variable: UAVariable | undefined, value: number): void {
  variable?.setValueFromSource({ dataType: DataType.Double, value });
}

/** Settings of nodes for the variables `s=<name>`; their ports count from 1. */
export function nodesFor(names: readonly string[]): NodeSetting[] {
  return names.map((name, index) => ({
    port: index + 1,
    name,
    nodeId: `ns=1;s=${name}`,
    pointer: `/nodes/${index}`,
  }));
}

/** A collector, what it logs, and the values of each node in the order in which they came. */
export function collect(
  settings: OpcUaSettings,
  options: Partial<CollectorOptions> = {},
): { collector: Collector; lines: string[]; valuesOf: (name: string) => unknown[] } {
  const lines: string[] = [];
  const values = new Map<string, unknown[]>(settings.nodes.map(({ name }) => [name, []]));
  const take = (port: number, text: string): void => {
    const name = settings.nodes.find((node) => node.port === port)?.name ?? "";
    const { Value, StatusCode } = JSON.parse(text);
    values.get(name)?.push(StatusCode ? StatusCode.Symbol : Value);
  };
  const collector = new Collector({
    settings,
    log: { ...logInto(lines), debug: () => undefined },
    handlers: {
      onText: take,
      onWarning: (node, text) => void lines.push(`Warning: ${node.name} ${text}`),
    },
    ...options,
  });
  return { collector, lines, valuesOf: (name) => values.get(name) ?? [] };
}
