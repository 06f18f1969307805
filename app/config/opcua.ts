import { type CertificateFacts, certificateFacts } from "./certificate-facts.ts";
import {
  checkSubject,
  checkUsage,
  checkValidity,
  demandOf,
  OPCUA_USAGES,
  objection,
} from "./certificate-rules.ts";
import { readCertificates } from "./certificates.ts";
import { digestFiles } from "./digest.ts";
import { attempt, ConfigError, type ConfigFault, type Examined } from "./fault.ts";
import {
  type HeartbeatSetting,
  isOpen,
  type NodeSetting,
  OPCUA_FILE,
  readOpcUaFile,
  type SecurityModeName,
  type SecurityPolicyName,
  wholeOpcUaFile,
} from "./opcua-file.ts";
import { OPCUA_PATHS } from "./paths.ts";
import { checkPair, fileFault, type NamedFile, parsePrivateKey, readPrivateKeyPem } from "./pki.ts";
import type { RawSide } from "./raw-files.ts";
import { type RevocationList, readRevocationLists } from "./revocation-lists.ts";
import { opcuaSummary } from "./summary.ts";

/** Everything the OPC UA cell works from: the settings with their defaults (design §9) and the files that they name. */

const DEFAULT_READING_CYCLE_S = 1;
/** What the gateway calls itself where no certificate of its own does; a server may insist on one that does. */
export const UNNAMED_APPLICATION = "urn:gateway:anonymous";
/** What is not worth a word (requirements §2-C); the least is up to the policy. */
const GOOD_RSA_BITS = { from: 2048, to: 4096 } as const;

/** The client's certificate, PEM or DER in its file, DER here; the key is PEM. */
export interface ClientIdentity {
  readonly chain: readonly Buffer[];
  readonly privateKeyPem: string;
  readonly applicationUri: string;
}

export interface OpcUaSettings {
  readonly hubId: number;
  readonly name: string;
  readonly url: string;
  readonly host: string;
  readonly tcpPort: number;
  /** Seconds; 0 = as fast as possible. */
  readonly readingCycle: number;
  readonly mode: SecurityModeName;
  readonly policy: SecurityPolicyName;
  /** Null: accept any server. */
  readonly trusted: readonly Buffer[] | null;
  /** Every `*.crl` beside the trusted certificates. */
  readonly revocationLists: readonly RevocationList[];
  readonly identity: ClientIdentity | null;
  readonly user: { readonly name: string; readonly password: string } | null;
  readonly heartbeat: HeartbeatSetting | null;
  readonly nodes: readonly NodeSetting[];
  /** Float and Double are rounded to so many digits (R78, L7); null: exact. */
  readonly significantDigits: number | null;
  readonly debug: boolean;
  /** What the log is told at each start. */
  readonly summary: readonly string[];
  readonly warnings: readonly ConfigFault[];
}

function certificateFile(side: RawSide, name: string, pointer: string): NamedFile {
  return {
    name,
    directory: `HW-IDS:${OPCUA_PATHS.certificates}`,
    files: side.certificates,
    namedBy: OPCUA_FILE,
    pointer,
  };
}

function isOddSize(bits: number): boolean {
  return bits < GOOD_RSA_BITS.from || bits > GOOD_RSA_BITS.to;
}

/** R65: what the security policy says about the client's own key and certificate. */
function checkPolicy(options: {
  policy: SecurityPolicyName;
  certificate: NamedFile;
  facts: CertificateFacts;
  key: NamedFile;
  bits: number;
}): ConfigFault[] {
  const { policy, certificate, facts, key, bits } = options;
  const demand = demandOf(policy);
  const found: ConfigFault[] = [];
  if (facts.weakHash !== null) {
    const rule = demand.oldHashes ? "certificate-hash-old" : "certificate-hash";
    found.push(fileFault(rule, certificate, { hash: facts.weakHash }));
  }
  if (bits < demand.rsaBits)
    found.push(fileFault("key-short", key, { kind: "RSA", bits, least: demand.rsaBits }));
  else if (isOddSize(bits)) found.push(fileFault("key-size", key, { bits }));
  return found;
}

/** The client's certificate and key; what is wrong or odd with them goes to `report`. */
function readIdentity(options: {
  side: RawSide;
  names: { readonly certificate: string; readonly privateKey: string };
  /** None: the files are read, but nothing depends on them. */
  policy: SecurityPolicyName;
  report: (fault: ConfigFault) => void;
}): ClientIdentity | null {
  const { side, names, policy, report } = options;
  const certificate = certificateFile(side, names.certificate, "/security/clientPkiData/certificate");
  const key: NamedFile = {
    name: names.privateKey,
    directory: `HW-IDS:${OPCUA_PATHS.privateKeys}`,
    files: side.privateKeys,
    namedBy: OPCUA_FILE,
    pointer: "/security/clientPkiData/privateKey",
  };
  const chain = attempt(() => readCertificates(certificate), report);
  const readKey = () => {
    const pem = readPrivateKeyPem(key);
    const object = parsePrivateKey(key, pem);
    if (object.asymmetricKeyType !== "rsa") throw fileFault("key-not-rsa", key);
    return { pem, object };
  };
  const privateKey = attempt(readKey, report);
  const leaf = chain?.[0];
  if (!chain || !leaf || !privateKey) return null;
  attempt(() => checkPair({ certificate, key, leaf, privateKey: privateKey.object }), report);
  const facts = certificateFacts(leaf);
  // Nothing is signed with it then, so it need not be more than there (L5).
  if (policy === "None" && facts.uri === null) return null;
  if (policy !== "None") {
    // A KISG 100 does not look (L2), and what comes of it is the server's to say.
    if (facts.uri === null)
      report(fileFault("certificate-no-uri", certificate, { uri: UNNAMED_APPLICATION }));
    const bits = privateKey.object.asymmetricKeyDetails?.modulusLength ?? 0;
    for (const fault of [
      ...checkPolicy({ policy, certificate, facts, key, bits }),
      ...checkValidity(certificate, facts),
      ...checkUsage(certificate, facts, OPCUA_USAGES),
      ...checkSubject(certificate, facts),
    ])
      report(fault);
  }
  return { chain, privateKeyPem: privateKey.pem, applicationUri: facts.uri ?? UNNAMED_APPLICATION };
}

/** R65: why no server can be connected with a trusted certificate; of an authority only what it has issued is judged. */
function refusalOf(facts: CertificateFacts, policy: SecurityPolicyName): string | null {
  return facts.isAuthority || policy === "None" ? null : objection(facts, demandOf(policy));
}

/** What is odd about a trusted certificate that is not refused. */
function checkServer(file: NamedFile, facts: CertificateFacts): ConfigFault[] {
  const { weakHash, key } = facts;
  return [
    ...(weakHash === null ? [] : [fileFault("certificate-hash-old", file, { hash: weakHash })]),
    ...(key.kind === "RSA" && !facts.isAuthority && isOddSize(key.bits)
      ? [fileFault("key-size", file, { bits: key.bits })]
      : []),
  ];
}

/** The certificates of `trustList`: the first of each file. Not all of them may be such that the policy refuses them. */
function readTrusted(options: {
  side: RawSide;
  names: readonly (string | undefined)[];
  policy: SecurityPolicyName;
  /** An endpoint without protection will do, where no certificate is asked for. */
  mayBeOpen: boolean;
  report: (fault: ConfigFault) => void;
}): Buffer[] {
  const { side, names, policy, mayBeOpen, report } = options;
  const unfit: { readonly file: NamedFile; readonly reason: string }[] = [];
  const trusted = names.flatMap((name, index) => {
    if (name === undefined) return [];
    const file = certificateFile(side, name, `/security/trustList/${index}`);
    const [leaf] = attempt(() => readCertificates(file), report) ?? [];
    if (!leaf) return [];
    const facts = certificateFacts(leaf);
    const reason = refusalOf(facts, policy);
    if (reason !== null) unfit.push({ file, reason });
    for (const fault of [...checkValidity(file, facts), ...(reason === null ? checkServer(file, facts) : [])])
      report(fault);
    return [leaf];
  });
  const rule = unfit.length === names.length && !mayBeOpen ? "trust-none-fit" : "trusted-unfit";
  for (const { file, reason } of unfit) report(fileFault(rule, file, { reason, policy }));
  return trusted;
}

/** The OPC UA side with all that is wrong or odd about it; settings only when nothing is wrong. */
export function examineOpcUa(side: RawSide): Examined<OpcUaSettings> {
  const { file, value, nodes, heartbeat, faults, warnings, host, port } = readOpcUaFile(side.settings);
  const report = (fault: ConfigFault): void => {
    (fault.severity === "error" ? faults : warnings).push(fault);
  };
  const { security } = value;
  const open = isOpen(security);
  const mode = open ? "None" : (security?.mode ?? "SignAndEncrypt");
  const policy = open ? "None" : (security?.policy ?? "Basic256Sha256");

  let identity: ClientIdentity | null = null;
  const { certificate, privateKey } = security?.clientPkiData ?? {};
  if (certificate !== undefined && privateKey !== undefined)
    identity = readIdentity({ side, names: { certificate, privateKey }, policy, report });
  else if (!open && file.isWhole("/security")) {
    const where = security?.clientPkiData ? "/security/clientPkiData" : "/security";
    report(file.fault("identity-missing", where, { mode }));
  }

  const trustList = security?.trustList ?? [];
  const mayBeOpen = mode === "Any" && policy === "Any";
  const trusted =
    trustList === "AllowAll" ? null : readTrusted({ side, names: trustList, policy, mayBeOpen, report });
  if (!open && trustList.length === 0 && file.isWhole("/security"))
    report(file.fault("trust-nobody", "/security"));
  const revocationLists = readRevocationLists({
    files: side.certificates,
    directory: `HW-IDS:${OPCUA_PATHS.certificates}`,
    onFault: report,
  });
  if (faults.length > 0) return { faults, warnings, settings: null };
  const whole = wholeOpcUaFile(value);
  const user = whole.userCredentials;
  const effective = {
    hubId: whole.id,
    name: whole.name,
    url: `opc.tcp://${host}:${port}${whole.url.replace(/^opc\.tcp:\/\/[^/]*/, "")}`,
    host,
    tcpPort: port,
    readingCycle: whole.readingCycle ?? DEFAULT_READING_CYCLE_S,
    mode,
    policy,
    trusted,
    revocationLists,
    identity,
    user: user?.username ? { name: user.username, password: user.password ?? "" } : null,
    heartbeat,
    nodes,
    significantDigits: whole.significantDigits ?? null,
    debug: whole.debug ?? false,
    warnings,
  };
  const [leaf] = identity?.chain ?? [];
  const names = trustList === "AllowAll" ? [] : trustList.flatMap((name) => name ?? []);
  const files = digestFiles({
    settings: { name: OPCUA_PATHS.settingsName, raw: side.settings },
    certificates: side.certificates,
    names: [...(certificate === undefined ? [] : [certificate]), ...names],
    key: privateKey !== undefined && leaf ? { name: privateKey, certificate: leaf } : null,
  });
  const settings = { ...effective, summary: opcuaSummary(effective, names, files) };
  return { faults, warnings, settings };
}

/** Reads everything the OPC UA cell works from. Throws `ConfigError` with every fault that was found. */
export function readOpcUaSettings(side: RawSide): OpcUaSettings {
  const { faults, settings } = examineOpcUa(side);
  if (!settings) throw new ConfigError(faults);
  return settings;
}
