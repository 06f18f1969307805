/**
 * The places in node-opcua that the fast path looks into or puts itself in front of, all of them in this file and in
 * `fast-lane.ts`. They are no documented API: the version is pinned, and what is not as expected is told at the start.
 */
import {
  type ClientSecureChannelLayer,
  type ClientSession,
  type MessageBuilder,
  type OPCUAClient,
  type OPCUAClientOptions,
  SequenceNumberGenerator,
  type StatusCode,
  TokenStack,
} from "node-opcua-client";

/** node-opcua is not the one that the fast path was written for. */
export class LibraryChangedError extends Error {
  readonly code = "OPCUA_LIBRARY_CHANGED";
  constructor(what: string) {
    super(
      `node-opcua-client is not as app/cells/opcua expects it (${what}). ` +
        "Cure: install version 2.182.2 as package-lock.json says, or adapt library.ts and fast-lane.ts",
    );
  }
}

/** node-opcua's TCP transport: bytes in, chunks out. */
export interface Transport {
  bytesRead: number;
  /** Gets what the socket received. */
  _on_socket_data(data: Buffer): void;
  /** Sends a chunk as it is. */
  _write_chunk(chunk: Buffer): void;
}

type DerivedKeys = NonNullable<Parameters<TokenStack["pushNewToken"]>[1]>;
type SecurityToken = Parameters<TokenStack["pushNewToken"]>[0];

/** A security token with its keys; null: the channel is not secured. */
export interface Token {
  readonly id: number;
  /** Part 6 §6.7.3: accepted for a quarter of its lifetime longer. */
  readonly expiresAt: number;
  readonly keys: DerivedKeys | null;
}

function functionsIn(value: object | null | undefined, what: string, names: readonly string[]): void {
  for (const name of names) {
    const member: unknown = value ? Reflect.get(value, name) : undefined;
    if (typeof member !== "function") throw new LibraryChangedError(`${what} has no ${name}`);
  }
}

functionsIn(TokenStack.prototype, "TokenStack", ["pushNewToken"]);
functionsIn(SequenceNumberGenerator.prototype, "SequenceNumberGenerator", ["next"]);

/**
 * Keys and sequence numbers live in private fields of objects that are created deep inside. The channel tells with an
 * event, in the same call, when they were used: what was seen last then is the channel's.
 */
const { pushNewToken } = TokenStack.prototype;
const { next } = SequenceNumberGenerator.prototype;
let pushed: { readonly token: SecurityToken; readonly keys: DerivedKeys | null } | null = null;
let counted: SequenceNumberGenerator | null = null;

TokenStack.prototype.pushNewToken = function tapped(token, keys) {
  pushed = { token, keys };
  pushNewToken.call(this, token, keys);
};
SequenceNumberGenerator.prototype.next = function tapped() {
  counted = this;
  return next.call(this);
};

/** Tokens and sequence numbers of a channel, from its very first message on. */
export class ChannelTap {
  readonly channel: ClientSecureChannelLayer;
  readonly #tokens = new Map<number, Token>();
  #generator: SequenceNumberGenerator | null = null;
  #lastWord: string | null = null;

  constructor(channel: ClientSecureChannelLayer) {
    functionsIn(channel, "ClientSecureChannelLayer", [
      "_getMessageBuilder",
      "getTransport",
      "getKeyOperations",
    ]);
    this.channel = channel;
    channel.on("send_chunk", () => {
      this.#generator ??= counted;
      counted = null;
    });
    // The builder is there when the first chunk is sent.
    channel.once("send_chunk", () => {
      this.builder.on("error", (_error: Error, status: StatusCode) => {
        this.#lastWord ??= status.name;
      });
    });
    channel.on("security_token_created", (created) => {
      if (!pushed || !Object.is(pushed.token, created)) {
        throw new LibraryChangedError("a security token was created and not stored");
      }
      const { token, keys } = pushed;
      pushed = null;
      const now = performance.now();
      for (const [id, { expiresAt }] of this.#tokens) if (expiresAt < now) this.#tokens.delete(id);
      const expiresAt = now + token.revisedLifetime * 1.25;
      this.#tokens.set(token.tokenId, { id: token.tokenId, expiresAt, keys });
    });
  }

  /**
   * Why the server ends the channel, where it says so: its ERR message (Part 6 §7.1.2.5). node-opcua only tells that the
   * connection was closed.
   */
  get lastWord(): string | null {
    return this.#lastWord;
  }

  /** The token, if it is the channel's and still good. */
  token(id: number): Token | null {
    const token = this.#tokens.get(id);
    return token && token.expiresAt >= performance.now() ? token : null;
  }

  /** The number of the next chunk that is sent (Part 6 §6.7.2.4). */
  nextSequenceNumber(): number {
    if (!this.#generator) throw new LibraryChangedError("no chunk was numbered yet");
    return next.call(this.#generator);
  }

  get transport(): Transport {
    const transport = this.channel.getTransport();
    functionsIn(transport, "the transport", ["_on_socket_data", "_write_chunk"]);
    return transport as object as Transport;
  }

  get builder(): MessageBuilder {
    const builder = this.channel._getMessageBuilder();
    functionsIn(builder, "MessageBuilder", ["feed", "emit"]);
    return builder as MessageBuilder;
  }
}

/** Without key and certificate there is nothing that node-opcua's check of the two could look at. */
export function skipKeyCheck(client: OPCUAClient): void {
  functionsIn(client, "OPCUAClient", ["initializeCM"]);
  Object.assign(client, { initializeCM: async () => undefined });
}

export type KeyPairProvider = NonNullable<OPCUAClientOptions["certificateKeyPairProvider"]>;

/**
 * Stands in when there is no client certificate, which only an unprotected connection can do without (L5). There
 * node-opcua takes null for an answer, though its types don't say so.
 */
export const NO_KEY_PAIR = {
  certificateFile: "<in-memory>",
  privateKeyFile: "<in-memory>",
  getCertificate: () => null,
  getCertificateChain: () => [],
  getPrivateKey: () => null,
  getKeyOperations: () => null,
} as object as KeyPairProvider;

/** The answer to a service call, whatever it is. */
interface Answer {
  readonly responseHeader: { readonly serviceResult: StatusCode };
}

/** A session as far as services are called on it. */
interface Caller {
  _performMessageTransaction(
    request: object,
    callback: (error: (Error & { response?: Answer }) | null, response?: Answer) => void,
  ): void;
}

/** The server answered, and its answer was no (Part 4 §7.34). */
export class ServiceRefusedError extends Error {
  readonly code = "SERVICE_REFUSED";
  readonly status: StatusCode;
  constructor(service: string, status: StatusCode) {
    super(`the server refuses ${service} (${status.name})`);
    this.status = status;
  }
}

/** Whether the server answered with one of these. */
export function isRefusal(error: unknown, statuses: readonly StatusCode[]): error is ServiceRefusedError {
  return error instanceof ServiceRefusedError && statuses.some((status) => status.equals(error.status));
}

/**
 * Calls a service on a session (Part 4 §5). Not by `session.createSubscription` and the like: those replace a session
 * that the server no longer knows by a new one, behind our back. Throws `ServiceRefusedError`.
 */
export function callService<T extends Answer>(
  session: ClientSession,
  request: object,
  Expected: abstract new (...options: never[]) => T,
): Promise<T> {
  functionsIn(session, "ClientSession", ["_performMessageTransaction"]);
  const service = request.constructor.name.replace(/Request$/, "");
  return new Promise((resolve, reject) => {
    (session as object as Caller)._performMessageTransaction(request, (error, response) => {
      const answer = response ?? error?.response;
      if (answer?.responseHeader.serviceResult.isNotGood())
        reject(new ServiceRefusedError(service, answer.responseHeader.serviceResult));
      else if (error) reject(error);
      else if (answer instanceof Expected) resolve(answer);
      else reject(new LibraryChangedError(`${service} has an answer of an unknown kind`));
    });
  });
}
