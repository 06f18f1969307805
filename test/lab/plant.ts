/** What surrounds the gateway in every story: a demo OPC UA server, a broker, an ear at the broker, a site's files. */
import { Broker } from "./broker.ts";
import { brokerUri, EXTERNAL, INTERNAL, SERVER_URL, serverUrl } from "./network.ts";
import { Observer } from "./observer.ts";
import { DemoServer, type ValueServer } from "./opcua-server.ts";
import { Open62541Server } from "./open62541/server.ts";
import { type KeyKind, makeSitePki, type SitePki } from "./pki.ts";
import { type SiteFiles, siteFiles } from "./site.ts";
import { STRUCTURED_VARIABLES } from "./structures.ts";
import { ALL_VARIABLES, type DemoVariable, VARIABLES } from "./variables.ts";
import type { Workbench } from "./workbench.ts";

export type ServerKind = "node-opcua" | "open62541";

export interface PlantOptions {
  readonly bench: Workbench;
  /** Where the gateway runs: on the card, with two networks of its own, or as a process of this machine. */
  readonly gateway: "card" | "node";
  /** Who speaks OPC UA to the gateway; default: node-opcua. */
  readonly serverKind?: ServerKind;
  /** Also the variables beyond R76. */
  readonly extras?: boolean;
  readonly mqttKey?: KeyKind;
  readonly opcuaEncoding?: "pem" | "der";
  readonly readingCycle?: number;
  readonly heartbeatSeconds?: number | null;
  readonly keepAliveSeconds?: number;
  /** The settings name server and broker by these names instead of addresses. Only with `card`. */
  readonly hostNames?: { readonly server: string; readonly broker: string };
}

export interface Plant {
  readonly pki: SitePki;
  readonly server: ValueServer;
  readonly broker: Broker;
  readonly observer: Observer;
  readonly variables: readonly Pick<DemoVariable, "name" | "nodeId">[];
  readonly files: SiteFiles;
  /** What QEMU's networks lead to. */
  readonly hostPorts: { readonly server: number; readonly broker: number };
}

export async function startPlant(options: PlantOptions): Promise<Plant> {
  const { bench, gateway, extras = false, mqttKey, hostNames, serverKind = "node-opcua", ...site } = options;
  const onCard = gateway === "card";
  const pki = await makeSitePki({
    dir: bench.path("pki"),
    serverAddress: onCard ? INTERNAL.peer : "127.0.0.1",
    brokerAddress: onCard ? EXTERNAL.peer : "127.0.0.1",
    ...(mqttKey === undefined ? {} : { mqttKey }),
    ...(hostNames === undefined ? {} : { brokerName: hostNames.broker }),
  });
  const plain = extras ? ALL_VARIABLES : VARIABLES;
  const structured = extras ? STRUCTURED_VARIABLES : [];
  const variables = [...plain, ...structured];
  const server =
    serverKind === "open62541"
      ? await Open62541Server.start({
          bench,
          variables,
          certificate: pki.opcuaServer,
          trusted: [pki.opcuaClient],
          endpoints: [["Basic256Sha256", "SignAndEncrypt"]],
        })
      : await DemoServer.start({ bench, pki, extras, ...(onCard ? { advertised: SERVER_URL } : {}) });
  const broker = await Broker.start({ bench, pki });
  const observer = await Observer.start({ bench, pki, broker });
  const files = siteFiles({
    pki,
    variables,
    serverUrl: onCard ? serverUrl(hostNames?.server) : `opc.tcp://127.0.0.1:${server.port}`,
    brokerUri: onCard ? brokerUri(hostNames?.broker) : `ssl://127.0.0.1:${broker.port}`,
    ...site,
  });
  const hostPorts = { server: server.port, broker: broker.port };
  return { pki, server, broker, observer, variables, files, hostPorts };
}
