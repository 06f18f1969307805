import { MessageSecurityMode } from "node-opcua-client";
import type { OpcUaSettings } from "../../config/opcua.ts";
import { Backoff } from "../../link/backoff.ts";
import { CauseLog, NETWORK_RETRY_MS } from "../../link/cause-log.ts";
import type { Log } from "../../link/log-line.ts";
import { Acquisition, type Established } from "./acquisition/acquisition.ts";
import { FIRST_RETRY_MS, MissingNodes } from "./acquisition/missing-nodes.ts";
import { explainError } from "./connection/cause.ts";
import { Connection } from "./connection/connection.ts";
import { findEndpoint } from "./connection/discovery.ts";
import { type ChosenEndpoint, shortPolicy } from "./connection/endpoint.ts";
import { within } from "./connection/within.ts";
import type { ValuesHandlers } from "./values/values.ts";

/** From the endpoints to the first notification a connection may take this long. */
const ATTEMPT_TIMEOUT_MS = 120_000;
/** A connection that lasted this long was a good one: the next attempt comes soon again. */
const GOOD_CONNECTION_MS = 10_000;
/** Different remarks that are remembered. */
const MOST_TOLD = 50;

export interface CollectorHandlers extends ValuesHandlers {
  /** Null: the connection stands; otherwise why it does not. */
  onState?(reason: string | null): void;
  /** Before every attempt: the way to the server is opened; rejects when its name can't be resolved. */
  openWay?(): Promise<void>;
}

export interface CollectorOptions {
  readonly settings: OpcUaSettings;
  readonly log: Log;
  readonly handlers: CollectorHandlers;
  /** The first pause before nodes that the server did not deliver are asked for again. */
  readonly missingRetryMs?: number;
  /** Calls back after a time, unless what it returns is called before. */
  readonly after?: typeof after;
}

function after(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}

/** Keeps a session to the one OPC UA server and hands out what it reports (R63–R75). */
export class Collector {
  readonly #settings: OpcUaSettings;
  readonly #log: Log;
  readonly #causes: CauseLog;
  readonly #acquisition: Acquisition;
  readonly #missing: MissingNodes;
  readonly #onState: (reason: string | null) => void;
  readonly #openWay: () => Promise<void>;
  readonly #after: typeof after;
  readonly #backoff = new Backoff();
  /** What was told once is not told again. */
  readonly #told = new Set<string>();
  #connected = false;
  #stopping = false;
  #connections = 0;
  #connection: Connection | null = null;
  /** Ends the asking for endpoints, while it lasts. */
  #dropDiscovery: ((reason: string) => void) | null = null;
  /** Ends the pause between two attempts. */
  #endPause: (() => void) | null = null;
  #lostAt = 0;
  #steps = 0;

  constructor(options: CollectorOptions) {
    const { settings, log, handlers } = options;
    this.#settings = settings;
    this.#log = log;
    this.#causes = new CauseLog(log);
    this.#missing = new MissingNodes({ log, firstRetryMs: options.missingRetryMs ?? FIRST_RETRY_MS });
    this.#after = options.after ?? after;
    this.#onState = (reason) => handlers.onState?.(reason);
    this.#openWay = async () => handlers.openWay?.();
    this.#acquisition = new Acquisition({
      settings,
      missing: this.#missing,
      handlers: {
        onText: handlers.onText,
        onWarning: handlers.onWarning,
        onMissed: (messages) => this.#tellMissed(messages),
      },
    });
  }

  /** Whether values can arrive right now. */
  get connected(): boolean {
    return this.#connected;
  }

  /** How often a connection to the server was established again, after the first time. */
  get reconnects(): number {
    return Math.max(this.#connections - 1, 0);
  }

  /** Counts what happens on the way to a connection: each takes two minutes at most. */
  get steps(): number {
    return this.#steps;
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
      this.#steps += 1;
      try {
        await this.#openWay();
        this.#steps += 1;
        cause = await this.#attempt(() => {
          had = true;
          since = performance.now();
          onFirstOutcome();
        });
      } catch (error) {
        cause = explainError(error instanceof Error ? error : new Error(String(error)));
      }
      this.#steps += 1;
      const starting = this.#causes.isNetworkStarting(cause);
      if (!starting) onFirstOutcome();
      if (this.#stopping) return;
      if (had && performance.now() - since >= GOOD_CONNECTION_MS) this.#backoff.reset();
      const what = `OPC UA Client ${had ? "lost its connection to" : "can't connect to"} ${host} port ${tcpPort}`;
      this.#causes.tell(what, cause);
      if (!starting) this.#onState(cause);
      const delay = starting ? NETWORK_RETRY_MS : this.#backoff.next();
      this.#log.debug(`OPC UA Client: ${cause}; next attempt in ${Math.round(delay)} ms`);
      await this.#pause(delay);
    }
  }

  async #pause(delay: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#after(delay, resolve);
      this.#endPause = () => {
        cancel();
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
    this.#dropDiscovery?.(reason);
    this.#connection?.lose(reason);
  }

  /** Says good-bye to the server. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#endPause?.();
    const connection = this.#connection;
    if (!connection) return;
    await this.#acquisition.end(connection);
    connection.lose("the gateway stops");
    await connection.close();
  }

  /** Resolves with the reason when an established connection is lost; rejects when it can't be established. */
  async #attempt(onConnected: () => void): Promise<string> {
    const begun = performance.now();
    const debug = (text: string): void => {
      const elapsed = Math.round(performance.now() - begun);
      this.#log.debug(`OPC UA Client: attempt, ${elapsed} ms: ${text}`);
    };
    debug(`asking ${this.#settings.url} for its endpoints`);
    const warn = (text: string): void => this.#tellOnce("warning", text);
    const endpoint = await this.#discover(warn, debug);
    this.#steps += 1;
    const connection = new Connection(this.#settings, endpoint);
    this.#connection = connection;
    try {
      const establishing = connection.open().then(() => {
        debug("the secure channel is open");
        return this.#acquisition.establish(connection);
      });
      // What fails after we gave up waiting has been reported already.
      establishing.catch(() => undefined);
      const outcome = await within(
        Promise.race([establishing, connection.lost]),
        ATTEMPT_TIMEOUT_MS,
        "connecting",
      );
      if (typeof outcome === "string") throw new Error(outcome);
      const { how, fetched, source } = outcome;
      debug(`session and source are there (${how}, ${fetched} messages fetched): ${source.description}`);
      this.#connected = true;
      this.#connections += 1;
      this.#steps += 1;
      this.#causes.clear();
      this.#onState(null);
      this.#tellConnected(endpoint, outcome);
      onConnected();
      return await connection.lost;
    } finally {
      if (this.#connected) this.#lostAt = performance.now();
      this.#connected = false;
      this.#connection = null;
      await this.#acquisition.pause(connection);
      connection.lose("another attempt begins");
      await connection.close();
    }
  }

  async #discover(remark: (text: string) => void, debug: (text: string) => void): Promise<ChosenEndpoint> {
    const dropped = new Promise<never>((_, reject) => {
      this.#dropDiscovery = (reason) => reject(new Error(reason));
    });
    // It may come when nothing is waited for.
    dropped.catch(() => undefined);
    try {
      return await findEndpoint({ settings: this.#settings, remark, debug, dropped });
    } finally {
      this.#dropDiscovery = null;
    }
  }

  #tellConnected(endpoint: ChosenEndpoint, { how, fetched, source }: Established): void {
    const { host, tcpPort } = this.#settings;
    const security = `${MessageSecurityMode[endpoint.mode]}, ${shortPolicy(endpoint.policy)}`;
    this.#log.info(`OPC UA Client has established connection to ${host} port ${tcpPort} (${security})`);
    if (endpoint.weak) {
      this.#log.warning(
        "OPC UA Client: the server offers nothing but unprotected connections over opc.tcp, and the settings allow Any. Cure: configure security on the server",
      );
    }
    if (how !== "new") {
      const seconds = Math.round((performance.now() - this.#lostAt) / 1000);
      const taken = how === "resumed" ? "the session goes on" : "a new session goes on with the subscription";
      this.#log.info(
        `OPC UA Client: ${taken} after ${seconds} s; ${fetched} messages that had not arrived were fetched`,
      );
    } else if (source.isCyclic) {
      this.#tellOnce(
        "warning",
        `${source.description}. Cure: use a server with subscriptions, or live with it`,
      );
    } else this.#tellOnce("info", source.description);
    this.#missing.tell();
  }

  #tellOnce(level: "info" | "warning", text: string): void {
    if (this.#told.has(text)) return;
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.add(text);
    this.#log[level](`OPC UA Client: ${text}`);
  }

  #tellMissed(messages: number): void {
    this.#log.warning(
      `OPC UA Client: ${messages} messages of the server were lost, it does not keep them any more. Cure: check the connection; some servers can be told to keep more`,
    );
  }
}
