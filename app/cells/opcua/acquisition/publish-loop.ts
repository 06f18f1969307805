/**
 * Sends PublishRequests and takes their answers (Part 4 §5.13.5), in place of node-opcua's publish engine. Every
 * notification is acknowledged with the next request; order is kept, over cut connections too.
 */
import {
  type ClientSession,
  DataChangeNotification,
  MessageChunker,
  MessageSecurityMode,
  type NotificationMessage,
  PublishRequest,
  PublishResponse,
  ServiceFault,
  StatusChangeNotification,
  StatusCodes,
  SymmetricAlgorithmSecurityHeader,
} from "node-opcua-client";
import type { NodeSetting } from "../../../config/opcua-file.ts";
import { explainError } from "../connection/cause.ts";
import { BODY_AT, type FastLane, FIRST_REQUEST_ID, SEAL_BYTES } from "../connection/fast-lane.ts";
import { LibraryChangedError } from "../connection/library.ts";
import type { PublishResponseDecoder } from "../values/publish-response.ts";
import type { Values } from "../values/values.ts";
import { type Delivery, MessageOrder } from "./message-order.ts";
import { republish } from "./republish.ts";

export interface PublishLoopHandlers {
  /** Takes what arrives. */
  readonly values: Values;
  /** This many messages are lost: the server no longer has them. */
  onMissed(messages: number): void;
}

export interface PublishLoopStart {
  readonly session: ClientSession;
  readonly lane: FastLane;
  /** For `resume` the same ones as before. */
  readonly subscriptionIds: readonly number[];
  /** Milliseconds within which the server has something to tell, a keep-alive at least. */
  readonly timeoutHint: number;
  /** Nothing more will come over this connection. */
  onLost(reason: string): void;
}

/** The server keeps a request for this long before it gives it up (Part 4 §7.32): with as many as we have waiting. */
const REQUESTS = 5;
/** Subscription id and sequence number of 100 acknowledgements; more of them wait for the request after. */
const MOST_ACKNOWLEDGED = 200;
/** Behind the authentication token: time, handle, diagnostics, audit id (null), time-out, no more header, no list. */
const BEHIND_TOKEN_BYTES = 31;
const AUDIT_ID_AT = 16;
/** Milliseconds from 1601, where DateTime begins, to 1970. */
const FROM_1601_MS = 11_644_473_600_000;
/** Servers may take a shorter one for "at once". */
const MIN_TIMEOUT_HINT_MS = 50_000;
/** The pause when the server has refused the only request. */
const REQUEST_AGAIN_MS = 1_000;
const HIGHEST_REQUEST_ID = 0xffff_fffe;

/** An encoded PublishRequest without acknowledgements, as a message that is not protected. */
function encodeRequest(session: ClientSession, timeoutHint: number): Buffer {
  const request = new PublishRequest({
    requestHeader: { timeoutHint, auditEntryId: null },
    subscriptionAcknowledgements: [],
  });
  if (session.authenticationToken) request.requestHeader.authenticationToken = session.authenticationToken;
  const chunks: Buffer[] = [];
  new MessageChunker({ securityMode: MessageSecurityMode.None }).chunkSecureMessage(
    "MSG",
    {
      channelId: 0,
      securityHeader: new SymmetricAlgorithmSecurityHeader({ tokenId: 0 }),
      securityOptions: {
        channelId: 0,
        requestId: 1,
        chunkSize: 8192,
        cipherBlockSize: 0,
        plainBlockSize: 0,
        sequenceHeaderSize: 0,
        signatureLength: 0,
      },
    },
    request,
    (chunk) => {
      if (chunk) chunks.push(chunk);
    },
  );
  const [chunk] = chunks;
  const fields = (chunk?.length ?? 0) - BEHIND_TOKEN_BYTES;
  if (!chunk || chunks.length > 1 || fields <= BODY_AT || chunk.readInt32LE(fields + AUDIT_ID_AT) !== -1) {
    throw new LibraryChangedError("a PublishRequest is not encoded as usual");
  }
  return Buffer.from(chunk);
}

export class PublishLoop {
  readonly #handlers: PublishLoopHandlers;
  readonly #values: Values;
  readonly #decoder: PublishResponseDecoder;
  #lane: FastLane | null = null;
  #session: ClientSession | null = null;
  /** Of the connection at hand: a later one is not lost by what is found out about this one. */
  #onLost: (reason: string) => void = () => undefined;
  #orders: readonly MessageOrder[] = [];
  #request: Buffer | null = null;
  #requestId = FIRST_REQUEST_ID;
  /** Requests that the server has; they become fewer only when it refuses one. */
  #requests = 0;
  #again: ReturnType<typeof setTimeout> | null = null;
  /** Subscription id and sequence number, in turn. */
  #acknowledgements: number[] = [];
  /** By client handle. */
  #nodeOf: readonly (NodeSetting | undefined)[] = [];
  /** Once after a resumption: acknowledgements may have been lost with the connection. */
  #reviewing = false;
  #timeoutHint = 0;
  #startedAt = 0;
  /** When the last answer came for each subscription: each of them has to prove that it lives. */
  #heardAt = new Map<number, number>();

  constructor(handlers: PublishLoopHandlers) {
    this.#handlers = handlers;
    this.#values = handlers.values;
    this.#decoder = handlers.values.decoder;
  }

  /** When the last answer for a subscription came, or when it began. */
  heardAt(subscriptionId: number): number {
    return this.#heardAt.get(subscriptionId) ?? this.#startedAt;
  }

  /** Whether an answer came since `start` or `resume`. */
  get heard(): boolean {
    return [...this.#heardAt.values()].some((at) => at !== this.#startedAt);
  }

  /** The nodes by the client handle of their items. */
  set nodes(nodeOf: readonly (NodeSetting | undefined)[]) {
    this.#nodeOf = nodeOf;
    this.#decoder.clientHandles = nodeOf.map((node) => node?.port);
  }

  /** Asks for notifications of new subscriptions, before items are created on them. */
  start(options: PublishLoopStart): void {
    this.#orders = options.subscriptionIds.map((id) => new MessageOrder(id));
    this.#acknowledgements = [];
    this.#attach(options);
    for (this.#requests = 0; this.#requests < REQUESTS; this.#requests += 1) this.#send();
  }

  /**
   * Goes on with the same subscriptions over another channel, maybe on another session: fetches what was sent and did
   * not arrive, then asks for more. Returns the number of messages fetched. Throws `ServiceRefusedError` when the server
   * no longer has a subscription.
   */
  async resume(options: PublishLoopStart): Promise<number> {
    this.#attach(options);
    this.#reviewing = true;
    let messages = 0;
    for (const order of this.#orders) {
      const { fetched, lost } = await order.catchUp(this.#fetcher(options.session, order), true);
      messages += fetched;
      if (lost > 0) this.#handlers.onMissed(lost);
    }
    for (this.#requests = 0; this.#requests < REQUESTS; this.#requests += 1) this.#send();
    return messages;
  }

  /** The connection is gone, or another one begins. */
  stop(): void {
    if (this.#again) clearTimeout(this.#again);
    this.#again = null;
    this.#lane?.close();
    this.#lane = null;
    this.#session = null;
  }

  #attach({ session, lane, timeoutHint, onLost }: PublishLoopStart): void {
    this.stop();
    this.#session = session;
    this.#onLost = onLost;
    this.#lane = lane;
    this.#request = null;
    this.#timeoutHint = Math.min(Math.max(timeoutHint * REQUESTS, MIN_TIMEOUT_HINT_MS), 0x7fff_ffff);
    this.#startedAt = performance.now();
    this.#heardAt = new Map(this.#orders.map(({ subscriptionId }) => [subscriptionId, this.#startedAt]));
    lane.answers = {
      take: (bytes, view, start, end) => this.#take(bytes, view, start, end),
      decoded: (response) => this.#decoded(response),
    };
  }

  #fetcher(session: ClientSession, { subscriptionId }: MessageOrder) {
    return async (sequenceNumber: number): Promise<Delivery | null> => {
      const message = await republish(session, subscriptionId, sequenceNumber);
      if (!message) return null;
      return () => {
        this.#acknowledge(subscriptionId, sequenceNumber);
        this.#notify(message, true);
      };
    };
  }

  async #catchUp(order: MessageOrder, toEnd: boolean): Promise<void> {
    const session = this.#session;
    if (!session) return;
    try {
      const { lost } = await order.catchUp(this.#fetcher(session, order), toEnd);
      if (lost > 0) this.#handlers.onMissed(lost);
    } catch (error) {
      if (session === this.#session)
        this.#onLost(explainError(error instanceof Error ? error : new Error(String(error))));
    }
  }

  #orderOf(subscriptionId: number): MessageOrder | undefined {
    const [first] = this.#orders;
    if (first?.subscriptionId === subscriptionId) return first;
    return this.#orders.find((order) => order.subscriptionId === subscriptionId);
  }

  #send(): void {
    if (!this.#session || !this.#lane) return;
    this.#request ??= encodeRequest(this.#session, this.#timeoutHint);
    const template = this.#request;
    const acknowledged = this.#acknowledgements;
    this.#acknowledgements =
      acknowledged.length === 0 ? acknowledged : acknowledged.splice(MOST_ACKNOWLEDGED);
    const end = template.length + acknowledged.length * 4;
    const message = Buffer.allocUnsafe(end + SEAL_BYTES);
    template.copy(message, BODY_AT, BODY_AT);
    const view = new DataView(message.buffer, message.byteOffset, message.length);
    const id = this.#requestId;
    this.#requestId = id === HIGHEST_REQUEST_ID ? FIRST_REQUEST_ID : id + 1;
    let at = template.length - BEHIND_TOKEN_BYTES;
    // Now as 100 ns since 1601, in two halves without losing a bit: (t >> 16) × 10 000 is below 2^53.
    const now = Date.now() + FROM_1601_MS;
    const upper = Math.floor(now / 0x1_0000);
    const high = Math.floor((upper * 10_000) / 0x1_0000);
    const low = (upper * 10_000 - high * 0x1_0000) * 0x1_0000 + (now - upper * 0x1_0000) * 10_000;
    view.setUint32(at, low, true);
    view.setUint32(at + 4, low >= 0x1_0000_0000 ? high + 1 : high, true);
    view.setUint32(at + 8, id, true);
    at = template.length - 4;
    view.setUint32(at, acknowledged.length / 2, true);
    for (const number of acknowledged) {
      at += 4;
      view.setUint32(at, number, true);
    }
    this.#lane.send(message, view, end, id);
  }

  #acknowledge(subscriptionId: number, sequenceNumber: number): void {
    this.#acknowledgements.push(subscriptionId, sequenceNumber);
  }

  #take(bytes: Buffer, view: DataView, start: number, end: number): boolean {
    const decoder = this.#decoder;
    if (this.#reviewing || !decoder.decode(bytes, view, start, end)) return false;
    let order: MessageOrder | undefined;
    // A keep-alive tells the next number and carries nothing.
    if (decoder.notifications > 0) {
      order = this.#orderOf(decoder.subscriptionId);
      // It came too early, or again: that is rare, and may take the slow way.
      if (order && !order.accept(decoder.sequenceNumber)) return false;
      this.#acknowledge(decoder.subscriptionId, decoder.sequenceNumber);
    }
    this.#hear(decoder.subscriptionId);
    // The next request goes out first: the server can go on while the values are passed on.
    this.#send();
    if (!order) return true;
    this.#values.pass();
    return true;
  }

  #hear(subscriptionId: number): void {
    if (this.#heardAt.has(subscriptionId)) this.#heardAt.set(subscriptionId, performance.now());
  }

  #decoded(response: object | null): void {
    if (response instanceof ServiceFault) {
      this.#refused(response);
      return;
    }
    if (response instanceof PublishResponse) this.#arrived(response);
    this.#send();
  }

  #arrived({ subscriptionId, notificationMessage, availableSequenceNumbers }: PublishResponse): void {
    this.#hear(subscriptionId);
    const { sequenceNumber, notificationData } = notificationMessage;
    const order = this.#orderOf(subscriptionId);
    if (this.#reviewing) {
      this.#reviewing = false;
      const available = availableSequenceNumbers ?? [];
      for (const number of available) if (order?.isPast(number)) this.#acknowledge(subscriptionId, number);
      // A message was sent over the lost connection after all was fetched, and nothing has come behind it yet.
      const isKeepAlive = !notificationData?.length;
      if (isKeepAlive && order && !available.every((number) => order.isPast(number))) {
        void this.#catchUp(order, true);
      }
    }
    if (!notificationData?.length) return;
    this.#acknowledge(subscriptionId, sequenceNumber);
    if (!order) return;
    const deliver = (): void => this.#notify(notificationMessage, false);
    if (order.accept(sequenceNumber)) deliver();
    else if (order.hold(sequenceNumber, deliver)) void this.#catchUp(order, false);
  }

  #notify({ notificationData }: NotificationMessage, fetched: boolean): void {
    for (const notification of notificationData ?? []) {
      if (notification instanceof DataChangeNotification) {
        for (const { clientHandle, value } of notification.monitoredItems ?? []) {
          const node = this.#nodeOf[clientHandle];
          if (node) this.#values.decoded(node.port, value);
        }
      } else if (notification instanceof StatusChangeNotification) {
        // It tells the former session that the subscription was taken over, by us.
        if (fetched && notification.status.isGoodish()) continue;
        this.#onLost(`the server has ended the subscription (${notification.status.name})`);
      }
    }
  }

  #refused({ responseHeader: { serviceResult } }: ServiceFault): void {
    if (serviceResult.equals(StatusCodes.BadTooManyPublishRequests)) {
      // The server keeps fewer requests than we send: this one was one too many. The last one must not be lost, though.
      this.#requests -= 1;
      if (this.#requests > 0) return;
      this.#requests = 1;
      this.#again = setTimeout(() => this.#send(), REQUEST_AGAIN_MS);
    } else if (serviceResult.equals(StatusCodes.BadTimeout)) this.#send();
    else this.#onLost(`the server has ended publishing (${serviceResult.name}). Cure: see the server's log`);
  }
}
