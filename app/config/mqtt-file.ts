import { isPublishedPassword, isStrongPassword } from "./passwords.ts";
import { MQTT_PATHS } from "./paths.ts";
import { findDoubles, type Port, type Ports, splitAddress } from "./ports.ts";
import type { RawFile } from "./raw-files.ts";
import { readSettingsFile, type Salvaged } from "./settings-file.ts";
import { validateMqttSchema } from "./validators.ts";

/** `MqttPublisherSettings-0.json` by itself: what it says, without the files that it names (R81–R109). */

export type QualityOfService = 0 | 1 | 2;

const DEFAULT_PORT = 8883;
const DEFAULT_QOS: QualityOfService = 1;
/** MQTT 3.1.1 §1.5.3: a UTF-8 string has a two-byte length. */
const MAX_MQTT_STRING_BYTES = 65535;
/** MQTT 3.1.1 §3.1.3.1: every broker accepts this many bytes of these characters. */
const MAX_CLIENT_ID = 23;
const NOT_CLIENT_ID = /[^0-9A-Za-z]+/g;

/** The file as the schema describes it. */
interface MqttFile {
  readonly id: number;
  readonly name: string;
  readonly clientId?: string;
  readonly serverUri: string;
  readonly security: {
    readonly clientPkiData: { readonly certificate: string; readonly privateKey: string };
    readonly trustStore: readonly string[];
  };
  readonly userCredentials: null | { readonly username?: string; readonly password?: string };
  readonly lastWill?: null | {
    /** Both or neither. */
    readonly topicName?: string;
    readonly message?: string;
    readonly retain?: boolean;
  };
  readonly keepAlive?: number;
  readonly qualityOfService?: QualityOfService;
  readonly debug?: boolean;
  readonly topics: readonly {
    readonly id: number;
    readonly name: string;
    readonly topicName: string;
    readonly qualityOfService?: QualityOfService;
    readonly retain?: boolean;
  }[];
}

export interface TopicSetting extends Port {
  readonly topicName: string;
  /** Its own or the one of all messages (R97, L11). */
  readonly qualityOfService: QualityOfService;
  /** Whether the broker keeps the last value for those who subscribe later (L12). */
  readonly retain: boolean;
}

export const MQTT_FILE = `HW-IDS:${MQTT_PATHS.settingsDirectory}/${MQTT_PATHS.settingsName}`;

/** A client identifier out of a free name: at most 23 characters of 0-9, a-z, A-Z. */
export function clientIdFromName(name: string): string {
  return name.replace(NOT_CLIENT_ID, "").slice(0, MAX_CLIENT_ID) || "gateway";
}

/** Reads the file against its schema and its own rules; the faults are for the caller to throw. */
export function readMqttFile(raw: RawFile) {
  const file = readSettingsFile(raw, MQTT_FILE, validateMqttSchema);
  const value = file.value as Salvaged<MqttFile>;
  const qualityOfService = value.qualityOfService ?? DEFAULT_QOS;
  const entries = (value.topics ?? []).map((topic, index) => ({
    port: topic?.id,
    name: topic?.name,
    topicName: topic?.topicName,
    qualityOfService: topic?.qualityOfService ?? qualityOfService,
    retain: topic?.retain ?? false,
    pointer: `/topics/${index}`,
  }));
  const faults = [...file.faults, ...findDoubles(entries, file.fault)];
  const warnings = [...file.warnings];
  const isText = (text: string): boolean =>
    !/\p{Surrogate}/u.test(text) && Buffer.byteLength(text) <= MAX_MQTT_STRING_BYTES;
  const check = (topicName: string | undefined, pointer: string): void => {
    if (topicName === undefined) return;
    if (!isText(topicName)) faults.push(file.fault("topic-utf8", pointer));
    if (topicName.includes("$")) warnings.push(file.fault("topic-dollar", pointer));
  };
  const byTopic = new Map<string, string>();
  for (const { topicName, pointer } of entries) {
    check(topicName, `${pointer}/topicName`);
    if (topicName === undefined) continue;
    const other = byTopic.get(topicName);
    if (other === undefined) byTopic.set(topicName, pointer);
    else warnings.push(file.fault("topic-shared", `${pointer}/topicName`, { other }));
  }
  check(value.lastWill?.topicName, "/lastWill/topicName");
  const { clientId, userCredentials, lastWill } = value;
  for (const [text, pointer, mayHaveNul] of [
    [clientId, "/clientId", false],
    [userCredentials?.username, "/userCredentials/username", false],
    [userCredentials?.password, "/userCredentials/password", true],
    [lastWill?.message, "/lastWill/message", true],
  ] as const) {
    if (text !== undefined && !(isText(text) && (mayHaveNul || !text.includes("\0"))))
      faults.push(file.fault("mqtt-text", pointer));
  }
  if (clientId === "")
    warnings.push(file.fault("client-id-empty", "/clientId", { id: clientIdFromName(value.name ?? "") }));
  if (value.keepAlive === 0) warnings.push(file.fault("keep-alive-zero", "/keepAlive"));
  if (value.debug) warnings.push(file.fault("debug-on", "/debug"));
  const password = userCredentials?.password;
  if (password !== undefined && !isStrongPassword(password))
    warnings.push(file.fault("password-weak", "/userCredentials/password"));
  if (password !== undefined && isPublishedPassword(password))
    warnings.push(file.fault("password-published", "/userCredentials/password"));
  const address = splitAddress({
    url: value.serverUri ?? "",
    pointer: "/serverUri",
    defaultPort: DEFAULT_PORT,
    fault: file.fault,
  });
  faults.push(...address.faults);
  // Only a file without faults is worked from, and then nothing is missing in any entry.
  const topics = entries as readonly TopicSetting[];
  const { host, port } = address;
  return { file, value, topics, qualityOfService, faults, warnings, host, port };
}

/** What a file without faults says. */
export function wholeMqttFile(value: Salvaged<MqttFile>): MqttFile {
  return value as MqttFile;
}

/** Target ports and hub id (R117–R122); of a file with faults only what is whole means anything. */
export function mqttPorts({ file, value, topics }: ReturnType<typeof readMqttFile>): Ports {
  const hubId = file.isWhole("/id") ? value.id : undefined;
  return { hubId, ports: topics, fault: file.fault };
}
