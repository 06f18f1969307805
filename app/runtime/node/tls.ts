/** node:tls, clients only: nothing on the device listens (design §6). */
import type { Bytes } from "./crypto/native.ts";
import { type ConnectOptions as NetOptions, normalizeConnectArguments } from "./net/connect-options.ts";
import { connect as netConnect, type Socket } from "./net.ts";
import { nodeError } from "./node-error.ts";
import {
  createSecureContext,
  DEFAULT_CIPHERS,
  DEFAULT_ECDH_CURVE,
  DEFAULT_MAX_VERSION,
  DEFAULT_MIN_VERSION,
  reusedSecureContext,
  SecureContext,
  type SecureContextOptions,
} from "./tls/context.ts";
import { checkServerIdentity } from "./tls/identity.ts";
import { TLSSocket } from "./tls/socket.ts";

export interface ConnectOptions extends SecureContextOptions, NetOptions {
  readonly socket?: Socket;
  readonly secureContext?: SecureContext;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
  readonly session?: Bytes;
  readonly ALPNProtocols?: readonly string[];
  readonly highWaterMark?: number;
  readonly checkServerIdentity?: typeof checkServerIdentity;
}

/** The device trusts what it is told to trust, nothing built in. */
export const rootCertificates: readonly string[] = [];

/** tls.connect(options | port[, host][, options][, callback]) */
export function connect(...args: unknown[]): TLSSocket {
  const [target, callback] = normalizeConnectArguments(args);
  const extra = args.slice(1).find((arg) => typeof arg === "object" && arg !== null);
  const options = { ...(target as ConnectOptions), ...(extra as ConnectOptions | undefined) };
  const { socket, servername, rejectUnauthorized, session, ALPNProtocols, highWaterMark } = options;
  const host = servername || options.host || socket?._host || "localhost";
  const check = options.checkServerIdentity ?? checkServerIdentity;
  const secureContext = options.secureContext ?? reusedSecureContext(options);
  const carrier = socket ?? netConnect({ ...options, highWaterMark: undefined });
  const result = new TLSSocket(carrier, {
    secureContext,
    checkIdentity: (certificate) => check(host, certificate),
    ...(servername ? { servername } : {}),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized: rejectUnauthorized !== false }),
    ...(session === undefined || session === null ? {} : { session }),
    ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }),
    ...(highWaterMark === undefined ? {} : { highWaterMark }),
  });
  if (callback) result.once("secureConnect", callback);
  if (socket !== undefined && options.timeout) result.setTimeout(options.timeout);
  return result;
}

export function createServer(): never {
  throw nodeError(Error, "ERR_NOT_ON_DEVICE", "tls.createServer: no socket listens on the device");
}

export const getCiphers = (): string[] => DEFAULT_CIPHERS.toLowerCase().split(":");

export {
  checkServerIdentity,
  createSecureContext,
  DEFAULT_CIPHERS,
  DEFAULT_ECDH_CURVE,
  DEFAULT_MAX_VERSION,
  DEFAULT_MIN_VERSION,
  SecureContext,
  TLSSocket,
};

export default {
  checkServerIdentity,
  connect,
  createSecureContext,
  createServer,
  DEFAULT_CIPHERS,
  DEFAULT_ECDH_CURVE,
  DEFAULT_MAX_VERSION,
  DEFAULT_MIN_VERSION,
  getCiphers,
  rootCertificates,
  SecureContext,
  TLSSocket,
};
