/**
 * Sends PublishRequests and takes their answers (Part 4 §5.13.5), in place of node-opcua's publish engine, which decides
 * only when the first ones go out. Every notification is acknowledged with the next request; order is kept.
 */
import {
  type ClientMonitoredItemBase,
  type ClientSession,
  type ClientSubscription,
  DataChangeNotification,
  type DataValue,
  MessageChunker,
  MessageSecurityMode,
  NotificationMessage,
  PublishRequest,
  PublishResponse,
  ServiceFault,
  StatusCodes,
  SymmetricAlgorithmSecurityHeader,
} from "node-opcua-client";
import type { NodeSetting } from "../../config/opcua-file.ts";
import { BODY_AT, type FastLane, FIRST_REQUEST_ID, SEAL_BYTES } from "./fast-lane.ts";
import { LibraryChangedError, publishEngine } from "./library.ts";
import { PublishResponseDecoder } from "./publish-response.ts";

export interface PublishLoopHandlers {
  /** A value as the text that is published. */
  onText(port: number, text: string): void;
  /** A value that only node-opcua could decode. */
  onValue(node: NodeSetting, dataValue: DataValue): void;
  /** Nothing more will come. */
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
/** What node-opcua has in place of a client handle until it gives one. */
const NO_HANDLE = 0xffff_ffff;
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
  readonly #lane: FastLane;
  readonly #session: ClientSession;
  readonly #handlers: PublishLoopHandlers;
  readonly #decoder = new PublishResponseDecoder();
  #subscription: ClientSubscription | null = null;
  #request: Buffer | null = null;
  #requestId = FIRST_REQUEST_ID;
  /** Subscription id and sequence number, in turn. */
  #acknowledgements: number[] = [];
  #nodeOf: (NodeSetting | undefined)[] = [];
  #watched: { items: readonly ClientMonitoredItemBase[]; nodes: readonly NodeSetting[] } | null = null;
  #handlesKnown = false;
  #heardAt = performance.now();

  /** Before the subscription is created on the session. */
  constructor(options: { lane: FastLane; session: ClientSession; handlers: PublishLoopHandlers }) {
    this.#lane = options.lane;
    this.#session = options.session;
    this.#handlers = options.handlers;
    publishEngine(this.#session).internalSendPublishRequest = () => this.#send();
    this.#lane.answers = {
      take: (bytes, view, start, end) => this.#take(bytes, view, start, end),
      decoded: (response) => this.#decoded(response),
    };
  }

  /** When the last answer came. */
  get heardAt(): number {
    return this.#heardAt;
  }

  set subscription(subscription: ClientSubscription) {
    this.#subscription = subscription;
  }

  /** The items whose values are wanted; node-opcua gives them their client handles when it asks the server for them. */
  watch(items: readonly ClientMonitoredItemBase[], nodes: readonly NodeSetting[]): void {
    this.#watched = { items, nodes };
    this.#handlesKnown = false;
  }

  #learnHandles(): void {
    const nodeOf: (NodeSetting | undefined)[] = [];
    const portOf: (number | undefined)[] = [];
    for (const [index, item] of (this.#watched?.items ?? []).entries()) {
      const handle = item.monitoringParameters?.clientHandle;
      const node = this.#watched?.nodes[index];
      if (handle === undefined || handle === NO_HANDLE || node === undefined) continue;
      nodeOf[handle] = node;
      portOf[handle] = node.port;
    }
    this.#nodeOf = nodeOf;
    this.#decoder.clientHandles = portOf;
    this.#handlesKnown = nodeOf.length > 0;
  }

  #send(): void {
    this.#request ??= encodeRequest(
      this.#session,
      Math.min(0x7fff_ffff, publishEngine(this.#session).timeoutHint * REQUESTS),
    );
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
    // The first values may come before the answer to the request for them.
    if (!this.#handlesKnown) this.#learnHandles();
    if (!decoder.decode(bytes, view, start, end)) return false;
    if (decoder.notifications > 0) this.#acknowledge(decoder.subscriptionId, decoder.sequenceNumber);
    this.#heardAt = performance.now();
    // The next request goes out first: the server can go on while the values are passed on.
    this.#send();
    if (decoder.subscriptionId !== this.#subscription?.subscriptionId) return true;
    const { ports, texts, count } = decoder;
    const { onText } = this.#handlers;
    for (let index = 0; index < count; index += 1) onText(ports[index] as number, texts[index] as string);
    return true;
  }

  #decoded(response: object | null): void {
    if (response instanceof ServiceFault) {
      this.#refused(response);
      return;
    }
    if (response instanceof PublishResponse) {
      if (!this.#handlesKnown) this.#learnHandles();
      this.#heardAt = performance.now();
      const { subscriptionId, notificationMessage } = response;
      if (notificationMessage.notificationData?.length) {
        this.#acknowledge(subscriptionId, notificationMessage.sequenceNumber);
      }
      if (subscriptionId === this.#subscription?.subscriptionId) this.#notify(notificationMessage);
    }
    this.#send();
  }

  #notify({ sequenceNumber, publishTime, notificationData }: NotificationMessage): void {
    for (const notification of notificationData ?? []) {
      if (notification instanceof DataChangeNotification) {
        for (const { clientHandle, value } of notification.monitoredItems ?? []) {
          const node = this.#nodeOf[clientHandle];
          if (!node) continue;
          this.#decoder.learn(value.statusCode);
          this.#handlers.onValue(node, value);
        }
      } else if (notification && this.#subscription) {
        const told = new NotificationMessage({
          sequenceNumber,
          publishTime,
          notificationData: [notification],
        });
        (
          this.#subscription as object as { onNotificationMessage(message: NotificationMessage): void }
        ).onNotificationMessage(told);
      }
    }
  }

  #refused({ responseHeader: { serviceResult } }: ServiceFault): void {
    // The server keeps fewer requests than we send: this one was one too many.
    if (serviceResult.equals(StatusCodes.BadTooManyPublishRequests)) return;
    if (serviceResult.equals(StatusCodes.BadTimeout)) this.#send();
    else
      this.#handlers.onLost(
        `the server has ended publishing (${serviceResult.name}). Cure: see the server's log`,
      );
  }
}
