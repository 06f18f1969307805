/**
 * node-opcua-client over every security policy and mode, with a user name and password. Arguments: PKI folder, port,
 * then the policies.
 */
import { readFileSync } from "node:fs";
import {
  crypto_utils,
  MessageSecurityMode,
  OPCUAClient,
  type OPCUAClientOptions,
  SecurityPolicy,
  StatusCodes,
  setDebugLogger,
  setErrorLogger,
  setWarningLogger,
  UserTokenType,
} from "node-opcua-client";

const [, , folder, port, ...policies] = process.argv as [string, string, string, string, ...string[]];
const nothing = (): void => undefined;
for (const set of [setDebugLogger, setErrorLogger, setWarningLogger]) set(nothing);

type Provider = NonNullable<OPCUAClientOptions["certificateKeyPairProvider"]>;
type Store = NonNullable<OPCUAClientOptions["clientCertificateManager"]>;

const der = (name: string) => crypto_utils.convertPEMtoDER(readFileSync(`${folder}/${name}`, "utf8"));
const privateKey = crypto_utils.coercePEMorDerToPrivateKey(readFileSync(`${folder}/rsa.key`, "utf8"));
const identity = {
  certificateFile: "<in-memory>",
  privateKeyFile: "<in-memory>",
  getCertificate: () => der("rsa.pem"),
  getCertificateChain: () => [der("rsa.pem")],
  getPrivateKey: () => privateKey,
} as unknown as Provider;
const done = async (): Promise<void> => undefined;
const store = {
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
} as unknown as Store;

async function visit(policy: SecurityPolicy, mode: MessageSecurityMode, password: string): Promise<string> {
  const client = OPCUAClient.create({
    applicationName: "case",
    applicationUri: "urn:host:gateway",
    certificateKeyPairProvider: identity,
    clientCertificateManager: store,
    serverCertificate: der("opcua-server.pem"),
    securityPolicy: policy,
    securityMode: mode,
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 },
    keepSessionAlive: false,
  });
  try {
    await client.connect(`opc.tcp://127.0.0.1:${port}`);
    const session = await client.createSession({ type: UserTokenType.UserName, userName: "user", password });
    const value = await session.read({ nodeId: "ns=0;i=2254", attributeId: 13 });
    await session.close();
    return `${value.statusCode.name} ${value.value.value}`;
  } catch (error) {
    return `failed: ${/Bad\w+/.exec((error as Error).message)?.[0] ?? (error as Error).message}`;
  } finally {
    await client.disconnect();
  }
}

async function main(): Promise<void> {
  for (const name of policies) {
    const policy = SecurityPolicy[name as keyof typeof SecurityPolicy];
    const modes =
      name === "None"
        ? [MessageSecurityMode.None]
        : [MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt];
    for (const mode of modes) {
      console.log(`${name} ${MessageSecurityMode[mode]}: ${await visit(policy, mode, "right")}`);
    }
    console.log(
      `${name} with a wrong password: ${await visit(policy, modes.at(-1) as MessageSecurityMode, "wrong")}`,
    );
  }
}

void main();
