/** The demo OPC UA server as seen by a test: start, change, stop, start again; keeps the truth about every change. */
import { join } from "node:path";
import { Journal } from "./journal.ts";
import {
  type Change,
  type Offer,
  type ServerCommand,
  type ServerReport,
  type ServerSettings,
  STRICT_OFFER,
} from "./opcua-protocol.ts";
import type { Certificate, SitePki } from "./pki.ts";
import { freePort } from "./ports.ts";
import { LabProcess } from "./process.ts";
import { REPOSITORY, type Workbench } from "./workbench.ts";

/** A Node.js process that loads node-opcua-server on a busy 2-core machine. */
const START_DEADLINE_MS = 120_000;

export interface DemoServerOptions {
  readonly bench: Workbench;
  readonly pki: SitePki;
  /** `opc.tcp://…` as the gateway's configuration names it; default: where it really listens. */
  readonly advertised?: string;
  readonly extras?: boolean;
  /** For the names of files, when a test has several. */
  readonly name?: string;
  /** Default: the site's. */
  readonly certificate?: Certificate;
  readonly offer?: Offer;
}

/** An OPC UA server whose values a test changes and knows. */
export interface ValueServer {
  readonly port: number;
  /** Ground truth: every change of every variable, in the order in which they happened. */
  readonly changes: Journal<Change>;
  /** Every variable changes `count` times; resolves when all changes are made. */
  change(command: ServerCommand): Promise<void>;
  /** Also after stop(): on the same port, with values that have moved on in the meantime. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const SERVER_USER = { username: "KISG100", password: "5-Tulip~brook%Main" };

/** Node.js decrypts PKCS #1 v1.5 (Basic128Rsa15) only when told to. */
function nodeOptions({ policies }: Offer): readonly string[] {
  return policies.includes("Basic128Rsa15") ? ["--security-revert=CVE-2023-46809"] : [];
}

export class DemoServer implements ValueServer {
  readonly port: number;
  readonly changes = new Journal<Change>("changes of the demo server", (change) => JSON.stringify(change));
  readonly #options: DemoServerOptions;
  #process: LabProcess | null = null;
  #starts = 0;
  #rounds = 0;

  private constructor(options: DemoServerOptions, port: number) {
    this.#options = options;
    this.port = port;
  }

  static async start(options: DemoServerOptions): Promise<DemoServer> {
    const server = new DemoServer(options, await freePort());
    options.bench.defer(() => server.stop());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const { bench, pki, advertised, extras, name = "opcua-server", offer = STRICT_OFFER } = this.#options;
    const certificate = this.#options.certificate ?? pki.opcuaServer;
    const settings: ServerSettings = {
      port: this.port,
      advertised: advertised ?? `opc.tcp://127.0.0.1:${this.port}`,
      pkiDir: bench.path(`${name}-pki`),
      certificateFile: certificate.certFile,
      privateKeyFile: certificate.keyFile,
      trustedClientCertFile: pki.opcuaClient.certFile,
      ...SERVER_USER,
      offer,
      extras: extras === true,
      firstIndex: this.#rounds,
    };
    const main = join(REPOSITORY, "test/lab/opcua-server-main.ts");
    this.#starts++;
    const process_ = new LabProcess({
      name: "demo OPC UA server",
      argv: [process.execPath, ...nodeOptions(offer), "--import", "tsx", main, JSON.stringify(settings)],
      cwd: REPOSITORY,
      logFile: bench.path(`${name}-${this.#starts}.log`),
      ipc: true,
    });
    this.#process = process_;
    process_.child.on("message", (report: ServerReport) => {
      this.#rounds++;
      for (const change of report.changes) this.changes.append(change);
    });
    await process_.lines.find((line) => line.startsWith("listening on"), {
      what: "line 'listening on'",
      deadlineMs: START_DEADLINE_MS,
    });
  }

  async change(command: ServerCommand): Promise<void> {
    const wanted = this.#rounds + command.count;
    this.#process?.child.send(command);
    await this.changes.until(() => this.#rounds >= wanted, {
      what: `${command.count} rounds of changes`,
      deadlineMs: command.count * command.everyMs + START_DEADLINE_MS,
    });
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}
