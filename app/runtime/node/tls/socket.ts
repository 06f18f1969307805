/**
 * TLSSocket: a Duplex of plaintext over a net.Socket of ciphertext. The protocol itself runs in native/tls.c; here
 * bytes are carried between it and the socket, and its results become events.
 */
import { Buffer } from "../buffer.ts";
import type { Bytes } from "../crypto/native.ts";
import { type LegacyCertificate, X509Certificate } from "../crypto/x509.ts";
import type { Socket } from "../net.ts";
import { nodeError } from "../node-error.ts";
import { Carried } from "./carried.ts";
import { type ConnectionHandle, tlsBinding } from "./native.ts";
import { alpnBytes, type TlsSocketOptions } from "./options.ts";

type Callback = (error?: Error | null) => void;

/** What this file reads of the streams' own state. */
interface WritableState {
  readonly length: number;
  readonly corked: number;
  readonly ending: boolean;
  readonly destroyed: boolean;
}
interface ReadableState {
  readonly flowing: boolean | null;
  readonly length: number;
  readonly decoder: object | null;
  readonly ended: boolean;
  readonly destroyed: boolean;
  dataEmitted: boolean;
}

export class TLSSocket extends Carried {
  readonly encrypted = true;
  authorized = false;
  authorizationError: string | null = null;
  alpnProtocol: string | false | null = null;
  servername: string | null = null;
  secureConnecting = true;
  readonly #socketState: WritableState;
  readonly #writableState: WritableState;
  readonly #readableState: ReadableState;
  readonly #connection: ConnectionHandle;
  readonly #options: TlsSocketOptions;
  /** A write that came before the handshake was done. */
  #early: { chunks: readonly Bytes[]; callback: Callback } | null = null;
  /** What was written while corked and nothing else waited: one record when it is uncorked. */
  #held: Uint8Array[] = [];
  #heldCallbacks: Callback[] = [];
  #peerClosed = false;
  #flowing = true;
  #wantsData = false;
  #peer: { certificate?: LegacyCertificate; chain?: LegacyCertificate } = {};

  constructor(socket: Socket, options: TlsSocketOptions) {
    super(socket, options.highWaterMark);
    this.#socketState = (socket as unknown as { _writableState: WritableState })._writableState;
    this.#writableState = (this as unknown as { _writableState: WritableState })._writableState;
    this.#readableState = (this as unknown as { _readableState: ReadableState })._readableState;
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
    if (this.secureConnecting && this.#handshake()) this.#onHandshake();
    if (!this.secureConnecting && !this.destroyed) this.#deliver();
    this.#flush();
  }

  #handshake(): boolean {
    try {
      return tlsBinding.handshake(this.#connection);
    } catch (error) {
      this.#fail(error as Error);
      return false;
    }
  }

  /** Ends the connection, after the alert that tells the peer why. */
  #fail(error: Error): void {
    this.#flush();
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
    if (early !== null && !this.destroyed) this.#sealAndSend(early.chunks, early.callback);
    if (this.#wantsData) this._read();
  }

  /** Plaintext as long as it is wanted; the socket is paused when it isn't. */
  #deliver(): void {
    while (this.#wantsData && !this.#peerClosed) {
      let data: Buffer | undefined | null;
      try {
        data = tlsBinding.read(this.#connection);
      } catch (error) {
        this.#fail(error as Error);
        return;
      }
      this.#takeSession();
      if (data === undefined || this.destroyed) break;
      this.#onPlaintext(data);
      if (this.destroyed) return;
    }
    const flow = this.#wantsData || this.#peerClosed;
    if (flow === this.#flowing) return;
    this.#flowing = flow;
    if (flow) this.carrier.resume();
    else this.carrier.pause();
  }

  #takeSession(): void {
    const session = tlsBinding.takeSession(this.#connection);
    if (session !== undefined) this.emit("session", session);
  }

  #onPlaintext(data: Buffer | null): void {
    if (data !== null) {
      this.#wantsData = this.#emitDirectly(data) || this.push(data);
    } else {
      this.#peerClosed = true;
      this.push(null);
    }
  }

  /** Sends pending ciphertext; `callback` when the socket has taken it. */
  #flush(callback?: Callback): void {
    const bytes = tlsBinding.pull(this.#connection);
    if (bytes === undefined || this.#carrierEnded) callback?.();
    else this.carrier.write(bytes, callback);
  }

  #onCiphertext(chunk: Buffer): void {
    if (this.#writableState.destroyed) return;
    if (this.secureConnecting || !this.#wantsData) {
      tlsBinding.feed(this.#connection, chunk);
      this.#advance();
      return;
    }
    /* The usual case, a few whole records: one call for the data, one that says whether there is more to do. */
    let data: Buffer | undefined | null;
    try {
      data = tlsBinding.open(this.#connection, chunk);
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    const more = tlsBinding.attention(this.#connection);
    if (more) this.#takeSession();
    if (data !== undefined) this.#onPlaintext(data);
    if (more || !this.#wantsData) this.#advance();
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
    const { _host: host, remotePort: port, localAddress } = this.carrier;
    return Object.assign(nodeError(Error, "ECONNRESET", message), { host, port, localAddress });
  }

  override _read(): void {
    this.#wantsData = true;
    if (this.secureConnecting) return;
    this.#advance();
  }

  /** A chunk straight to the listeners of 'data' when the stream flows and nothing waits; false: through the buffer. */
  #emitDirectly(data: Buffer): boolean {
    const state = this.#readableState;
    if (!state.flowing || state.length !== 0 || state.decoder || state.ended || state.destroyed) return false;
    state.dataEmitted = true;
    return this.emit("data", data);
  }

  /** Nothing waits here or in the socket, so a write may go straight through without changing the order. */
  #nothingWaits(state: WritableState): boolean {
    return (
      state.length === 0 &&
      this.#socketState.length === 0 &&
      !this.secureConnecting &&
      !state.ending &&
      !state.destroyed
    );
  }

  /**
   * What Writable.write does when nothing waits, without its bookkeeping, which costs more than encrypting a published
   * value. While the socket's own buffer isn't empty everything goes the long way, with its back-pressure.
   */
  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    const state = this.#writableState;
    const bytes =
      typeof chunk === "string"
        ? Buffer.from(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8")
        : chunk;
    if (!(bytes instanceof Uint8Array) || !this.#nothingWaits(state)) {
      if (this.#held.length > 0) this.#releaseHeld();
      return super.write(chunk as string, encoding as BufferEncoding, callback as Callback);
    }
    const done = typeof encoding === "function" ? encoding : callback;
    if (typeof done === "function") this.#heldCallbacks.push(done as Callback);
    this.#held.push(bytes);
    if (state.corked === 0) this.#sendHeld();
    return true;
  }

  override uncork(): void {
    super.uncork();
    if (this.#writableState.corked === 0 && this.#held.length > 0) this.#sendHeld();
  }

  #sendHeld(): void {
    const held = this.#held;
    const callbacks = this.#heldCallbacks;
    this.#held = [];
    if (callbacks.length > 0) this.#heldCallbacks = [];
    let failure: Error | null = null;
    try {
      const sealed = tlsBinding.seal(this.#connection, held);
      if (sealed !== undefined && !this.#carrierEnded) this.carrier.write(sealed);
    } catch (error) {
      failure = error as Error;
      this.destroy(failure);
    }
    for (let i = 0; i < callbacks.length; i++) process.nextTick(callbacks[i] as Callback, failure);
  }

  /** Puts what is held into the stream's own queue, so that the order stays. */
  #releaseHeld(): void {
    const held = this.#held;
    const callbacks = this.#heldCallbacks;
    this.#held = [];
    this.#heldCallbacks = [];
    super.write(Buffer.concat(held), (error) => {
      for (const callback of callbacks) callback(error);
    });
  }

  override _write(chunk: Bytes, _encoding: string, callback: Callback): void {
    this.#sealAndSend([chunk], callback);
  }

  /** Corked writes become one record. */
  override _writev(chunks: { chunk: Buffer; encoding: string }[], callback: Callback): void {
    this.#sealAndSend(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  #sealAndSend(chunks: readonly Bytes[], callback: Callback): void {
    if (this.secureConnecting) {
      this.#early = { chunks, callback };
      return;
    }
    let sealed: Buffer | undefined;
    try {
      sealed = tlsBinding.seal(this.#connection, chunks);
    } catch (error) {
      callback(error as Error);
      return;
    }
    if (sealed === undefined || this.#carrierEnded) callback();
    else this.carrier.write(sealed, callback);
  }

  override _final(callback: Callback): void {
    if (this.secureConnecting) {
      this.once("secure", () => this._final(callback));
      return;
    }
    tlsBinding.shutdown(this.#connection);
    this.#flush();
    this.carrier.end();
    callback();
  }

  /** The peer closed TCP without a word of TLS, and the socket below has ended itself: nothing can be sent any more. */
  get #carrierEnded(): boolean {
    return this.carrier.destroyed || this.carrier.writableEnded;
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const waiting = [...(this.#early ? [this.#early.callback] : []), ...this.#heldCallbacks];
    this.#early = null;
    this.#held = [];
    this.#heldCallbacks = [];
    const reason = "Cannot call write after a stream was destroyed";
    for (const callback of waiting) callback(error ?? nodeError(Error, "ERR_STREAM_DESTROYED", reason));
    if (this.carrier.closed || this.carrier.destroyed) {
      this.#closed(error, callback);
      return;
    }
    this.carrier.once("close", () => this.#closed(error, callback));
    if (error && this.carrier.writableLength > 0) this.carrier.destroySoon();
    else this.carrier.destroy();
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
}
