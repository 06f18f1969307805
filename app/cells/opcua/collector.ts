import {
  type ClientSession,
  type DataValue,
  type EndpointDescription,
  MessageSecurityMode,
  OPCUAClient,
  type StatusCode,
  UserTokenType,
} from "node-opcua-client";
import type { OpcUaSettings } from "../../config/opcua.ts";
import type { NodeSetting } from "../../config/opcua-file.ts";
import { Backoff } from "../../link/backoff.ts";
import { CauseLog, NETWORK_RETRY_MS } from "../../link/cause-log.ts";
import type { Log } from "../../link/log-line.ts";
import { explainError } from "./cause.ts";
import { discoveryOptions, sessionOptions } from "./client-options.ts";
import { type ChosenEndpoint, chooseEndpoint } from "./endpoint.ts";
import { FastLane } from "./fast-lane.ts";
import { ChannelTap, LibraryChangedError } from "./library.ts";
import { type RefusedNode, subscribe } from "./subscription.ts";
import { checkServerCertificate } from "./trust.ts";

/** One attempt may take this long in all, from discovery to the first notification. */
const ATTEMPT_TIMEOUT_MS = 120_000;
/** A server that is gone does not answer our good-bye. */
const CLOSE_TIMEOUT_MS = 2_000;

/** A connection that lasted this long was a good one: the next attempt comes soon again. */
const GOOD_CONNECTION_MS = 10_000;

export interface CollectorHandlers {
  /** A value of the node with this port, as the text that is published. */
  onText(port: number, text: string): void;
  /** A value of a type that is not decoded straight to text. */
  onValue(node: NodeSetting, dataValue: DataValue, namespaces: readonly string[]): void;
  /** Null: the connection stands; otherwise why it does not. */
  onState?(reason: string | null): void;
}

/** Waits for a promise, but not for ever. */
async function within<T>(work: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`timeout: ${what} took longer than ${milliseconds / 1000} s`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a client whatever state it is in; nobody waits for more than a moment. */
async function close(client: OPCUAClient): Promise<void> {
  client.removeAllListeners();
  try {
    await within(client.disconnect(), CLOSE_TIMEOUT_MS, "disconnecting");
  } catch {
    // The connection is of no use any more; the server ends the session by its own timeout.
  }
}

/** Without key and certificate there is nothing that node-opcua's check of the two could look at. */
function skipKeyCheck(client: OPCUAClient): void {
  const checked = client as unknown as { initializeCM: () => Promise<void> };
  checked.initializeCM = async () => undefined;
}

function policyName({ policy }: ChosenEndpoint): string {
  return policy.split("#")[1] ?? policy;
}

/** Keeps a session to the one OPC UA server and hands out what it reports (R63–R75). */
export class Collector {
  readonly #settings: OpcUaSettings;
  readonly #log: Log;
  readonly #handlers: CollectorHandlers;
  readonly #causes: CauseLog;
  readonly #backoff = new Backoff();
  readonly #refused = new Set<number>();
  readonly #odd = new Set<string>();
  #connected = false;
  #stopping = false;
  #client: OPCUAClient | null = null;
  /** Ends the pause between two attempts. */
  #endPause: (() => void) | null = null;
  /** Ends the connection that stands or is being made. */
  #lose: ((reason: string) => void) | null = null;

  constructor(options: { settings: OpcUaSettings; log: Log; handlers: CollectorHandlers }) {
    this.#settings = options.settings;
    this.#log = options.log;
    this.#handlers = options.handlers;
    this.#causes = new CauseLog(options.log);
  }

  /** Whether values can arrive right now. */
  get connected(): boolean {
    return this.#connected;
  }

  /**
   * Connects again and again, for as long as the cell lives; endpoints are asked for anew each time (L1). The promise
   * resolves when the first attempt has succeeded or failed.
   */
  run(): Promise<void> {
    return new Promise((resolve) => void this.#loop(resolve));
  }

  async #loop(onFirstOutcome: () => void): Promise<void> {
    const { host, tcpPort } = this.#settings;
    while (!this.#stopping) {
      let cause: string;
      let had = false;
      let since = 0;
      try {
        cause = await this.#attempt(() => {
          had = true;
          since = performance.now();
          onFirstOutcome();
        });
      } catch (error) {
        cause = explainError(error instanceof Error ? error : new Error(String(error)));
      }
      const starting = this.#causes.isNetworkStarting(cause);
      if (!starting) onFirstOutcome();
      if (this.#stopping) return;
      if (had && performance.now() - since >= GOOD_CONNECTION_MS) this.#backoff.reset();
      const what = `OPC UA Client ${had ? "lost its connection to" : "can't connect to"} ${host} port ${tcpPort}`;
      this.#causes.tell(what, cause);
      if (!starting) this.#handlers.onState?.(cause);
      await this.#pause(starting ? NETWORK_RETRY_MS : this.#backoff.next());
    }
  }

  async #pause(delay: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delay);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = null;
  }

  /** Link and address have come back: there is nothing to wait for (L20). */
  retry(): void {
    this.#backoff.reset();
    this.#endPause?.();
  }

  /** The connection can't be alive any more, whatever its socket thinks. */
  drop(reason: string): void {
    this.#lose?.(reason);
  }

  /** Says good-bye to the server. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#client) await close(this.#client);
  }

  /** Resolves with the reason when an established connection is lost; rejects when it can't be established. */
  async #attempt(onConnected: () => void): Promise<string> {
    const endpoint = await this.#findEndpoint();
    const client = OPCUAClient.create(sessionOptions(this.#settings, endpoint));
    if (!this.#settings.identity) skipKeyCheck(client);
    this.#client = client;
    let unwatch: (() => void) | null = null;
    try {
      let lose: (reason: string) => void = () => undefined;
      const lost = new Promise<string>((resolve) => {
        lose = resolve;
      });
      this.#lose = lose;
      client.on("close", (error) => lose(explainError(error ?? new Error("the connection was closed"))));
      client.on("connection_lost", () => lose(explainError(new Error("the connection was lost"))));
      let tap: ChannelTap | null = null;
      client.on("secure_channel_created", (channel) => {
        tap = new ChannelTap(channel);
      });
      const establishing = this.#establish(client, () => tap, lose);
      // What fails after we gave up waiting has been reported already.
      establishing.catch(() => undefined);
      const outcome = await within(Promise.race([establishing, lost]), ATTEMPT_TIMEOUT_MS, "connecting");
      if (typeof outcome === "string") throw new Error(outcome);
      unwatch = outcome.unwatch;
      this.#connected = true;
      this.#causes.clear();
      this.#handlers.onState?.(null);
      this.#tellConnected(endpoint);
      for (const refused of outcome.refused) this.#tellRefused(refused);
      onConnected();
      return await lost;
    } finally {
      this.#connected = false;
      this.#lose = null;
      unwatch?.();
      this.#client = null;
      await close(client);
    }
  }

  /** Asks the server what it offers and checks who it is. */
  async #findEndpoint(): Promise<ChosenEndpoint> {
    const client = OPCUAClient.create(discoveryOptions(this.#settings));
    skipKeyCheck(client);
    this.#client = client;
    let endpoints: EndpointDescription[];
    try {
      await within(client.connect(this.#settings.url), ATTEMPT_TIMEOUT_MS, "connecting");
      endpoints = await within(client.getEndpoints(), ATTEMPT_TIMEOUT_MS, "asking for the endpoints");
    } finally {
      this.#client = null;
      await close(client);
    }
    const endpoint = chooseEndpoint(endpoints, this.#settings);
    if (endpoint.mode !== MessageSecurityMode.None) {
      const presented = endpoint.serverCertificate ?? Buffer.alloc(0);
      const { trusted, revocationLists } = this.#settings;
      const odd = checkServerCertificate({
        presented,
        policy: policyName(endpoint),
        claim: { applicationUri: endpoint.applicationUri, host: this.#settings.host },
        trusted,
        revocationLists,
        now: new Date(),
      });
      for (const text of odd) this.#tellOdd(text);
    }
    return endpoint;
  }

  async #establish(
    client: OPCUAClient,
    tapped: () => ChannelTap | null,
    lose: (reason: string) => void,
  ): ReturnType<typeof subscribe> {
    const { url, user, nodes, readingCycle } = this.#settings;
    await client.connect(url);
    const session: ClientSession = await client.createSession(
      user
        ? { type: UserTokenType.UserName, userName: user.name, password: user.password }
        : { type: UserTokenType.Anonymous },
    );
    const tap = tapped();
    if (!tap) throw new LibraryChangedError("a connection has no secure channel");
    // Before anything else is asked for: no answer may be on its way.
    const lane = new FastLane({ tap, onFault: lose });
    session.on("session_closed", (status: StatusCode) =>
      lose(`the server closed the session (${status.name})`),
    );
    const namespaces = await session.readNamespaceArray();
    return await subscribe({
      session,
      lane,
      nodes,
      readingCycle,
      handlers: {
        onText: this.#handlers.onText,
        onValue: (node, dataValue) => this.#handlers.onValue(node, dataValue, namespaces),
        onLost: lose,
      },
    });
  }

  #tellConnected(endpoint: ChosenEndpoint): void {
    const { host, tcpPort } = this.#settings;
    const security = `${MessageSecurityMode[endpoint.mode]}, ${policyName(endpoint)}`;
    this.#log.info(`OPC UA Client has established connection to ${host} port ${tcpPort} (${security})`);
    if (endpoint.weak) {
      this.#log.warning(
        "OPC UA Client: the server offers nothing but an unprotected connection, and the settings allow Any. Cure: configure security on the server",
      );
    }
  }

  /** Once, although each connection finds it again. */
  #tellOdd(text: string): void {
    if (this.#odd.has(text)) return;
    this.#odd.add(text);
    this.#log.warning(`OPC UA Client: ${text}`);
  }

  #tellRefused({ node, status }: RefusedNode): void {
    if (this.#refused.has(node.port)) return;
    this.#refused.add(node.port);
    this.#log.warning(
      `OPC UA Client: the server does not deliver ${node.nodeId} (${JSON.stringify(node.name)}): ${status.name}. Cure: correct the nodeId, or allow the user to read it`,
    );
  }
}
