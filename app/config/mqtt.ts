import type { KeyObject } from "node:crypto";
import { type CertificateFacts, certificateFacts } from "./certificate-facts.ts";
import {
  checkUsage,
  checkValidity,
  keyObjection,
  objection,
  TLS_DEMAND,
  TLS_USAGES,
} from "./certificate-rules.ts";
import { digestFiles } from "./digest.ts";
import { attempt, ConfigError, type ConfigFault, type Examined } from "./fault.ts";
import {
  clientIdFromName,
  MQTT_FILE,
  type QualityOfService,
  readMqttFile,
  type TopicSetting,
  wholeMqttFile,
} from "./mqtt-file.ts";
import { MQTT_PATHS } from "./paths.ts";
import {
  checkPair,
  derOfPem,
  fileFault,
  type NamedFile,
  namedBytes,
  parsePrivateKey,
  pemBlocks,
  readPemCertificates,
  readPrivateKeyPem,
} from "./pki.ts";
import type { RawSide } from "./raw-files.ts";
import { readRevocationLists, revocationListPem } from "./revocation-lists.ts";
import { mqttSummary } from "./summary.ts";

/** Everything the MQTT cell works from: the settings with their defaults (design §9) and the files that they name. */

const DEFAULT_KEEP_ALIVE_S = 60;

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
  /** What the log is told at each start. */
  readonly summary: readonly string[];
  readonly warnings: readonly ConfigFault[];
}

function certificateFile(side: RawSide, name: string, pointer: string): NamedFile {
  return {
    name,
    directory: `HW-IDS:${MQTT_PATHS.certificates}`,
    files: side.certificates,
    namedBy: MQTT_FILE,
    pointer,
  };
}

/** R128, R129: a PEM key that the broker can take seriously. */
function readKey(file: NamedFile): { pem: string; key: KeyObject } {
  if (!namedBytes(file).includes("-----BEGIN ")) throw fileFault("key-not-pem", file);
  const pem = readPrivateKeyPem(file);
  const key = parsePrivateKey(file, pem);
  const bits = key.asymmetricKeyDetails?.modulusLength;
  const least = TLS_DEMAND.rsaBits;
  if (key.asymmetricKeyType === "rsa" && bits !== undefined && bits < least)
    throw fileFault("key-short", file, { kind: "RSA", bits, least });
  return { pem, key };
}

function firstOfPem(pem: string): Buffer {
  const [first = ""] = pem.split("-----END", 1);
  return derOfPem(first);
}

/** What is in all certificates of a file; throws a `ConfigFault` when one is damaged. */
function factsOf(file: NamedFile, pem: string): CertificateFacts[] {
  return pemBlocks(Buffer.from(pem, "latin1")).map(({ text }) => {
    try {
      return certificateFacts(derOfPem(text));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw fileFault("certificate-unreadable", file, { reason: error.message });
    }
  });
}

/** What is wrong or odd with the client's own certificate, the first of its file, and those above it (R126, R129). */
function checkOwn(file: NamedFile, [own, ...above]: readonly CertificateFacts[]): ConfigFault[] {
  if (!own) return [];
  const weak = [own, ...above].flatMap((facts) => {
    const { weakHash, key, isSelfIssued } = facts;
    if (keyObjection(facts, TLS_DEMAND) !== null) {
      const least = key.kind === "elliptic curve" ? (TLS_DEMAND.curveBits ?? 0) : TLS_DEMAND.rsaBits;
      return [fileFault("key-short", file, { kind: key.kind ?? "", bits: key.bits, least })];
    }
    // Of one at the top of a chain nobody looks at the signature; K38 is about the client's own all the same.
    if (weakHash === null || (isSelfIssued && facts !== own)) return [];
    return [fileFault("certificate-hash", file, { hash: weakHash })];
  });
  return [...weak, ...checkValidity(file, own), ...checkUsage(file, own, TLS_USAGES)];
}

/**
 * The authorities in a file, of which the broker's certificate may go back to any (R127, R135). TLS looks at the key of
 * each and at the signature of those that another one has issued.
 */
function checkTrusted(file: NamedFile, all: readonly CertificateFacts[]): ConfigFault[] {
  return all.flatMap((facts) => {
    const found = checkValidity(file, facts);
    const reason = (facts.isSelfIssued ? keyObjection : objection)(facts, TLS_DEMAND);
    if (reason !== null) found.push(fileFault("authority-unfit", file, { reason }));
    else if (facts.weakHash !== null)
      found.push(fileFault("certificate-hash-old", file, { hash: facts.weakHash }));
    return found;
  });
}

/** Whether a chain may end here. */
function isTop(facts: CertificateFacts): boolean {
  return facts.isSelfIssued && keyObjection(facts, TLS_DEMAND) === null;
}

/** The MQTT side with all that is wrong or odd about it; settings only when nothing is wrong. */
export function examineMqtt(side: RawSide): Examined<MqttSettings> {
  const { file, value, topics, qualityOfService, faults, warnings, host, port } = readMqttFile(side.settings);
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
    namedBy: MQTT_FILE,
    pointer: "/security/clientPkiData/privateKey",
  };
  const certificatePem = read(names.certificate, () => readPemCertificates(certificate));
  const privateKey = read(names.privateKey, () => readKey(key));
  if (certificatePem !== null && privateKey !== null) {
    const fits = attempt(() => {
      checkPair({ certificate, key, leaf: certificatePem, privateKey: privateKey.key });
      return true;
    }, report);
    const chain = fits && attempt(() => factsOf(certificate, certificatePem), report);
    if (chain) for (const fault of checkOwn(certificate, chain)) report(fault);
  }
  const stored = (value.security?.trustStore ?? []).map((name, index) => {
    const trusted = certificateFile(side, name ?? "", `/security/trustStore/${index}`);
    return read(name, () => {
      const pem = readPemCertificates(trusted);
      const all = factsOf(trusted, pem);
      for (const fault of checkTrusted(trusted, all)) report(fault);
      return { pem, hasTop: all.some(isTop) };
    });
  });
  // What could not be read may hold one.
  if (stored.length > 0 && stored.every((each) => each !== null && !each.hasTop))
    report(file.fault("authority-none", "/security/trustStore"));
  const revocationLists = readRevocationLists({
    files: side.certificates,
    directory: `HW-IDS:${MQTT_PATHS.certificates}`,
    onFault: report,
  }).map(({ der }) => revocationListPem(der));
  const usable = stored.flatMap((each) => each?.pem ?? []);
  if (faults.length > 0 || certificatePem === null || privateKey === null)
    return { faults, warnings, settings: null };
  const whole = wholeMqttFile(value);
  const user = whole.userCredentials;
  const { topicName, message, retain = false } = whole.lastWill ?? {};
  const effective = {
    hubId: whole.id,
    name: whole.name,
    clientId: whole.clientId || clientIdFromName(whole.name),
    host,
    port,
    certificatePem,
    privateKeyPem: privateKey.pem,
    trustedPem: usable,
    revocationLists,
    user: user?.username !== undefined ? { name: user.username, password: user.password ?? null } : null,
    will: topicName !== undefined && message !== undefined ? { topicName, message, retain } : null,
    keepAlive: whole.keepAlive || DEFAULT_KEEP_ALIVE_S,
    qos: qualityOfService,
    topics,
    debug: whole.debug ?? false,
    warnings,
  };
  const { clientPkiData, trustStore } = whole.security;
  const files = digestFiles({
    settings: { name: MQTT_PATHS.settingsName, raw: side.settings },
    certificates: side.certificates,
    names: [clientPkiData.certificate, ...trustStore],
    key: { name: clientPkiData.privateKey, certificate: firstOfPem(certificatePem) },
  });
  const settings = { ...effective, summary: mqttSummary(effective, trustStore, files) };
  return { faults, warnings, settings };
}

/** Reads everything the MQTT cell works from. Throws `ConfigError` with every fault that was found. */
export function readMqttSettings(side: RawSide): MqttSettings {
  const { faults, settings } = examineMqtt(side);
  if (!settings) throw new ConfigError(faults);
  return settings;
}
