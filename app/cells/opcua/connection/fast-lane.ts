/**
 * The way of a received message, past node-opcua's layers: TCP bytes to chunks, signature and encryption, sequence
 * numbers (Part 6 §6.7.2, §7.1.2). Answers to our PublishRequests go to the publish loop; all else goes to node-opcua, whose
 * message builder gets the opened message as if the channel was not secured.
 */
import { MessageBuilder, MessageSecurityMode, SecurityPolicy } from "node-opcua-client";
import { platform } from "#platform";
import type { MessageOpener, MessageSealer } from "../../../runtime/platform-types.ts";
import { type ChannelTap, LibraryChangedError, type Token, type Transport } from "./library.ts";

/** Our request ids begin here; node-opcua counts its own from 1. */
export const FIRST_REQUEST_ID = 0x8000_0000;
/** Message header, secure channel id, token id, sequence number, request id. */
export const BODY_AT = 24;

/** "MSG" and "OPN" as the low three bytes of a number. */
const MSG = 0x47_534d;
const OPN = 0x4e_504f;
/** The fourth byte: the last chunk, and one that more follow. */
const FINAL = 0x46;
const MORE = 0x43;
const SIZE_AT = 4;
const CHANNEL_AT = 8;
const TOKEN_AT = 12;
const SEQUENCE_AT = 16;
const REQUEST_AT = 20;
const HEADER_BYTES = 8;
/** Part 6 §6.7.2.4: numbers start anew, below 1024, after the highest ones. */
const LAST_BEFORE_WRAP = 4_294_966_271;
const FIRST_AFTER_WRAP = 1024;

/** What becomes of answers to our requests. */
export interface AnswerHandler {
  /** The body of an answer; false: node-opcua shall decode it. */
  take(bytes: Buffer, view: DataView, start: number, end: number): boolean;
  /** What node-opcua decoded; null: nothing that can be used. */
  decoded(response: object | null): void;
}

function aes({
  encryptingKey,
  initializationVector,
}: {
  encryptingKey: Buffer;
  initializationVector: Buffer;
}) {
  return { key: encryptingKey, iv: initializationVector };
}

export class FastLane {
  readonly #tap: ChannelTap;
  readonly #transport: Transport;
  readonly #library: MessageBuilder;
  readonly #onFault: (reason: string) => void;
  readonly #encrypted: boolean;
  readonly #longestChunk: number;
  #answers: AnswerHandler | null = null;
  #rest: Buffer | null = null;
  #sequenceNumber: number;
  #token: Token | null = null;
  #opener: MessageOpener | null = null;
  #sealingToken = -1;
  #sealer: MessageSealer | null = null;
  /** Takes opened messages; it numbers them itself, because it does not see all of them. */
  #plain: MessageBuilder;
  #plainNumber = 1;
  /** A message of several chunks is on its way to node-opcua. */
  #unfinished = false;
  #handedOver = false;
  #renewal: MessageBuilder | null = null;
  #closed = false;
  #faulty = false;
  /** Where the body of the message at hand ends. */
  #end = 0;

  /** Puts itself between socket and node-opcua; no message may be on its way. */
  constructor(options: { tap: ChannelTap; onFault: (reason: string) => void }) {
    const { tap, onFault } = options;
    this.#tap = tap;
    this.#onFault = onFault;
    this.#transport = tap.transport;
    this.#library = tap.builder;
    this.#encrypted = tap.channel.securityMode === MessageSecurityMode.SignAndEncrypt;
    this.#longestChunk = this.#library.maxChunkSize;
    this.#sequenceNumber = this.#library.sequenceHeader?.sequenceNumber ?? 0;
    this.#plain = this.#newPlain();
    this.#transport._on_socket_data = (data) => this.#receive(data);
  }

  set answers(handler: AnswerHandler) {
    this.#answers = handler;
  }

  /** From now on nothing reaches the publish loop; node-opcua still gets what it waits for. */
  close(): void {
    this.#closed = true;
  }

  #receive(data: Buffer): void {
    if (this.#faulty) return;
    this.#transport.bytesRead += data.length;
    const bytes = this.#rest ? Buffer.concat([this.#rest, data]) : data;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#rest = null;
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES && !this.#faulty) {
      const size = view.getUint32(at + SIZE_AT, true);
      if (size < HEADER_BYTES || size > this.#longestChunk) {
        this.#fault("the server sent a chunk of a length that was not agreed");
        return;
      }
      if (size > bytes.length - at) break;
      if (size === bytes.length) this.#chunk(bytes, view);
      else {
        const chunk = bytes.subarray(at, at + size);
        this.#chunk(chunk, new DataView(chunk.buffer, chunk.byteOffset, size));
      }
      at += size;
    }
    // A copy, so that a few bytes left over don't keep a whole read buffer alive.
    if (at < bytes.length) this.#rest = at === 0 ? bytes : Buffer.from(bytes.subarray(at));
  }

  #fault(reason: string): void {
    // Whatever else comes means nothing any more; the owner closes the connection.
    this.#faulty = true;
    this.#onFault(`${reason}. Cure: check the server, and what lies between it and the gateway`);
  }

  #chunk(chunk: Buffer, view: DataView): void {
    const head = view.getUint32(0, true);
    const type = head & 0xff_ffff;
    if (type === OPN) {
      this.#renewal ??= this.#newRenewal();
      this.#renewal.feed(chunk);
    } else if (type !== MSG) this.#library.feed(chunk);
    else if (this.#open(chunk, view)) this.#message(chunk, view, head >>> 24, this.#end);
  }

  /** Decrypts and verifies; leaves the body's end in `#end`. */
  #open(chunk: Buffer, view: DataView): boolean {
    if (chunk.length < BODY_AT || view.getUint32(CHANNEL_AT, true) !== this.#tap.channel.channelId) {
      this.#fault("the server sent a message of another secure channel");
      return false;
    }
    const id = view.getUint32(TOKEN_AT, true);
    const token = this.#token;
    if (token === null || token.id !== id || token.expiresAt < performance.now()) {
      if (!this.#useToken(id)) {
        this.#fault("the server used a security token that is unknown or has expired");
        return false;
      }
    }
    this.#end = this.#opener ? this.#opener.open(chunk) : chunk.length;
    if (this.#end >= BODY_AT) return this.#number(view.getUint32(SEQUENCE_AT, true));
    this.#fault("the server sent a message whose signature is wrong");
    return false;
  }

  #useToken(id: number): boolean {
    const token = this.#tap.token(id);
    if (!token) return false;
    const keys = token.keys?.derivedServerKeys;
    if (!keys && this.#tap.channel.securityMode !== MessageSecurityMode.None) return false;
    this.#token = token;
    this.#opener = keys
      ? platform.messageOpener({
          digest: keys.sha1or256,
          signingKey: keys.signingKey,
          cipher: this.#encrypted ? aes(keys) : null,
        })
      : null;
    return true;
  }

  #number(sequenceNumber: number): boolean {
    const wraps = this.#sequenceNumber >= LAST_BEFORE_WRAP && sequenceNumber < FIRST_AFTER_WRAP;
    if (sequenceNumber !== this.#sequenceNumber + 1 && !wraps) {
      this.#fault(
        `the server sent message ${sequenceNumber} of the secure channel after ${this.#sequenceNumber}`,
      );
      return false;
    }
    this.#sequenceNumber = sequenceNumber;
    return true;
  }

  #message(chunk: Buffer, view: DataView, kind: number, end: number): void {
    const ours = view.getUint32(REQUEST_AT, true) >= FIRST_REQUEST_ID;
    if (ours && kind === FINAL && !this.#unfinished && this.#answers && !this.#closed) {
      if (this.#answers.take(chunk, view, BODY_AT, end)) return;
    }
    this.#unfinished = kind === MORE;
    view.setUint32(SIZE_AT, end, true);
    view.setUint32(SEQUENCE_AT, this.#plainNumber, true);
    this.#plainNumber += 1;
    this.#handedOver = false;
    this.#plain.feed(end === chunk.length ? chunk : chunk.subarray(0, end));
    // Nothing came of it: node-opcua could not decode it, or the server gave it up.
    if (ours && !this.#unfinished && !this.#handedOver && !this.#closed) this.#answers?.decoded(null);
  }

  #newBuilder(name: string, mode: MessageSecurityMode, policy: SecurityPolicy): MessageBuilder {
    const { maxChunkSize, maxChunkCount, maxMessageSize } = this.#library;
    const keyOperations = this.#tap.channel.getKeyOperations();
    const builder = new MessageBuilder(
      { getDerivedKey: () => null },
      { name, maxChunkSize, maxChunkCount, maxMessageSize, ...(keyOperations && { keyOperations }) },
    );
    builder.setSecurity(mode, policy);
    return builder;
  }

  /** A message builder for what is opened already. Its finds go to node-opcua's own, where the channel listens. */
  #newPlain(): MessageBuilder {
    const library = this.#library;
    const plain = this.#newBuilder("plain", MessageSecurityMode.None, SecurityPolicy.None);
    plain.on("message", (response, msgType, securityHeader, requestId, channelId) => {
      this.#handedOver = true;
      if (requestId < FIRST_REQUEST_ID)
        library.emit("message", response, msgType, securityHeader, requestId, channelId);
      else if (!this.#closed) this.#answers?.decoded(response);
    });
    plain.on("abandon", (requestId) => {
      if (requestId < FIRST_REQUEST_ID) Reflect.apply(library.emit, library, ["abandon", requestId]);
    });
    plain.on("error", (error, statusCode, requestId) => {
      // It takes nothing more after an error.
      this.#plain = this.#newPlain();
      this.#plainNumber = 1;
      this.#unfinished = false;
      if (requestId !== null && requestId < FIRST_REQUEST_ID)
        library.emit("error", error, statusCode, requestId);
    });
    return plain;
  }

  /** The answer to a renewal of the token: node-opcua decrypts it, with a builder that has seen no number yet. */
  #newRenewal(): MessageBuilder {
    const library = this.#library;
    const { securityMode, securityPolicy } = this.#tap.channel;
    const renewal = this.#newBuilder("renewal", securityMode, securityPolicy);
    renewal.on("message", (response, msgType, securityHeader, requestId, channelId) => {
      this.#renewal = null;
      const { sequenceHeader } = renewal;
      if (!sequenceHeader || !this.#number(sequenceHeader.sequenceNumber)) return;
      library.emit("message", response, msgType, securityHeader, requestId, channelId);
    });
    renewal.on("error", ({ message }) =>
      this.#fault(`the server's answer to the renewal of the security token is not usable (${message})`),
    );
    return renewal;
  }

  /**
   * Sends the body of a request, which lies at `BODY_AT` in `message` (seen through `view`) and ends at `end`; behind it there must be room for
   * padding and signature (`SEAL_BYTES`). The bytes belong to the socket from here on.
   */
  send(message: Buffer, view: DataView, end: number, requestId: number): void {
    const { channel } = this.#tap;
    const tokenId = channel.activeSecurityToken?.tokenId ?? 0;
    view.setUint32(0, MSG | (FINAL << 24), true);
    view.setUint32(SIZE_AT, end, true);
    view.setUint32(CHANNEL_AT, channel.channelId, true);
    view.setUint32(TOKEN_AT, tokenId, true);
    view.setUint32(SEQUENCE_AT, this.#tap.nextSequenceNumber(), true);
    view.setUint32(REQUEST_AT, requestId, true);
    if (tokenId !== this.#sealingToken) this.#sealWith(tokenId);
    const length = this.#sealer ? this.#sealer.seal(message, end) : end;
    this.#transport._write_chunk(length === message.length ? message : message.subarray(0, length));
  }

  #sealWith(tokenId: number): void {
    const keys = this.#tap.token(tokenId)?.keys?.derivedClientKeys;
    if (!keys && this.#tap.channel.securityMode !== MessageSecurityMode.None) {
      throw new LibraryChangedError(`the channel uses token ${tokenId}, whose keys were not seen`);
    }
    this.#sealer = keys
      ? platform.messageSealer({
          digest: keys.sha1or256,
          signingKey: keys.signingKey,
          cipher: this.#encrypted ? aes(keys) : null,
        })
      : null;
    this.#sealingToken = tokenId;
  }
}

/** Room for padding and signature behind a message. */
export const SEAL_BYTES = 48;
