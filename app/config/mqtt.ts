import type { KeyObject } from "node:crypto";
import { ConfigError, ConfigFault } from "./fault.ts";
import { type QualityOfService, readMqttFile, type TopicSetting } from "./mqtt-file.ts";
import { MQTT_PATHS } from "./paths.ts";
import {
  checkPair,
  fileFault,
  type NamedFile,
  namedBytes,
  parsePrivateKey,
  readPemCertificates,
  readPrivateKeyPem,
} from "./pki.ts";
import type { RawSide } from "./raw-files.ts";
import { readRevocationLists, revocationListPem } from "./revocation-lists.ts";

/** Everything the MQTT cell works from: the settings with their defaults (design §9) and the files that they name. */

const DEFAULT_KEEP_ALIVE_S = 60;
const DEFAULT_QOS: QualityOfService = 1;
/** MQTT 3.1.1 §3.1.3.1: every broker accepts this many bytes of these characters. */
const MAX_CLIENT_ID = 23;
const NOT_CLIENT_ID = /[^0-9A-Za-z]+/g;
/** R129. */
const MIN_RSA_BITS = 2048;

export interface MqttSettings {
  readonly hubId: number;
  readonly name: string;
  readonly clientId: string;
  readonly host: string;
  readonly port: number;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly trustedPem: readonly string[];
  /** Every `*.crl` beside the trusted certificates, as PEM. */
  readonly revocationLists: readonly string[];
  readonly user: { readonly name: string; readonly password: string | null } | null;
  readonly will: { readonly topicName: string; readonly message: string } | null;
  /** Seconds, never 0 (L13). */
  readonly keepAlive: number;
  readonly qos: QualityOfService;
  readonly topics: readonly TopicSetting[];
  readonly warnings: readonly ConfigFault[];
}

/** A client identifier out of a free name: at most 23 characters of 0-9, a-z, A-Z. */
export function clientIdFromName(name: string): string {
  return name.replace(NOT_CLIENT_ID, "").slice(0, MAX_CLIENT_ID) || "gateway";
}

function certificateFile(side: RawSide, name: string, pointer: string): NamedFile {
  return {
    name,
    directory: `HW-IDS:${MQTT_PATHS.certificates}`,
    files: side.certificates,
    setting: `${MQTT_PATHS.settingsName} ${pointer}`,
  };
}

/** R128, R129: a PEM key that the broker can take seriously. */
function readKey(file: NamedFile): { pem: string; key: KeyObject } {
  if (!namedBytes(file).includes("-----BEGIN "))
    throw fileFault(file, "it is not in PEM form", "convert the key to PEM");
  const pem = readPrivateKeyPem(file);
  const key = parsePrivateKey(file, pem);
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (key.asymmetricKeyType === "rsa" && bits !== undefined && bits < MIN_RSA_BITS) {
    throw fileFault(file, `the RSA key has only ${bits} bits`, `use a key of at least ${MIN_RSA_BITS} bits`);
  }
  return { pem, key };
}

/** Reads everything the MQTT cell works from. Throws `ConfigError` with every fault that was found. */
export function readMqttSettings(side: RawSide): MqttSettings {
  const { file, value, topics, faults, warnings, host, port } = readMqttFile(side.settings);
  const attempt = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigFault)) throw error;
      faults.push(error);
      return null;
    }
  };
  const names = value.security.clientPkiData;
  const certificate = certificateFile(side, names.certificate, "/security/clientPkiData/certificate");
  const key: NamedFile = {
    name: names.privateKey,
    directory: `HW-IDS:${MQTT_PATHS.privateKeys}`,
    files: side.privateKeys,
    setting: `${MQTT_PATHS.settingsName} /security/clientPkiData/privateKey`,
  };
  const certificatePem = attempt(() => readPemCertificates(certificate));
  const privateKey = attempt(() => readKey(key));
  if (certificatePem !== null && privateKey !== null) {
    attempt(() => checkPair({ certificate, key, leaf: certificatePem, privateKey: privateKey.key }));
  }
  const trustedPem = value.security.trustStore.map((name, index) =>
    attempt(() => readPemCertificates(certificateFile(side, name, `/security/trustStore/${index}`))),
  );
  const revocationLists = readRevocationLists({
    files: side.certificates,
    directory: `HW-IDS:${MQTT_PATHS.certificates}`,
    onFault: (fault) => faults.push(fault),
  }).map(revocationListPem);
  if (value.keepAlive === 0) {
    const problem = `0 does not switch keep alive off; ${DEFAULT_KEEP_ALIVE_S} s is used`;
    warnings.push(file.fault("/keepAlive", problem, "write the number of seconds"));
  }
  const usable = trustedPem.filter((pem) => pem !== null);
  if (faults.length > 0 || certificatePem === null || privateKey === null) throw new ConfigError(faults);
  const user = value.userCredentials;
  return {
    hubId: value.id,
    name: value.name,
    clientId: value.clientId ?? clientIdFromName(value.name),
    host,
    port,
    certificatePem,
    privateKeyPem: privateKey.pem,
    trustedPem: usable,
    revocationLists,
    user: user?.username !== undefined ? { name: user.username, password: user.password ?? null } : null,
    will: value.lastWill ?? null,
    keepAlive: value.keepAlive || DEFAULT_KEEP_ALIVE_S,
    qos: value.qualityOfService ?? DEFAULT_QOS,
    topics,
    warnings,
  };
}
