/**
 * TLSSocket: a Duplex of plaintext over a net.Socket of ciphertext. The protocol itself runs in native/tls.c; here
 * bytes are carried between it and the socket, and its results become events.
 */
import { Buffer } from "../buffer.ts";
import type { Bytes } from "../crypto/native.ts";
import { type LegacyCertificate, X509Certificate } from "../crypto/x509.ts";
import type { Socket } from "../net.ts";
import { nodeError } from "../node-error.ts";
import { Duplex } from "../stream.ts";
import type { SecureContext } from "./context.ts";
import { type ConnectionHandle, tlsBinding } from "./native.ts";

type Callback = (error?: Error | null) => void;

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
function alpnBytes(names: readonly string[]): Buffer {
  return Buffer.concat(names.flatMap((name) => [Buffer.from([name.length]), Buffer.from(name, "latin1")]));
}

export class TLSSocket extends Duplex {
  readonly encrypted = true;
  authorized = false;
  authorizationError: string | null = null;
  alpnProtocol: string | false | null = null;
  servername: string | null = null;
  secureConnecting = true;
  readonly #socket: Socket;
  readonly #connection: ConnectionHandle;
  readonly #options: TlsSocketOptions;
  /** A write that came before the handshake was done. */
  #early: { chunk: Bytes; callback: Callback } | null = null;
  #peerClosed = false;
  #wantsData = false;
  #peer: { certificate?: LegacyCertificate; chain?: LegacyCertificate } = {};

  constructor(socket: Socket, options: TlsSocketOptions) {
    const { highWaterMark } = options;
    super({
      allowHalfOpen: false,
      emitClose: false,
      ...(highWaterMark === undefined ? {} : { highWaterMark }),
    });
    this.#socket = socket;
    this.#options = options;
    const { servername, session, ALPNProtocols, rejectUnauthorized = true } = options;
    this.servername = servername ?? null;
    this.#connection = tlsBinding.connectionNew(
      options.secureContext.context,
      servername,
      rejectUnauthorized,
      session,
      ALPNProtocols && ALPNProtocols.length > 0 ? alpnBytes(ALPNProtocols) : undefined,
    );
    socket.on("data", (chunk: Buffer) => this.#onCiphertext(chunk));
    socket.on("end", () => this.#onEnd());
    socket.on("error", (error: Error) => this.destroy(error));
    socket.on("close", () => this.#onClose());
    for (const event of ["connect", "ready", "lookup", "timeout"]) {
      socket.on(event, (...args: unknown[]) => this.emit(event, ...args));
    }
    if (socket.connecting) socket.once("connect", () => this.#advance());
    else process.nextTick(() => this.#advance());
  }

  /** Runs the handshake as far as it goes, delivers plaintext, sends what OpenSSL has to send. */
  #advance(): void {
    if (this.destroyed) return;
    try {
      if (this.secureConnecting && tlsBinding.handshake(this.#connection)) this.#onHandshake();
      if (!this.secureConnecting && !this.destroyed) this.#deliver();
    } catch (error) {
      this.#flush(); // the alert that tells the peer why
      this.#fail(error as Error);
      return;
    }
    this.#flush();
  }

  #fail(error: Error): void {
    this.authorizationError ??= this.secureConnecting ? ((error as { code?: string }).code ?? null) : null;
    this.destroy(error);
  }

  #onHandshake(): void {
    const { reused, alpn } = tlsBinding.details(this.#connection);
    const { rejectUnauthorized = true, checkIdentity } = this.#options;
    let problem: Error | undefined;
    const verification = tlsBinding.verifyResult(this.#connection);
    if (verification !== undefined) {
      problem = Object.assign(new Error(verification.message), { code: verification.code });
    } else if (!reused) {
      problem = checkIdentity?.(this.getPeerCertificate(true) as LegacyCertificate);
    }
    this.secureConnecting = false;
    this.alpnProtocol = alpn ?? false;
    if (problem !== undefined) {
      this.authorizationError = (problem as { code?: string }).code ?? problem.message;
      if (rejectUnauthorized) {
        this.destroy(problem);
        return;
      }
    } else {
      this.authorized = true;
    }
    this.#flush();
    this.emit("secure");
    this.emit("secureConnect");
    const early = this.#early;
    this.#early = null;
    if (early !== null && !this.destroyed) this._write(early.chunk, "buffer", early.callback);
    if (this.#wantsData) this._read();
  }

  #deliver(): void {
    while (this.#wantsData && !this.#peerClosed) {
      const data = tlsBinding.read(this.#connection);
      const session = tlsBinding.takeSession(this.#connection);
      if (session !== undefined) this.emit("session", session);
      if (data === undefined || this.destroyed) break;
      if (data === null) {
        this.#peerClosed = true;
        this.push(null);
      } else {
        this.#wantsData = this.push(data);
        if (this.destroyed) return;
      }
    }
    if (this.#wantsData || this.#peerClosed) this.#socket.resume();
    else this.#socket.pause();
  }

  /** Sends pending ciphertext; `callback` when the socket has taken it. */
  #flush(callback?: Callback): void {
    const bytes = tlsBinding.pull(this.#connection);
    if (bytes === undefined || this.#socket.destroyed) callback?.();
    else this.#socket.write(bytes, callback);
  }

  #onCiphertext(chunk: Buffer): void {
    if (this.destroyed) return;
    tlsBinding.feed(this.#connection, chunk);
    this.#advance();
  }

  #onEnd(): void {
    if (this.destroyed) return;
    if (this.secureConnecting) {
      this.destroy(this.#disconnected());
    } else if (!this.#peerClosed) {
      this.#peerClosed = true;
      this.push(null);
      if (this.isPaused() === false) this.read(0);
    }
  }

  #onClose(): void {
    if (this.destroyed) return;
    if (this.secureConnecting) this.destroy(this.#disconnected());
    else this.#onEnd();
    if (this.writableFinished || this.writableEnded) return;
    this.end();
  }

  #disconnected(): Error {
    const message = "Client network socket disconnected before secure TLS connection was established";
    const { _host: host, remotePort: port, localAddress } = this.#socket;
    return Object.assign(nodeError(Error, "ECONNRESET", message), { host, port, localAddress });
  }

  override _read(): void {
    this.#wantsData = true;
    if (this.secureConnecting) return;
    this.#advance();
  }

  override _write(chunk: Bytes, _encoding: string, callback: Callback): void {
    if (this.secureConnecting) {
      this.#early = { chunk, callback };
      return;
    }
    try {
      tlsBinding.write(this.#connection, chunk);
    } catch (error) {
      callback(error as Error);
      return;
    }
    this.#flush(callback);
  }

  /** Corked writes become one record. */
  override _writev(chunks: { chunk: Buffer; encoding: string }[], callback: Callback): void {
    const parts = chunks.map(({ chunk }) => chunk);
    this._write(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts), "buffer", callback);
  }

  override _final(callback: Callback): void {
    if (this.secureConnecting) {
      this.once("secure", () => this._final(callback));
      return;
    }
    tlsBinding.shutdown(this.#connection);
    this.#flush();
    this.#socket.end();
    callback();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const early = this.#early;
    this.#early = null;
    early?.callback(
      error ?? nodeError(Error, "ERR_STREAM_DESTROYED", "Cannot call write after a stream was destroyed"),
    );
    if (this.#socket.closed || this.#socket.destroyed) {
      this.#closed(error, callback);
      return;
    }
    this.#socket.once("close", () => this.#closed(error, callback));
    if (error && this.#socket.writableLength > 0) this.#socket.destroySoon();
    else this.#socket.destroy();
  }

  /** 'error' first, then 'close' with whether there was one, as net.Socket does. */
  #closed(error: Error | null, callback: Callback): void {
    callback(error);
    process.nextTick(() => this.emit("close", error !== null));
  }

  getProtocol(): string | null {
    return this.secureConnecting ? null : tlsBinding.details(this.#connection).protocol;
  }
  getCipher(): { name: string; standardName: string; version: string } | Record<string, never> {
    const { cipher, standardName, cipherVersion } = tlsBinding.details(this.#connection);
    if (cipher === undefined || standardName === undefined || cipherVersion === undefined) return {};
    return { name: cipher, standardName, version: cipherVersion };
  }
  getSession(): Buffer | undefined {
    return tlsBinding.session(this.#connection);
  }
  isSessionReused(): boolean {
    return tlsBinding.details(this.#connection).reused;
  }
  getPeerX509Certificate(): X509Certificate | undefined {
    const [leaf] = tlsBinding.peerChain(this.#connection);
    return leaf === undefined ? undefined : X509Certificate.fromHandle(leaf);
  }

  /** `detailed`: each certificate holds its issuer's as the peer sent it; a root holds itself. */
  getPeerCertificate(detailed = false): LegacyCertificate | Record<string, never> {
    const known = detailed ? this.#peer.chain : this.#peer.certificate;
    if (known !== undefined) return known;
    const chain = tlsBinding.peerChain(this.#connection).map(X509Certificate.fromHandle);
    const [leaf] = chain;
    if (leaf === undefined) return {};
    const result = leaf.toLegacyObject();
    if (!detailed) {
      this.#peer.certificate = result;
      return result;
    }
    let [last, child] = [result, leaf];
    for (let issuer = chain.find((c) => child.checkIssued(c)); issuer !== undefined; ) {
      if (issuer === child) {
        last.issuerCertificate = last;
        break;
      }
      const next = issuer.toLegacyObject();
      last.issuerCertificate = next;
      [last, child] = [next, issuer];
      issuer = chain.find((c) => child.checkIssued(c));
    }
    this.#peer.chain = result;
    return result;
  }

  setKeepAlive(on?: boolean, delay?: number): this {
    this.#socket.setKeepAlive(on, delay);
    return this;
  }
  setNoDelay(on?: boolean): this {
    this.#socket.setNoDelay(on);
    return this;
  }
  setTimeout(ms: number, callback?: () => void): this {
    this.#socket.setTimeout(ms);
    if (callback) this.once("timeout", callback);
    return this;
  }
  ref(): this {
    this.#socket.ref();
    return this;
  }
  unref(): this {
    this.#socket.unref();
    return this;
  }
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }
  address(): ReturnType<Socket["address"]> {
    return this.#socket.address();
  }

  get connecting(): boolean {
    return this.#socket.connecting;
  }
  get pending(): boolean {
    return this.#socket.pending;
  }
  get readyState(): string {
    return this.#socket.readyState;
  }
  get timeout(): number | undefined {
    return this.#socket.timeout;
  }
  get bytesRead(): number {
    return this.#socket.bytesRead;
  }
  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }
  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }
  get remoteFamily(): string | undefined {
    return this.#socket.remoteFamily;
  }
  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }
  get localPort(): number | undefined {
    return this.#socket.localPort;
  }
}
