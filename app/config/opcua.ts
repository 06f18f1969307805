import { crypto_utils } from "node-opcua-client";
import { readCertificates } from "./certificates.ts";
import { ConfigError, ConfigFault } from "./fault.ts";
import {
  type NodeSetting,
  readOpcUaFile,
  type SecurityModeName,
  type SecurityPolicyName,
} from "./opcua-file.ts";
import { OPCUA_PATHS } from "./paths.ts";
import { checkPair, fileFault, type NamedFile, parsePrivateKey, readPrivateKeyPem } from "./pki.ts";
import type { Port } from "./ports.ts";
import type { RawSide } from "./raw-files.ts";
import { readRevocationLists } from "./revocation-lists.ts";

/** Everything the OPC UA cell works from: the settings with their defaults (design §9) and the files that they name. */

const DEFAULT_READING_CYCLE_S = 1;

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
  /** Every `*.crl` beside the trusted certificates, as DER. */
  readonly revocationLists: readonly Buffer[];
  readonly identity: ClientIdentity | null;
  readonly user: { readonly name: string; readonly password: string } | null;
  readonly heartbeat: (Port & { readonly seconds: number }) | null;
  readonly nodes: readonly NodeSetting[];
  readonly warnings: readonly ConfigFault[];
}

function certificateFile(side: RawSide, name: string, pointer: string): NamedFile {
  return {
    name,
    directory: `HW-IDS:${OPCUA_PATHS.certificates}`,
    files: side.certificates,
    setting: `${OPCUA_PATHS.settingsName} ${pointer}`,
  };
}

function readIdentity(side: RawSide, names: { certificate: string; privateKey: string }): ClientIdentity {
  const certificate = certificateFile(side, names.certificate, "/security/clientPkiData/certificate");
  const key: NamedFile = {
    name: names.privateKey,
    directory: `HW-IDS:${OPCUA_PATHS.privateKeys}`,
    files: side.privateKeys,
    setting: `${OPCUA_PATHS.settingsName} /security/clientPkiData/privateKey`,
  };
  const chain = readCertificates(certificate);
  const [leaf] = chain;
  if (!leaf) throw new Error("readCertificates returned an empty chain");
  const privateKeyPem = readPrivateKeyPem(key);
  const privateKey = parsePrivateKey(key, privateKeyPem);
  if (privateKey.asymmetricKeyType !== "rsa") {
    throw fileFault(
      key,
      "it is not an RSA key, which all security policies need",
      "use an RSA key of 2048 to 4096 bits",
    );
  }
  checkPair({ certificate, key, leaf, privateKey });
  const alternative = crypto_utils.exploreCertificate(leaf).tbsCertificate.extensions?.subjectAltName;
  const uri = alternative?.uniformResourceIdentifier?.[0];
  if (!uri) {
    throw new ConfigFault({
      file: `${certificate.directory}/${certificate.name}`,
      problem: "the client certificate names no application URI (subject alternative name of type URI)",
      cure: "make a certificate with a URI in its subject alternative name",
    });
  }
  return { chain, privateKeyPem, applicationUri: uri };
}

/** Runs checks that each may throw one fault, and collects them. */
function collect(faults: ConfigFault[], check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    faults.push(error);
  }
}

/** Reads everything the OPC UA cell works from. Throws `ConfigError` with every fault that was found. */
export function readOpcUaSettings(side: RawSide): OpcUaSettings {
  const { file, value, nodes, heartbeat, faults, host, port } = readOpcUaFile(side.settings);
  const security = value.security;
  const mode = security === null ? "None" : (security.mode ?? "SignAndEncrypt");
  const policy = security === null ? "None" : (security.policy ?? "Basic256Sha256");
  // Mode or policy None means: no protection at all (R68).
  const open = mode === "None" || policy === "None";
  const warnings = [...file.warnings];

  let identity: ClientIdentity | null = null;
  if (security?.clientPkiData) {
    const names = security.clientPkiData;
    collect(faults, () => {
      identity = readIdentity(side, names);
    });
  } else if (!open) {
    faults.push(
      file.fault(
        "/security",
        `mode ${mode} needs a client certificate and key`,
        'add "clientPkiData" with "certificate" and "privateKey"',
      ),
    );
  }

  let trusted: Buffer[] | null = [];
  if (security?.trustList === "AllowAll") {
    trusted = null;
    warnings.push(
      file.fault(
        "/security/trustList",
        "AllowAll: any server is accepted, also one that only pretends",
        "name the server's certificate",
      ),
    );
  } else if (security?.trustList !== undefined) {
    const list: Buffer[] = trusted;
    security.trustList.forEach((name, index) => {
      collect(faults, () => {
        const [leaf] = readCertificates(certificateFile(side, name, `/security/trustList/${index}`));
        if (leaf) list.push(leaf);
      });
    });
  }
  if (!open && trusted !== null && trusted.length === 0 && faults.length === 0) {
    faults.push(
      file.fault(
        "/security",
        "no server certificate is trusted, so no server can be connected",
        'name it in "trustList"',
      ),
    );
  }
  const revocationLists = readRevocationLists({
    files: side.certificates,
    directory: `HW-IDS:${OPCUA_PATHS.certificates}`,
    onFault: (fault) => faults.push(fault),
  });
  if (open) {
    const password = value.userCredentials ? "; the password travels in plain text" : "";
    warnings.push(
      file.fault(
        "/security",
        `the connection is neither encrypted nor signed${password}`,
        "use SignAndEncrypt",
      ),
    );
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    hubId: value.id,
    name: value.name,
    url: `opc.tcp://${host}:${port}${value.url.replace(/^opc\.tcp:\/\/[^/]*/, "")}`,
    host,
    tcpPort: port,
    readingCycle: value.readingCycle ?? DEFAULT_READING_CYCLE_S,
    mode: open ? "None" : mode,
    policy: open ? "None" : policy,
    trusted,
    revocationLists,
    identity,
    user: value.userCredentials
      ? { name: value.userCredentials.username, password: value.userCredentials.password }
      : null,
    heartbeat,
    nodes,
    warnings,
  };
}
