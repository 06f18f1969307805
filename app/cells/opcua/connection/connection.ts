import { type ClientSession, OPCUAClient, UserTokenType } from "node-opcua-client";
import type { OpcUaSettings } from "../../../config/opcua.ts";
import { explainError } from "./cause.ts";
import { sessionOptions } from "./client-options.ts";
import type { ChosenEndpoint } from "./endpoint.ts";
import { FastLane } from "./fast-lane.ts";
import { ChannelTap, LibraryChangedError, skipKeyCheck } from "./library.ts";
import { within } from "./within.ts";

/** A server that is gone does not answer our good-bye. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Ends a client whatever state it is in; nobody waits for more than a moment. Its sessions stay with the server. */
export async function disconnect(client: OPCUAClient): Promise<void> {
  client.removeAllListeners();
  try {
    await within(client.disconnect(), CLOSE_TIMEOUT_MS, "disconnecting");
  } catch {
    // The connection is of no use any more; the server ends what is left by its own timeouts.
  }
}

/** One secure channel to the server, and the sessions that are used over it. */
export class Connection {
  readonly endpoint: ChosenEndpoint;
  /** Resolves with the reason when the connection is of no use any more. */
  readonly lost: Promise<string>;
  readonly #settings: OpcUaSettings;
  readonly #client: OPCUAClient;
  #tap: ChannelTap | null = null;
  #lane: FastLane | null = null;
  #lose: (reason: string) => void = () => undefined;
  #isLost = false;

  constructor(settings: OpcUaSettings, endpoint: ChosenEndpoint) {
    this.endpoint = endpoint;
    this.#settings = settings;
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
    this.#client = OPCUAClient.create(sessionOptions(settings, endpoint));
    if (!settings.identity) skipKeyCheck(this.#client);
    this.#client.on("close", (error) =>
      this.lose(explainError(this.#withLastWord(error ?? new Error("the connection was closed")))),
    );
    this.#client.on("connection_lost", () => this.lose(explainError(new Error("the connection was lost"))));
    this.#client.on("secure_channel_created", (channel) => {
      this.#tap = new ChannelTap(channel);
    });
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Whoever finds that the connection is of no use says why; the first reason counts. */
  lose(reason: string): void {
    this.#isLost = true;
    this.#lose(reason);
  }

  async open(): Promise<void> {
    try {
      await this.#client.connect(this.#settings.url);
    } catch (error) {
      throw this.#withLastWord(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** What the server said before it closed the connection tells more than that it did. */
  #withLastWord(error: Error): Error {
    const word = this.#tap?.lastWord;
    return word ? new Error(`${word}: ${error.message}`, { cause: error }) : error;
  }

  /** A new session, activated (Part 4 §5.6.2, §5.6.3). */
  createSession(): Promise<ClientSession> {
    const { user } = this.#settings;
    return this.#client.createSession(
      user
        ? { type: UserTokenType.UserName, userName: user.name, password: user.password }
        : { type: UserTokenType.Anonymous },
    );
  }

  /** Activates a session that another connection has left behind (Part 4 §5.6.3). Rejects when the server refuses. */
  async reactivate(session: ClientSession): Promise<void> {
    await this.#client.reactivateSession(session);
  }

  /** The way of what is received, once a session is active: no answer may be on its way when it is first asked for. */
  get lane(): FastLane {
    if (!this.#tap) throw new LibraryChangedError("a connection has no secure channel");
    this.#lane ??= new FastLane({ tap: this.#tap, onFault: (reason) => this.lose(reason) });
    return this.#lane;
  }

  /** Says good-bye on behalf of a session: the server shall keep nothing of it. */
  async closeSession(session: ClientSession): Promise<void> {
    if (this.#isLost) return;
    try {
      await within(this.#client.closeSession(session, true), CLOSE_TIMEOUT_MS, "closing the session");
    } catch {
      // The server ends it by its own timeout.
    }
  }

  /** Sessions that were not closed stay with the server. */
  async close(): Promise<void> {
    await disconnect(this.#client);
  }
}
