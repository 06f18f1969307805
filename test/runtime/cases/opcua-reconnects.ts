/**
 * Device only: the OPC UA cell's collector connects, gets its first value, says good-bye, over and over. Tells whether
 * memory and descriptors stay flat. Arguments: PKI folder, port, how often, and "heap" when RAM says nothing.
 */
import { readFileSync } from "node:fs";
import { crypto_utils } from "node-opcua-client";
import { Collector } from "../../../app/cells/opcua/collector.ts";
import { silenceLibrary } from "../../../app/cells/opcua/connection/client-options.ts";
import type { OpcUaSettings } from "../../../app/config/opcua.ts";
import { closed, measure, settled } from "./measure.ts";

const [, , folder = "", port = "", count = "", memory = ""] = process.argv;
const rounds = Number(count);
/** Objects that refer to each other wait for a collection; without one now and then the heap's end says little. */
const collection = Math.ceil(rounds / 20);
const warmUp = 8 * collection;

const pem = (name: string) => readFileSync(`${folder}/${name}`, "utf8");
const settings: OpcUaSettings = {
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

async function visit(): Promise<void> {
  let arrived: () => void = () => undefined;
  const value = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const collector = new Collector({
    settings,
    log: { info: () => undefined, warning: console.log, error: console.log, debug: () => undefined },
    handlers: { onText: () => arrived(), onWarning: (_node, text) => console.log(text) },
  });
  await collector.run();
  await value;
  await collector.stop();
}

async function main(): Promise<void> {
  silenceLibrary();
  const first = measure();
  let before = first;
  for (let round = 1; round <= rounds; round++) {
    await visit();
    await closed(first);
    const now = round % collection === 0 ? measure() : null;
    if (now && round === warmUp) before = now;
  }
  console.log(`connected ${rounds}`);
  console.log(await settled(before, memory === "heap"));
  const last = measure();
  console.log(`descriptors as at the start: ${last.descriptors.join() === first.descriptors.join()}`);
  process.exit(0);
}

void main();
