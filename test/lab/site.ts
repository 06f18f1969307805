/** What an installer puts on HW-IDS for a site: both settings files, certificates and keys, at the product's paths. */
import { readFileSync } from "node:fs";
import { GATEWAY_USER } from "./broker.ts";
import { SERVER_USER } from "./opcua-server.ts";
import type { SitePki } from "./pki.ts";
import type { DemoVariable } from "./variables.ts";

const CONFIG = "/app/Core/config/transfer";
const CERTS = "/app/Core/pki/certs/transfer";
const KEYS = "/app/Core/pki/private/transfer";

/** R15–R20. */
export const CARD_PATHS = {
  opcuaSettings: `${CONFIG}/opc_ua/client/OpcUaClientSettings-0.json`,
  mqttSettings: `${CONFIG}/mqtt/publisher/MqttPublisherSettings-0.json`,
  opcuaCerts: `${CERTS}/opc_ua/client`,
  opcuaKeys: `${KEYS}/opc_ua/client`,
  mqttCerts: `${CERTS}/mqtt/publisher`,
  mqttKeys: `${KEYS}/mqtt/publisher`,
} as const;

/** HW-IDS: path → content. Tests break a site by changing an entry. */
export type SiteFiles = Map<string, string | Uint8Array>;

export interface SiteOptions {
  readonly pki: SitePki;
  /** `opc.tcp://…`, `ssl://…` as the gateway sees them. */
  readonly serverUrl: string;
  readonly brokerUri: string;
  readonly variables: readonly Pick<DemoVariable, "name" | "nodeId">[];
  /** 0 = as fast as the server allows: every change is reported (R46). */
  readonly readingCycle?: number;
  /** null: no heartbeat. */
  readonly heartbeatSeconds?: number | null;
  readonly keepAliveSeconds?: number;
  /** How the OPC UA certificates are stored on the card (design §9: both are read). */
  readonly opcuaEncoding?: "pem" | "der";
}

export const HEARTBEAT_TOPIC = "Heartbeat";
export const WILL_TOPIC = "LastWill";

/** Spaces and levels are allowed in a topic (R106, R107). */
export function topicOf(variable: Pick<DemoVariable, "name">): string {
  return `Plant 1/Machine/${variable.name}`;
}

export function siteFiles(options: SiteOptions): SiteFiles {
  const { pki, variables } = options;
  const { heartbeatSeconds = 5 } = options;
  const opcuaFile = options.opcuaEncoding === "der" ? "derFile" : "certFile";
  const opcua = {
    id: 0,
    name: "Demo plant OPC UA client",
    description: "Collects data from the demo machine",
    url: options.serverUrl,
    readingCycle: options.readingCycle ?? 0,
    security: {
      mode: "SignAndEncrypt",
      policy: "Basic256Sha256",
      clientPkiData: { certificate: "opc-ua-client.crt", privateKey: "opc-ua-client.key" },
      trustList: ["opc-ua-server.crt"],
    },
    userCredentials: SERVER_USER,
    ...(heartbeatSeconds === null
      ? {}
      : { heartbeat: { id: 0, name: "Heartbeat", timeout: heartbeatSeconds } }),
    nodes: variables.map(({ name, nodeId }, index) => ({ id: index + 1, name, nodeId })),
  };
  const mqtt = {
    id: 0,
    name: "Demo plant MQTT publisher",
    description: "Publishes the demo machine's data",
    clientId: "gateway-1",
    serverUri: options.brokerUri,
    security: {
      clientPkiData: { certificate: "mqtt-client.crt", privateKey: "mqtt-client.key" },
      trustStore: ["ca.crt"],
    },
    userCredentials: GATEWAY_USER,
    lastWill: { topicName: WILL_TOPIC, message: "LastMessage" },
    keepAlive: options.keepAliveSeconds ?? 60,
    qualityOfService: 1,
    topics: [
      ...(heartbeatSeconds === null ? [] : [{ id: 0, name: "Heartbeat", topicName: HEARTBEAT_TOPIC }]),
      ...variables.map((variable, index) => ({
        id: index + 1,
        name: variable.name,
        topicName: topicOf(variable),
      })),
    ],
  };
  return new Map<string, string | Uint8Array>([
    [CARD_PATHS.opcuaSettings, JSON.stringify(opcua, null, 1)],
    [CARD_PATHS.mqttSettings, JSON.stringify(mqtt, null, 1)],
    [`${CARD_PATHS.opcuaCerts}/opc-ua-client.crt`, readFileSync(pki.opcuaClient[opcuaFile])],
    [`${CARD_PATHS.opcuaCerts}/opc-ua-server.crt`, readFileSync(pki.opcuaServer[opcuaFile])],
    [`${CARD_PATHS.opcuaKeys}/opc-ua-client.key`, readFileSync(pki.opcuaClient.keyFile)],
    [`${CARD_PATHS.mqttCerts}/mqtt-client.crt`, readFileSync(pki.mqttClient.certFile)],
    [`${CARD_PATHS.mqttCerts}/ca.crt`, readFileSync(pki.ca.certFile)],
    [`${CARD_PATHS.mqttKeys}/mqtt-client.key`, readFileSync(pki.mqttClient.keyFile)],
  ]);
}
