/** What a TLSSocket is made with. */
import { Buffer } from "../buffer.ts";
import type { Bytes } from "../crypto/native.ts";
import type { LegacyCertificate } from "../crypto/x509.ts";
import type { SecureContext } from "./context.ts";

export interface TlsSocketOptions {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
  readonly session?: Bytes;
  readonly ALPNProtocols?: readonly string[];
  readonly highWaterMark?: number;
  /** What the certificate must name; given the host asked for. Not asked when a session is resumed. */
  readonly checkIdentity?: (certificate: LegacyCertificate) => Error | undefined;
}

/** ALPN's wire form: each name behind its length. */
export function alpnBytes(names: readonly string[]): Buffer {
  return Buffer.concat(names.flatMap((name) => [Buffer.from([name.length]), Buffer.from(name, "latin1")]));
}
