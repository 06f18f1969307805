/** The counting server as seen by the soak: start, stop, start again; keeps which rounds there were. */
import { join } from "node:path";
import { SERVER_USER } from "../lab/opcua-server.ts";
import type { SitePki } from "../lab/pki.ts";
import { freePort } from "../lab/ports.ts";
import { LabProcess } from "../lab/process.ts";
import { REPOSITORY, type Workbench } from "../lab/workbench.ts";
import type { RoundReport, SoakCommand, SoakServerSettings } from "./protocol.ts";

/** A Node.js process that loads node-opcua-server on a busy PC. */
const START_DEADLINE_MS = 120_000;
/** Rounds that a killed server may have begun without our knowing: their numbers are not used again. */
const SKIPPED_ROUNDS = 10;

export interface SoakServerOptions {
  readonly bench: Workbench;
  readonly pki: SitePki;
  readonly advertised: string;
  readonly items: number;
  readonly roundEveryMs: number;
}

export class SoakServer {
  readonly port: number;
  /** When round number N was made; NaN for a number that was left out. */
  readonly madeAt: number[] = [];
  readonly #options: SoakServerOptions;
  #process: LabProcess | null = null;
  #starts = 0;

  private constructor(options: SoakServerOptions, port: number) {
    this.#options = options;
    this.port = port;
  }

  static async start(options: SoakServerOptions): Promise<SoakServer> {
    const server = new SoakServer(options, await freePort());
    options.bench.defer(() => server.stop());
    await server.start();
    return server;
  }

  /** Number of the last round so far. */
  get lastRound(): number {
    return this.madeAt.length - 1;
  }

  async start(): Promise<void> {
    const { bench, pki, advertised, items, roundEveryMs } = this.#options;
    const firstRound = this.#starts === 0 ? 0 : this.madeAt.length + SKIPPED_ROUNDS;
    const settings: SoakServerSettings = {
      port: this.port,
      advertised,
      pkiDir: bench.path("opcua-server-pki"),
      certificateFile: pki.opcuaServer.certFile,
      privateKeyFile: pki.opcuaServer.keyFile,
      trustedClientCertFile: pki.opcuaClient.certFile,
      ...SERVER_USER,
      items,
      roundEveryMs,
      firstRound,
    };
    const main = join(REPOSITORY, "test/soak/server-main.ts");
    this.#starts++;
    const process_ = new LabProcess({
      name: "soak OPC UA server",
      argv: [process.execPath, "--import", "tsx", main, JSON.stringify(settings)],
      cwd: REPOSITORY,
      logFile: bench.path(`opcua-server-${this.#starts}.log`),
      ipc: true,
    });
    this.#process = process_;
    process_.child.on("message", ({ round, at }: RoundReport) => {
      while (this.madeAt.length < round) this.madeAt.push(Number.NaN);
      this.madeAt[round] = at;
    });
    await process_.lines.find((line) => line.startsWith("listening on"), {
      what: "line 'listening on'",
      deadlineMs: START_DEADLINE_MS,
    });
  }

  /** The items keep their values from now on. */
  hold(): void {
    const command: SoakCommand = { hold: true };
    this.#process?.child.send(command);
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.#process?.stop(signal);
  }
}
