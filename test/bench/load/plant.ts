/** What surrounds the gateway while it is measured: a load server, a quiet broker, an ear at it, a site's files. */
import { Broker } from "../../lab/broker.ts";
import { BROKER_URI, EXTERNAL, INTERNAL, SERVER_URL } from "../../lab/network.ts";
import { makeSitePki } from "../../lab/pki.ts";
import { type SiteFiles, siteFiles } from "../../lab/site.ts";
import type { Workbench } from "../../lab/workbench.ts";
import { Arrivals } from "./arrivals.ts";
import { loadItem } from "./protocol.ts";
import { LoadServer } from "./server.ts";

export interface LoadPlant {
  readonly server: LoadServer;
  readonly arrivals: Arrivals;
  readonly files: SiteFiles;
  /** What QEMU's networks lead to. */
  readonly hostPorts: { readonly server: number; readonly broker: number };
}

/**
 * readingCycle 0 throughout: the server then reports every change, none is merged by its sampling, and one round of
 * changes comes as one notification, as it does once per reading cycle with sampling.
 */
export async function startLoadPlant(options: {
  readonly bench: Workbench;
  /** Where the gateway runs: on the card, with two networks of its own, or as a process of this PC. */
  readonly gateway: "card" | "host";
  readonly items: number;
}): Promise<LoadPlant> {
  const { bench, gateway, items } = options;
  const onCard = gateway === "card";
  const pki = await makeSitePki({
    dir: bench.path("pki"),
    serverAddress: onCard ? INTERNAL.peer : "127.0.0.1",
    brokerAddress: onCard ? EXTERNAL.peer : "127.0.0.1",
    mqttKey: "ec:P-256",
  });
  const server = await LoadServer.start({ bench, pki, items, ...(onCard ? { advertised: SERVER_URL } : {}) });
  const broker = await Broker.start({ bench, pki, quiet: true });
  const arrivals = await Arrivals.start({ bench, pki, broker, items });
  const files = siteFiles({
    pki,
    variables: Array.from({ length: items }, (_, index) => loadItem(index)),
    serverUrl: onCard ? SERVER_URL : `opc.tcp://127.0.0.1:${server.port}`,
    brokerUri: onCard ? BROKER_URI : `ssl://127.0.0.1:${broker.port}`,
    readingCycle: 0,
    heartbeatSeconds: null,
  });
  return { server, arrivals, files, hostPorts: { server: server.port, broker: broker.port } };
}
