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
  /** True: mode and policy are Any, and nothing but unprotected endpoints was offered. */
  readonly weak: boolean;
  /** True: messages are signed but not encrypted there, and the server wants the password as it is (Part 4, UserTokenPolicy). */
  readonly passwordOpen: boolean;
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

/** Whether messages are protected there. Null: an endpoint that does not say so clearly, whatever it means. */
function isProtected(endpoint: EndpointDescription): boolean | null {
  const { securityMode } = endpoint;
  const isOpen = securityMode === MessageSecurityMode.None;
  // A protected mode with policy None would be a protection that nothing comes of.
  return MODES.includes(securityMode) && isOpen === (policyName(endpoint) === "None") ? !isOpen : null;
}

/**
 * Whether node-opcua sends the password as it is: of several user name policies it takes the strongest, but None before an
 * outdated one and before one that stands for the endpoint's own.
 */
function sendsPasswordOpen({ userIdentityTokens }: EndpointDescription): boolean {
  const policies = (userIdentityTokens ?? [])
    .filter(({ tokenType }) => tokenType === UserTokenType.UserName)
    .map(({ securityPolicyUri }) => shortPolicy(securityPolicyUri ?? ""));
  const strong: readonly string[] = POLICIES.slice(POLICIES.indexOf("Basic256Sha256"));
  return policies.includes("None") && !policies.some((policy) => strong.includes(policy));
}

/**
 * Picks the strongest endpoint that the settings allow and that takes the user. One without protection only where no
 * allowed one is protected: not even because the protected ones don't take the user, or have a policy of the future
 * (design §9). Throws `NoEndpointError`.
 */
export function chooseEndpoint(
  endpoints: readonly EndpointDescription[],
  settings: OpcUaSettings,
): ChosenEndpoint {
  const wantedToken = settings.user ? UserTokenType.UserName : UserTokenType.Anonymous;
  const allowed = endpoints.filter((endpoint) => {
    const mode = settings.mode === "Any" || MessageSecurityMode[settings.mode] === endpoint.securityMode;
    const policy = settings.policy === "Any" || settings.policy === policyName(endpoint);
    const reachable = (endpoint.endpointUrl ?? "").startsWith("opc.tcp:");
    return mode && policy && reachable && isProtected(endpoint) !== null;
  });
  const guarded = allowed.filter(isProtected);
  const usable = (guarded.length > 0 ? guarded : allowed).filter(
    (endpoint) =>
      (POLICIES as readonly string[]).includes(policyName(endpoint)) &&
      endpoint.userIdentityTokens?.some(({ tokenType }) => tokenType === wantedToken) === true,
  );
  const [best] = usable.sort((a, b) => strength(b) - strength(a) || b.securityLevel - a.securityLevel);
  if (!best) {
    const login = settings.user ? "user name and password" : "anonymous login";
    const sent = endpoints.find(({ serverCertificate }) => serverCertificate && serverCertificate.length > 0);
    const shown = sent ? `; ${describePresented(sent.serverCertificate)}` : "";
    const openOnly = guarded.length > 0 && guarded.length < allowed.length;
    const why = openOnly
      ? `none of the server's protected endpoints can be used with ${login}, and one without protection is not used in their place`
      : `the server offers no endpoint with mode ${settings.mode}, policy ${settings.policy} and ${login}`;
    const cure = openOnly
      ? `let one of the server's protected endpoints take ${login}, or correct "userCredentials"`
      : `correct "security" or "userCredentials", or configure the server`;
    throw new NoEndpointError(`${why}; it offers ${offers(endpoints)}${shown}. Cure: ${cure}`);
  }
  const certificate = best.serverCertificate;
  return {
    mode: best.securityMode,
    policy: `${URI_PREFIX}${policyName(best)}` as SecurityPolicy,
    serverCertificate: certificate && certificate.length > 0 ? certificate : null,
    applicationUri: best.server.applicationUri || null,
    weak: best.securityMode === MessageSecurityMode.None && settings.mode === "Any",
    passwordOpen:
      settings.user !== null && best.securityMode === MessageSecurityMode.Sign && sendsPasswordOpen(best),
  };
}
