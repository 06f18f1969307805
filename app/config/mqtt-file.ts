import { ConfigError } from "./fault.ts";
import { MQTT_PATHS } from "./paths.ts";
import { findDoubles, type Port, type Ports, splitAddress } from "./ports.ts";
import type { RawFile } from "./raw-files.ts";
import { readSettingsFile } from "./settings-file.ts";
import { validateMqttSchema } from "./validators.ts";

/** `MqttPublisherSettings-0.json` by itself: what it says, without the files that it names (R81–R109). */

export type QualityOfService = 0 | 1 | 2;

const DEFAULT_PORT = 8883;
/** MQTT 3.1.1 §1.5.3: a UTF-8 string has a two-byte length. */
const MAX_MQTT_STRING_BYTES = 65535;

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
  readonly lastWill?: { readonly topicName: string; readonly message: string };
  readonly keepAlive?: number;
  readonly qualityOfService?: QualityOfService;
  readonly topics: readonly { readonly id: number; readonly name: string; readonly topicName: string }[];
}

export interface TopicSetting extends Port {
  readonly topicName: string;
}

export const MQTT_FILE = `HW-IDS:${MQTT_PATHS.settingsDirectory}/${MQTT_PATHS.settingsName}`;

/** Reads the file against its schema and its own rules; the faults are for the caller to throw. */
export function readMqttFile(raw: RawFile) {
  const file = readSettingsFile(raw, MQTT_FILE, validateMqttSchema);
  const value = file.value as MqttFile;
  const topics: TopicSetting[] = value.topics.map(({ id, name, topicName }, index) => ({
    port: id,
    name,
    topicName,
    pointer: `/topics/${index}`,
  }));
  const faults = findDoubles(topics, file.fault);
  const warnings = [...file.warnings];
  const checked = topics.map(({ topicName, pointer }) => ({ topicName, pointer: `${pointer}/topicName` }));
  if (value.lastWill) checked.push({ topicName: value.lastWill.topicName, pointer: "/lastWill/topicName" });
  for (const { topicName, pointer } of checked) {
    if (/\p{Surrogate}/u.test(topicName) || Buffer.byteLength(topicName) > MAX_MQTT_STRING_BYTES) {
      const problem = `the topic is not valid UTF-8 of at most ${MAX_MQTT_STRING_BYTES} bytes`;
      faults.push(file.fault(pointer, problem, "choose another topic"));
    }
    // R103: allowed, but brokers keep such topics for themselves.
    if (topicName.startsWith("$")) {
      warnings.push(
        file.fault(pointer, "topics that begin with $ belong to the broker", "choose another topic"),
      );
    }
  }
  const address = splitAddress({
    url: value.serverUri,
    pointer: "/serverUri",
    defaultPort: DEFAULT_PORT,
    fault: file.fault,
  });
  faults.push(...address.faults);
  return { file, value, topics, faults, warnings, host: address.host, port: address.port };
}

/** Target ports and hub id for the navigation cell (R117–R122). Throws `ConfigError` when the file is faulty. */
export function readMqttPorts(raw: RawFile): Ports {
  const { file, value, topics, faults } = readMqttFile(raw);
  if (faults.length > 0) throw new ConfigError(faults);
  return { hubId: value.id, ports: topics, fault: file.fault };
}
