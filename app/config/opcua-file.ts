import { ConfigError } from "./fault.ts";
import { OPCUA_PATHS } from "./paths.ts";
import { findDoubles, type Port, type Ports, splitAddress } from "./ports.ts";
import type { RawFile } from "./raw-files.ts";
import { readSettingsFile } from "./settings-file.ts";
import { validateOpcUaSchema } from "./validators.ts";

/** `OpcUaClientSettings-0.json` by itself: what it says, without the files that it names (R42–R62). */

export type SecurityModeName = "None" | "Sign" | "SignAndEncrypt" | "Any";
export type SecurityPolicyName =
  | "None"
  | "Basic128Rsa15"
  | "Basic256"
  | "Basic256Sha256"
  | "Aes128_Sha256_RsaOaep"
  | "Aes256_Sha256_RsaPss"
  | "Any";

const DEFAULT_PORT = 4840;
const MAX_NAMESPACE = 65535;
const MAX_NUMERIC_ID = 4294967295;

/** The file as the schema describes it. */
interface OpcUaFile {
  readonly id: number;
  readonly name: string;
  readonly url: string;
  readonly readingCycle?: number;
  readonly security: null | {
    readonly mode?: SecurityModeName;
    readonly policy?: SecurityPolicyName;
    readonly clientPkiData?: { readonly certificate: string; readonly privateKey: string };
    readonly trustList?: readonly string[] | "AllowAll";
  };
  readonly userCredentials?: null | { readonly username: string; readonly password: string };
  readonly heartbeat?: { readonly id: number; readonly name: string; readonly timeout: number };
  readonly nodes: readonly { readonly id: number; readonly name: string; readonly nodeId: string }[];
}

export interface NodeSetting extends Port {
  readonly nodeId: string;
}

export const OPCUA_FILE = `HW-IDS:${OPCUA_PATHS.settingsDirectory}/${OPCUA_PATHS.settingsName}`;

function checkNodeId(nodeId: string): string | null {
  const match = /^ns=([0-9]+);(?:i=([0-9]+)|s=)/.exec(nodeId);
  if (Number(match?.[1]) > MAX_NAMESPACE) return `the namespace index is larger than ${MAX_NAMESPACE}`;
  if (match?.[2] !== undefined && Number(match[2]) > MAX_NUMERIC_ID)
    return `the number is larger than ${MAX_NUMERIC_ID}`;
  return null;
}

/** Reads the file against its schema and its own rules; the faults are for the caller to throw. */
export function readOpcUaFile(raw: RawFile) {
  const file = readSettingsFile(raw, OPCUA_FILE, validateOpcUaSchema);
  const value = file.value as OpcUaFile;
  const nodes = value.nodes.map(({ id, name, nodeId }, index) => ({
    port: id,
    name,
    nodeId,
    pointer: `/nodes/${index}`,
  }));
  const heartbeat = value.heartbeat
    ? {
        port: value.heartbeat.id,
        name: value.heartbeat.name,
        seconds: value.heartbeat.timeout,
        pointer: "/heartbeat",
      }
    : null;
  const faults = findDoubles(heartbeat ? [heartbeat, ...nodes] : nodes, file.fault);
  for (const node of nodes) {
    const problem = checkNodeId(node.nodeId);
    if (problem) faults.push(file.fault(`${node.pointer}/nodeId`, problem, "correct the node id"));
  }
  const address = splitAddress({
    url: value.url,
    pointer: "/url",
    defaultPort: DEFAULT_PORT,
    fault: file.fault,
  });
  faults.push(...address.faults);
  return { file, value, nodes, heartbeat, faults, host: address.host, port: address.port };
}

/** Source ports and hub id for the navigation cell (R117–R122). Throws `ConfigError` when the file is faulty. */
export function readOpcUaPorts(raw: RawFile): Ports {
  const { file, value, nodes, heartbeat, faults } = readOpcUaFile(raw);
  if (faults.length > 0) throw new ConfigError(faults);
  return { hubId: value.id, ports: heartbeat ? [heartbeat, ...nodes] : nodes, fault: file.fault };
}
