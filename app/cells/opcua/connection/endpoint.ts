import {
  type EndpointDescription,
  MessageSecurityMode,
  type SecurityPolicy,
  UserTokenType,
} from "node-opcua-client";
import type { OpcUaSettings } from "../../../config/opcua.ts";
import { describePresented } from "./trust.ts";

/** Which of the server's endpoints is used (R63–R68, design §9). */

/** Weakest first; the server's own opinion only decides between equals. */
const POLICIES = [
  "None",
  "Basic128Rsa15",
  "Basic256",
  "Basic256Sha256",
  "Aes128_Sha256_RsaOaep",
  "Aes256_Sha256_RsaPss",
] as const;
const URI_PREFIX = "http://opcfoundation.org/UA/SecurityPolicy#";
const MODES: readonly MessageSecurityMode[] = [
  MessageSecurityMode.None,
  MessageSecurityMode.Sign,
  MessageSecurityMode.SignAndEncrypt,
];

/** The server offers nothing that the settings allow. */
export class NoEndpointError extends Error {
  readonly code = "OPCUA_NO_ENDPOINT";
}

export interface ChosenEndpoint {
  readonly mode: MessageSecurityMode;
  readonly policy: SecurityPolicy;
  readonly serverCertificate: Buffer | null;
  /** What the server calls itself. */
  readonly applicationUri: string | null;
  /** True: Any was set and nothing but an unprotected endpoint was offered. */
  readonly weak: boolean;
}

/** `Basic256Sha256` of `http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256`. */
export function shortPolicy(uri: string): string {
  return uri.split("#")[1] ?? uri;
}

function policyName(endpoint: EndpointDescription): string {
  return (endpoint.securityPolicyUri ?? "").replace(URI_PREFIX, "");
}

function strength(endpoint: EndpointDescription): number {
  const policy = (POLICIES as readonly string[]).indexOf(policyName(endpoint));
  return MODES.indexOf(endpoint.securityMode) * POLICIES.length + policy;
}

/** What a server offers, in words. */
export function offers(endpoints: readonly EndpointDescription[]): string {
  const list = endpoints.map((endpoint) => {
    const tokens = (endpoint.userIdentityTokens ?? [])
      .map((token) => UserTokenType[token.tokenType])
      .join("+");
    return `${MessageSecurityMode[endpoint.securityMode]}/${policyName(endpoint)} for ${tokens || "nobody"}`;
  });
  return list.length > 0 ? [...new Set(list)].join(", ") : "nothing";
}

/** Picks the strongest endpoint that the settings allow and that takes the user. Throws `NoEndpointError`. */
export function chooseEndpoint(
  endpoints: readonly EndpointDescription[],
  settings: OpcUaSettings,
): ChosenEndpoint {
  const wantedToken = settings.user ? UserTokenType.UserName : UserTokenType.Anonymous;
  const usable = endpoints.filter((endpoint) => {
    const known =
      (POLICIES as readonly string[]).includes(policyName(endpoint)) && MODES.includes(endpoint.securityMode);
    const mode = settings.mode === "Any" || MessageSecurityMode[settings.mode] === endpoint.securityMode;
    const policy = settings.policy === "Any" || settings.policy === policyName(endpoint);
    const token = endpoint.userIdentityTokens?.some(({ tokenType }) => tokenType === wantedToken) ?? false;
    return known && mode && policy && token && (endpoint.endpointUrl ?? "").startsWith("opc.tcp:");
  });
  const [best] = usable.sort((a, b) => strength(b) - strength(a) || b.securityLevel - a.securityLevel);
  if (!best) {
    const login = settings.user ? "user name and password" : "anonymous login";
    const sent = endpoints.find(({ serverCertificate }) => serverCertificate && serverCertificate.length > 0);
    const shown = sent ? `; ${describePresented(sent.serverCertificate)}` : "";
    throw new NoEndpointError(
      `the server offers no endpoint with mode ${settings.mode}, policy ${settings.policy} and ${login}; it offers ${offers(endpoints)}${shown}. ` +
        `Cure: correct "security" or "userCredentials", or configure the server`,
    );
  }
  const certificate = best.serverCertificate;
  return {
    mode: best.securityMode,
    policy: `${URI_PREFIX}${policyName(best)}` as SecurityPolicy,
    serverCertificate: certificate && certificate.length > 0 ? certificate : null,
    applicationUri: best.server.applicationUri || null,
    weak:
      best.securityMode === MessageSecurityMode.None &&
      (settings.mode === "Any" || settings.policy === "Any"),
  };
}
