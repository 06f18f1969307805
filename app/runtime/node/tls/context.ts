/** createSecureContext: who we are, whom we trust, what we speak. */
import { isBytes } from "../crypto/bytes.ts";
import { constants } from "../crypto/constants.ts";
import { createPrivateKey } from "../crypto/key.ts";
import type { Bytes } from "../crypto/native.ts";
import { invalidArgType, nodeError, validateString } from "../node-error.ts";
import { type ContextHandle, tlsBinding } from "./native.ts";

export const DEFAULT_MIN_VERSION = "TLSv1.2";
export const DEFAULT_MAX_VERSION = "TLSv1.3";
export const DEFAULT_CIPHERS: string = constants.defaultCoreCipherList;
/** "auto" is this list: the groups this processor computes fast (no post-quantum hybrid, no finite fields). */
export const DEFAULT_ECDH_CURVE = "auto";
const AUTOMATIC_GROUPS = "X25519:P-256:P-384";

const VERSIONS: Record<string, number> = {
  TLSv1: constants.TLS1_VERSION,
  "TLSv1.1": constants.TLS1_1_VERSION,
  "TLSv1.2": constants.TLS1_2_VERSION,
  "TLSv1.3": constants.TLS1_3_VERSION,
};

type Pem = string | Bytes;
type OneOrMore<T> = T | readonly T[];
interface KeyWithPassphrase {
  readonly pem: Pem;
  readonly passphrase?: string;
}

export interface SecureContextOptions {
  readonly ca?: OneOrMore<Pem>;
  readonly cert?: OneOrMore<Pem>;
  readonly key?: OneOrMore<Pem | KeyWithPassphrase>;
  readonly passphrase?: string;
  readonly crl?: OneOrMore<Pem>;
  /** OpenSSL names; TLS 1.3 suites by their TLS_ names, in the same list. */
  readonly ciphers?: string;
  readonly sigalgs?: string;
  readonly ecdhCurve?: string;
  readonly minVersion?: string;
  readonly maxVersion?: string;
  readonly pfx?: unknown;
}

/** Only made by createSecureContext. */
export class SecureContext {
  readonly context: ContextHandle;
  constructor(context: ContextHandle) {
    this.context = context;
  }
}

function each<T>(value: OneOrMore<T> | undefined | null, use: (item: T) => void): void {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) value.forEach(use);
  else use(value as T);
}

function requirePem(value: unknown, name: string): asserts value is Pem {
  if (typeof value === "string" || isBytes(value)) return;
  throw invalidArgType(name, ["string", "Buffer", "TypedArray", "DataView"], value);
}

function version(name: string | undefined, fallback: string, side: string): number {
  const number = VERSIONS[name ?? fallback];
  if (number !== undefined) return number;
  const message = `"${name}" is not a valid ${side} TLS protocol version`;
  throw nodeError(TypeError, "ERR_TLS_INVALID_PROTOCOL_VERSION", message);
}

/** Versions and suites belong together: without a TLS 1.3 suite there is no TLS 1.3, and likewise for 1.2. */
function setProtocol(context: ContextHandle, options: SecureContextOptions): void {
  let least = version(options.minVersion, DEFAULT_MIN_VERSION, "minimum");
  let most = version(options.maxVersion, DEFAULT_MAX_VERSION, "maximum");
  const list = options.ciphers ?? DEFAULT_CIPHERS;
  validateString(list, "options.ciphers");
  const names = list.split(":").filter((name) => name.length > 0);
  const suites = names.filter((name) => name.startsWith("TLS_")).join(":");
  const ciphers = names.filter((name) => !name.startsWith("TLS_")).join(":");
  tlsBinding.contextSetSuites(context, suites);
  if (ciphers.length > 0) tlsBinding.contextSetCiphers(context, ciphers);
  if (suites.length === 0 && most > constants.TLS1_2_VERSION && least < constants.TLS1_3_VERSION) {
    most = constants.TLS1_2_VERSION;
  }
  if (ciphers.length === 0 && least < constants.TLS1_3_VERSION && most > constants.TLS1_2_VERSION) {
    least = constants.TLS1_3_VERSION;
  }
  tlsBinding.contextSetVersions(context, least, most);
}

export function createSecureContext(options: SecureContextOptions = {}): SecureContext {
  if (options.pfx !== undefined) {
    throw nodeError(
      Error,
      "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
      "PKCS #12 is not supported: give cert and key as PEM",
    );
  }
  const context = tlsBinding.contextNew();
  setProtocol(context, options);
  each(options.ca, (ca) => {
    requirePem(ca, "options.ca");
    tlsBinding.contextAddCa(context, ca);
  });
  each(options.cert, (cert) => {
    requirePem(cert, "options.cert");
    tlsBinding.contextSetCertificate(context, cert);
  });
  each(options.key, (item) => {
    const wrapped = typeof item === "object" && item !== null && !isBytes(item);
    const pem: unknown = wrapped ? item.pem : item;
    requirePem(pem, "options.key");
    const passphrase = (wrapped ? item.passphrase : undefined) ?? options.passphrase;
    const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, format: "pem", passphrase });
    tlsBinding.contextSetKey(context, key.handle);
  });
  each(options.crl, (crl) => {
    requirePem(crl, "options.crl");
    tlsBinding.contextAddCrl(context, crl);
  });
  if (options.sigalgs !== undefined) {
    validateString(options.sigalgs, "options.sigalgs");
    tlsBinding.contextSetSigalgs(context, options.sigalgs);
  }
  const curves = options.ecdhCurve ?? DEFAULT_ECDH_CURVE;
  validateString(curves, "options.ecdhCurve");
  tlsBinding.contextSetGroups(context, curves === "auto" ? AUTOMATIC_GROUPS : curves);
  return new SecureContext(context);
}

const FIELDS = [
  "ca",
  "cert",
  "key",
  "passphrase",
  "crl",
  "ciphers",
  "sigalgs",
  "ecdhCurve",
  "minVersion",
  "maxVersion",
  "pfx",
] as const;

/** Equal values: lists are compared by what is in them, for callers make them anew each time. */
function same(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

let latest: { readonly values: readonly unknown[]; readonly context: SecureContext } | undefined;

/**
 * createSecureContext for a client that reconnects with the very same options: the last context is used again. A new one
 * costs 7.6 million instructions before a byte is sent, 60 ms on the device.
 */
export function reusedSecureContext(options: SecureContextOptions): SecureContext {
  const values = FIELDS.map((field) => options[field]);
  if (latest?.values.every((value, i) => same(value, values[i]))) return latest.context;
  latest = { values, context: createSecureContext(options) };
  return latest.context;
}
