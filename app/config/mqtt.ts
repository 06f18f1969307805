import type { KeyObject } from "node:crypto";
import { certificateFacts } from "./certificate-facts.ts";
import { checkUsage, checkValidity, TLS_USAGES } from "./certificate-rules.ts";
import { attempt, ConfigError, type ConfigFault, type Examined } from "./fault.ts";
import { type QualityOfService, readMqttFile, type TopicSetting, wholeMqttFile } from "./mqtt-file.ts";
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
  readonly will: { readonly topicName: string; readonly message: string; readonly retain: boolean } | null;
  /** Seconds, never 0 (L13). */
  readonly keepAlive: number;
  readonly qos: QualityOfService;
  readonly topics: readonly TopicSetting[];
  readonly debug: boolean;
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
  if (!namedBytes(file).includes("-----BEGIN ")) throw fileFault("key-not-pem", file);
  const pem = readPrivateKeyPem(file);
  const key = parsePrivateKey(file, pem);
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (key.asymmetricKeyType === "rsa" && bits !== undefined && bits < MIN_RSA_BITS)
    throw fileFault("key-short", file, { bits });
  return { pem, key };
}

/** What is wrong or odd with the client's own certificate, the first of its file. */
function checkOwn(file: NamedFile, pem: string): ConfigFault[] {
  const [own] = pem.split("-----END", 1);
  const facts = certificateFacts(Buffer.from(own?.replace(/-----[^-]+-----/, "") ?? "", "base64"));
  const { weakHash } = facts;
  return [
    ...(weakHash === null ? [] : [fileFault("certificate-hash", file, { hash: weakHash })]),
    ...checkValidity(file, facts),
    ...checkUsage(file, facts, TLS_USAGES),
  ];
}

/** The MQTT side with all that is wrong or odd about it; settings only when nothing is wrong. */
export function examineMqtt(side: RawSide): Examined<MqttSettings> {
  const { value, topics, qualityOfService, faults, warnings, host, port } = readMqttFile(side.settings);
  const report = (fault: ConfigFault): void => {
    (fault.severity === "error" ? faults : warnings).push(fault);
  };
  const names = value.security?.clientPkiData ?? {};
  const read = <T>(name: string | undefined, reader: () => T): T | null =>
    name === undefined ? null : attempt(reader, report);
  const certificate = certificateFile(side, names.certificate ?? "", "/security/clientPkiData/certificate");
  const key: NamedFile = {
    name: names.privateKey ?? "",
    directory: `HW-IDS:${MQTT_PATHS.privateKeys}`,
    files: side.privateKeys,
    setting: `${MQTT_PATHS.settingsName} /security/clientPkiData/privateKey`,
  };
  const certificatePem = read(names.certificate, () => readPemCertificates(certificate));
  const privateKey = read(names.privateKey, () => readKey(key));
  if (certificatePem !== null && privateKey !== null) {
    const fits = attempt(() => {
      checkPair({ certificate, key, leaf: certificatePem, privateKey: privateKey.key });
      return true;
    }, report);
    if (fits) for (const fault of checkOwn(certificate, certificatePem)) report(fault);
  }
  const trustedPem = (value.security?.trustStore ?? []).map((name, index) =>
    read(name, () => readPemCertificates(certificateFile(side, name ?? "", `/security/trustStore/${index}`))),
  );
  const revocationLists = readRevocationLists({
    files: side.certificates,
    directory: `HW-IDS:${MQTT_PATHS.certificates}`,
    onFault: report,
  }).map(({ der }) => revocationListPem(der));
  const usable = trustedPem.filter((pem) => pem !== null);
  if (faults.length > 0 || certificatePem === null || privateKey === null)
    return { faults, warnings, settings: null };
  const whole = wholeMqttFile(value);
  const user = whole.userCredentials;
  const settings: MqttSettings = {
    hubId: whole.id,
    name: whole.name,
    clientId: whole.clientId ?? clientIdFromName(whole.name),
    host,
    port,
    certificatePem,
    privateKeyPem: privateKey.pem,
    trustedPem: usable,
    revocationLists,
    user: user?.username !== undefined ? { name: user.username, password: user.password ?? null } : null,
    will: whole.lastWill ? { ...whole.lastWill, retain: whole.lastWill.retain ?? false } : null,
    keepAlive: whole.keepAlive || DEFAULT_KEEP_ALIVE_S,
    qos: qualityOfService,
    topics,
    debug: whole.debug ?? false,
    warnings,
  };
  return { faults, warnings, settings };
}

/** Reads everything the MQTT cell works from. Throws `ConfigError` with every fault that was found. */
export function readMqttSettings(side: RawSide): MqttSettings {
  const { faults, settings } = examineMqtt(side);
  if (!settings) throw new ConfigError(faults);
  return settings;
}
