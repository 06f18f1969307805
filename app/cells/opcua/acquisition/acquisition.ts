import type { ClientSession } from "node-opcua-client";
import type { OpcUaSettings } from "../../../config/opcua.ts";
import { explainError } from "../connection/cause.ts";
import type { Connection } from "../connection/connection.ts";
import type { ChosenEndpoint } from "../connection/endpoint.ts";
import { ServiceRefusedError } from "../connection/library.ts";
import { TypeDefinitions } from "../values/type-definitions.ts";
import { Values, type ValuesHandlers } from "../values/values.ts";
import { CyclicReader } from "./cyclic-reader.ts";
import type { MissingNodes } from "./missing-nodes.ts";
import { readOperationLimits } from "./operation-limits.ts";
import type { SessionWay, Source, SourceHandlers } from "./source.ts";
import { lacksSubscriptions, Subscriptions } from "./subscriptions.ts";

/** A session that could not be gone on with so many times in a row, without a word from the server, is given up. */
const MOST_RESUMPTIONS = 2;

export interface AcquisitionHandlers extends ValuesHandlers {
  onMissed(messages: number): void;
}

/** How values came to flow over a connection. */
export interface Established {
  readonly how: "new" | "resumed" | "transferred";
  /** Messages that were sent before and fetched now. */
  readonly fetched: number;
  readonly source: Source;
}

function sameSecurity(one: ChosenEndpoint, other: ChosenEndpoint): boolean {
  const certificates = [one.serverCertificate, other.serverCertificate].map((der) => der ?? Buffer.alloc(0));
  return (
    one.mode === other.mode &&
    one.policy === other.policy &&
    Buffer.compare(certificates[0] as Buffer, certificates[1] as Buffer) === 0
  );
}

/**
 * The session and what flows over it. Both outlive a cut connection for as long as the server keeps them: session
 * re-activated, subscriptions transferred, missed messages fetched (Part 4 §6.7); on any refusal all begins anew.
 */
export class Acquisition {
  readonly #settings: OpcUaSettings;
  readonly #handlers: AcquisitionHandlers;
  readonly #missing: MissingNodes;
  #session: ClientSession | null = null;
  /** Null: the session has not come so far that it would be worth going on with. */
  #source: Source | null = null;
  /** What they hold that is not published yet outlives a cut connection too. */
  #values: Values | null = null;
  #endpoint: ChosenEndpoint | null = null;
  /** Over which the session is active. */
  #connection: Connection | null = null;
  #resumptions = 0;

  constructor(options: { settings: OpcUaSettings; handlers: AcquisitionHandlers; missing: MissingNodes }) {
    this.#settings = options.settings;
    this.#handlers = options.handlers;
    this.#missing = options.missing;
  }

  /** Lets values flow over a connection that is open. Rejects when that is not possible. */
  async establish(connection: Connection): Promise<Established> {
    const { endpoint } = connection;
    if (this.#resumptions >= MOST_RESUMPTIONS) this.#forget();
    if (this.#endpoint && !sameSecurity(this.#endpoint, endpoint)) this.#forget();
    this.#endpoint = endpoint;
    const established =
      this.#session && this.#source
        ? await this.#goOn(connection, this.#session, this.#source)
        : await this.#begin(connection, await connection.createSession());
    this.#missing.begin({
      again: (nodes) => established.source.retry(nodes),
      failed: (error) => connection.lose(explainError(error)),
    });
    return established;
  }

  /**
   * The connection is over. What the server keeps is gone on with over the next one; a session that has not come so far
   * is closed.
   */
  async pause(connection: Connection): Promise<void> {
    if (!this.#source) {
      await this.end(connection);
      return;
    }
    this.#missing.end();
    this.#connection = null;
    if (this.#source.heard) this.#resumptions = 0;
    this.#source.stop();
  }

  /** Over for good: the server shall keep nothing. */
  async end(connection: Connection): Promise<void> {
    const session = this.#session;
    this.#missing.end();
    this.#source?.stop();
    this.#forget();
    if (session) await connection.closeSession(session);
  }

  #forget(): void {
    this.#session = null;
    this.#source = null;
    this.#values?.close();
    this.#values = null;
    this.#endpoint = null;
    this.#connection = null;
    this.#resumptions = 0;
  }

  async #goOn(connection: Connection, kept: ClientSession, source: Source): Promise<Established> {
    this.#resumptions += 1;
    this.#values?.expectRepetitions();
    const { session, isNew } = await this.#activate(connection, kept);
    const way = this.#way(connection, session);
    try {
      const fetched = await source.resume(way, isNew);
      return {
        how: isNew ? "transferred" : "resumed",
        fetched,
        source: this.#stillWanted(connection, source),
      };
    } catch (error) {
      if (this.#connection !== connection || connection.isLost || !(error instanceof ServiceRefusedError))
        throw error;
    }
    source.stop();
    if (source instanceof Subscriptions) await source.delete(session);
    return this.#begin(connection, session);
  }

  /** The session that was left behind, or a new one when the server refuses that, for whatever reason. */
  async #activate(
    connection: Connection,
    session: ClientSession,
  ): Promise<{ session: ClientSession; isNew: boolean }> {
    try {
      await connection.reactivate(session);
      return { session, isNew: false };
    } catch (error) {
      if (connection.isLost) throw error;
      return { session: await connection.createSession(), isNew: true };
    }
  }

  /** The session is active over this connection from now on. */
  #way(connection: Connection, session: ClientSession): SessionWay {
    this.#session = session;
    this.#connection = connection;
    return { session, lane: connection.lane, onLost: (reason) => connection.lose(reason) };
  }

  /** Throws when the connection was given up while the source began: nobody else would ever stop it. */
  #stillWanted(connection: Connection, source: Source): Source {
    if (this.#connection === connection && !connection.isLost) return source;
    source.stop();
    throw new Error("the connection was lost meanwhile");
  }

  async #begin(connection: Connection, session: ClientSession): Promise<Established> {
    this.#source = null;
    const way = this.#way(connection, session);
    const namespaces = await session.readNamespaceArray();
    const limits = await readOperationLimits(session);
    this.#missing.reset();
    const { nodes, readingCycle, significantDigits } = this.#settings;
    this.#values?.close();
    this.#values = new Values({
      nodes,
      namespaces,
      significantDigits,
      source: new TypeDefinitions(() => (this.#connection?.isLost === false ? this.#session : null)),
      handlers: this.#handlers,
    });
    const handlers: SourceHandlers = { values: this.#values, onMissed: this.#handlers.onMissed };
    const options = { nodes, readingCycle, limits, missing: this.#missing, handlers };
    const subscriptions = new Subscriptions(options);
    try {
      await subscriptions.begin(way);
      this.#source = this.#stillWanted(connection, subscriptions);
    } catch (error) {
      subscriptions.stop();
      if (!lacksSubscriptions(error)) throw error;
      await subscriptions.delete(session);
      const reader = new CyclicReader({ ...options, reason: error.status.name });
      await reader.begin(way);
      this.#source = this.#stillWanted(connection, reader);
    }
    this.#resumptions = 0;
    return { how: "new", fetched: 0, source: this.#source };
  }
}
