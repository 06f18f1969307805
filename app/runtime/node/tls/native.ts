/** What native/tls*.c offers. */
import { native } from "../../binding.ts";
import type { Buffer } from "../buffer.ts";
import type { Bytes, KeyHandle } from "../crypto/native.ts";
import type { CertificateHandle } from "../crypto/x509-native.ts";

declare const kind: unique symbol;
export type ContextHandle = { readonly [kind]: "context" };
export type ConnectionHandle = { readonly [kind]: "connection" };

interface TlsBinding {
  contextNew(): ContextHandle;
  contextAddCa(context: ContextHandle, pem: string | Bytes): number;
  contextAddCrl(context: ContextHandle, crl: string | Bytes): void;
  contextSetCertificate(context: ContextHandle, pem: string | Bytes): void;
  contextSetKey(context: ContextHandle, key: KeyHandle): void;
  contextSetVersions(context: ContextHandle, least: number, most: number): void;
  contextSetCiphers(context: ContextHandle, list: string): void;
  contextSetSuites(context: ContextHandle, list: string): void;
  contextSetSigalgs(context: ContextHandle, list: string): void;
  contextSetGroups(context: ContextHandle, list: string): void;
  connectionNew(
    context: ContextHandle,
    serverName: string | undefined,
    verify: boolean,
    session: Bytes | undefined,
    alpn: Bytes | undefined,
  ): ConnectionHandle;
  feed(connection: ConnectionHandle, ciphertext: Bytes): void;
  pull(connection: ConnectionHandle): Buffer | undefined;
  /** True when done; throws with Node's code when the peer or its certificate is refused. */
  handshake(connection: ConnectionHandle): boolean;
  /** undefined: nothing yet; null: the peer has closed its side. */
  read(connection: ConnectionHandle): Buffer | undefined | null;
  /** feed and read in one. */
  open(connection: ConnectionHandle, ciphertext: Bytes): Buffer | undefined | null;
  /** Whether a session, more plaintext, an error or something to send waits. */
  attention(connection: ConnectionHandle): boolean;
  /** Encrypts the chunks as one; the ciphertext to send, with whatever else waited. After the handshake only. */
  seal(connection: ConnectionHandle, chunks: readonly Bytes[]): Buffer | undefined;
  shutdown(connection: ConnectionHandle): void;
  verifyResult(connection: ConnectionHandle): { readonly code: string; readonly message: string } | undefined;
  peerChain(connection: ConnectionHandle): CertificateHandle[];
  details(connection: ConnectionHandle): {
    readonly protocol: string;
    readonly cipher?: string;
    readonly standardName?: string;
    readonly cipherVersion?: string;
    readonly reused: boolean;
    readonly alpn?: string;
  };
  takeSession(connection: ConnectionHandle): Buffer | undefined;
  session(connection: ConnectionHandle): Buffer | undefined;
}

export const tlsBinding = native("tls") as TlsBinding;
