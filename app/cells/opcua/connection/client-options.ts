import {
  crypto_utils,
  MessageSecurityMode,
  type OPCUAClientOptions,
  SecurityPolicy,
  StatusCodes,
  setDebugLogger,
  setErrorLogger,
  setWarningLogger,
} from "node-opcua-client";
import { type ClientIdentity, type OpcUaSettings, UNNAMED_APPLICATION } from "../../../config/opcua.ts";
import type { ChosenEndpoint } from "./endpoint.ts";
import { type KeyPairProvider, NO_KEY_PAIR } from "./library.ts";

/** How node-opcua is set up: keys from memory, no files, no reconnection of its own, no output of its own. */

type CertificateStore = NonNullable<OPCUAClientOptions["clientCertificateManager"]>;

/** A private operation takes half a second on the device; a handshake has several. */
const TRANSPORT_TIMEOUT_MS = 30_000;
/**
 * For this long the server shall keep session and subscription when nothing is heard of us: a cut link is mended with no
 * change lost. Not longer, because a gateway that was switched off leaves its session behind, and servers have few.
 */
export const KEPT_MS = 180_000;
/** A new token costs three private operations; the channel is renewed at three quarters of this. */
const TOKEN_LIFETIME_MS = 3_600_000;

/** node-opcua reports every failure several times over; ours is told once, by `CauseLog`. */
export function silenceLibrary(): void {
  const nothing = (): void => undefined;
  setDebugLogger(nothing);
  setWarningLogger(nothing);
  setErrorLogger(nothing);
}

/**
 * node-opcua's trust store, reduced to nothing: whether a server is trusted was decided before (`trust.ts`), with the
 * certificate that the connection is then made for. It touches no file and runs no program.
 */
function decidedElsewhere(): CertificateStore {
  const done = async (): Promise<void> => undefined;
  return {
    referenceCounter: 0,
    initialize: done,
    dispose: done,
    checkCertificate: async () => StatusCodes.Good,
    verifyCertificate: async () => "Good",
    trustCertificate: done,
    rejectCertificate: done,
    getTrustStatus: async () => StatusCodes.Good,
    addIssuer: done,
    addRevocationList: done,
  };
}

/** The client's certificate and key from memory. */
function keyPair(
  identity: ClientIdentity,
): KeyPairProvider & { certificateFile: string; privateKeyFile: string } {
  const [leaf] = identity.chain;
  if (!leaf) throw new Error("the client identity holds no certificate");
  const privateKey = crypto_utils.coercePEMorDerToPrivateKey(identity.privateKeyPem);
  return {
    // This name makes node-opcua leave the file system alone.
    certificateFile: "<in-memory>",
    privateKeyFile: "<in-memory>",
    getCertificate: () => leaf,
    getCertificateChain: () => [...identity.chain],
    getPrivateKey: () => privateKey,
  };
}

function common(settings: OpcUaSettings): OPCUAClientOptions {
  return {
    applicationName: "IoT Gateway",
    applicationUri: settings.identity?.applicationUri ?? UNNAMED_APPLICATION,
    clientName: "gateway",
    certificateKeyPairProvider: settings.identity ? keyPair(settings.identity) : NO_KEY_PAIR,
    clientCertificateManager: decidedElsewhere(),
    endpointMustExist: false,
    // One attempt: when to try again is our own decision.
    connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 },
    transportTimeout: TRANSPORT_TIMEOUT_MS,
    requestedSessionTimeout: KEPT_MS,
    // A session is closed on purpose, or resumed over another connection.
    keepPendingSessionsOnDisconnect: true,
    defaultSecureTokenLifetime: TOKEN_LIFETIME_MS,
    keepSessionAlive: false,
  };
}

/** For asking the server what it offers; every server answers that without security (Part 4 §5.4.4). */
export function discoveryOptions(settings: OpcUaSettings): OPCUAClientOptions {
  return { ...common(settings), securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None };
}

/** For the endpoint that was chosen and whose certificate was checked. */
export function sessionOptions(settings: OpcUaSettings, endpoint: ChosenEndpoint): OPCUAClientOptions {
  return {
    ...common(settings),
    securityMode: endpoint.mode,
    securityPolicy: endpoint.policy,
    ...(endpoint.serverCertificate ? { serverCertificate: endpoint.serverCertificate } : {}),
  };
}
