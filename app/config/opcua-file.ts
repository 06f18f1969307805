import type { ConfigFault } from "./fault.ts";
import { isPublishedPassword, isStrongPassword } from "./passwords.ts";
import { OPCUA_PATHS } from "./paths.ts";
import { findDoubles, type Port, type Ports, splitAddress } from "./ports.ts";
import type { RawFile } from "./raw-files.ts";
import type { RuleId } from "./rules.ts";
import { readSettingsFile, type Salvaged, type SettingsFile } from "./settings-file.ts";
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
/** As in the product's sample (R57, R58). */
const DEFAULT_HEARTBEAT = { name: "Heartbeat", timeout: 60 } as const;
const MAX_NAMESPACE = 65535;
const MAX_NUMERIC_ID = 4294967295;

/** The file as the schema describes it. */
interface OpcUaFile {
  readonly id: number;
  readonly name: string;
  readonly url: string;
  readonly readingCycle?: number;
  readonly significantDigits?: number;
  readonly debug?: boolean;
  readonly security: null | {
    readonly mode?: SecurityModeName;
    readonly policy?: SecurityPolicyName;
    readonly clientPkiData?: { readonly certificate?: string; readonly privateKey?: string };
    readonly trustList?: readonly string[] | "AllowAll";
  };
  readonly userCredentials?: null | { readonly username?: string; readonly password?: string };
  readonly heartbeat?: null | { readonly id?: number; readonly name?: string; readonly timeout?: number };
  readonly nodes: readonly { readonly id: number; readonly name: string; readonly nodeId: string }[];
}

export interface NodeSetting extends Port {
  readonly nodeId: string;
}

export interface HeartbeatSetting extends Port {
  readonly seconds: number;
}

export const OPCUA_FILE = `HW-IDS:${OPCUA_PATHS.settingsDirectory}/${OPCUA_PATHS.settingsName}`;

function nodeIdRule(nodeId: string): RuleId | null {
  const match = /^ns=([0-9]+);(?:i=([0-9]+)|s=)/.exec(nodeId);
  if (Number(match?.[1]) > MAX_NAMESPACE) return "node-namespace";
  return match?.[2] !== undefined && Number(match[2]) > MAX_NUMERIC_ID ? "node-number" : null;
}

/** What makes the connection weaker than it could be (R69, K24, K33, K36); the certificates have rules of their own. */
function weakenings(value: Salvaged<OpcUaFile>, file: SettingsFile): ConfigFault[] {
  const found: ConfigFault[] = [];
  const { security, userCredentials } = value;
  if (security?.trustList === "AllowAll") found.push(file.fault("trust-all", "/security/trustList"));
  if (isOpen(security))
    found.push(file.fault(userCredentials ? "password-open" : "security-off", "/security"));
  else if (security) {
    const { mode, policy } = security;
    // Either of the two, named, keeps an unprotected connection out.
    if (mode === "Any" && policy === "Any") found.push(file.fault("security-any", "/security/mode"));
    else if (mode === "Any") found.push(file.fault("mode-any", "/security/mode"));
    else if (policy === "Any") found.push(file.fault("policy-any", "/security/policy"));
    if (policy === "Basic128Rsa15" || policy === "Basic256")
      found.push(file.fault("policy-obsolete", "/security/policy", { policy }));
  }
  if (file.isWhole("/userCredentials") && !userCredentials?.username)
    found.push(file.fault("anonymous", "/userCredentials"));
  const password = userCredentials?.password;
  if (password !== undefined && !isStrongPassword(password))
    found.push(file.fault("password-weak", "/userCredentials/password"));
  if (password !== undefined && isPublishedPassword(password))
    found.push(file.fault("password-published", "/userCredentials/password"));
  return found;
}

/** Mode or policy None means: no protection at all (R68). */
export function isOpen(security: Salvaged<OpcUaFile["security"]> | undefined): boolean {
  return security === null || security?.mode === "None" || security?.policy === "None";
}

/** The heartbeat with what is left out filled in, and a word on that; an empty one is none (R56–R58). */
function heartbeatOf({ heartbeat, nodes }: Salvaged<OpcUaFile>, file: SettingsFile) {
  const warnings: ConfigFault[] = [];
  if (!heartbeat || !["id", "name", "timeout"].some((name) => name in heartbeat))
    return { beat: null, warnings };
  const fill = <T extends string | number>(name: string, given: T | undefined, used: T): T | undefined => {
    if (given !== undefined || !file.isWhole(`/heartbeat/${name}`)) return given;
    warnings.push(file.fault("heartbeat-incomplete", "/heartbeat", { name, used }));
    return used;
  };
  const taken = new Set(nodes?.map((node) => node?.id));
  let free = 0;
  while (taken.has(free)) free += 1;
  const beat = {
    port: fill("id", heartbeat.id, free),
    name: fill("name", heartbeat.name, DEFAULT_HEARTBEAT.name),
    seconds: fill("timeout", heartbeat.timeout, DEFAULT_HEARTBEAT.timeout),
    pointer: "/heartbeat",
  };
  return { beat, warnings };
}

/** Reads the file against its schema and its own rules; the faults are for the caller to throw. */
export function readOpcUaFile(raw: RawFile) {
  const file = readSettingsFile(raw, OPCUA_FILE, validateOpcUaSchema);
  const value = file.value as Salvaged<OpcUaFile>;
  const entries = (value.nodes ?? []).map((node, index) => ({
    port: node?.id,
    name: node?.name,
    nodeId: node?.nodeId,
    pointer: `/nodes/${index}`,
  }));
  const { beat, warnings: left } = heartbeatOf(value, file);
  const faults = [...file.faults, ...findDoubles(beat ? [beat, ...entries] : entries, file.fault)];
  for (const { nodeId, pointer } of entries) {
    const rule = nodeId === undefined ? null : nodeIdRule(nodeId);
    if (rule) faults.push(file.fault(rule, `${pointer}/nodeId`));
  }
  const address = splitAddress({
    url: value.url ?? "",
    pointer: "/url",
    defaultPort: DEFAULT_PORT,
    fault: file.fault,
  });
  faults.push(...address.faults);
  const warnings = [...file.warnings, ...left, ...weakenings(value, file)];
  if (value.debug) warnings.push(file.fault("debug-on", "/debug"));
  // Only a file without faults is worked from, and then nothing is missing in any entry.
  const nodes = entries as readonly NodeSetting[];
  const heartbeat = beat as HeartbeatSetting | null;
  return { file, value, nodes, heartbeat, faults, warnings, host: address.host, port: address.port };
}

/** What a file without faults says. */
export function wholeOpcUaFile(value: Salvaged<OpcUaFile>): OpcUaFile {
  return value as OpcUaFile;
}

/** Source ports and hub id (R117–R122); of a file with faults only what is whole means anything. */
export function opcUaPorts({ file, value, nodes, heartbeat }: ReturnType<typeof readOpcUaFile>): Ports {
  const hubId = file.isWhole("/id") ? value.id : undefined;
  return { hubId, ports: heartbeat ? [heartbeat, ...nodes] : nodes, fault: file.fault };
}
