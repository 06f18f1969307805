/**
 * A mosquitto as a careful site runs it: TLS, a client certificate and a password from everyone, an access list that
 * lets the gateway publish and nothing else. Can be stopped and started again on the same port.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Journal } from "./journal.ts";
import type { SitePki } from "./pki.ts";
import { freePort } from "./ports.ts";
import { LabProcess, run } from "./process.ts";
import type { Workbench } from "./workbench.ts";

const START_DEADLINE_MS = 30_000;

export const GATEWAY_USER = { username: "gateway", password: "wK7#-publish only" };
export const OBSERVER_USER = { username: "observer", password: "wK7#-listen only" };

export interface BrokerOptions {
  /** mosquitto tells of connections and subscriptions only, not of every packet: for many values per second. */
  readonly quiet?: boolean;
  /** Whether sessions survive a restart; so they do unless this says no. */
  readonly persistence?: boolean;
  readonly bench: Workbench;
  readonly pki: SitePki;
}

export class Broker {
  readonly port: number;
  readonly #bench: Workbench;
  readonly #configFile: string;
  #process: LabProcess | null = null;
  #starts = 0;

  private constructor(options: { bench: Workbench; port: number; configFile: string }) {
    this.#bench = options.bench;
    this.port = options.port;
    this.#configFile = options.configFile;
  }

  static async start(options: BrokerOptions): Promise<Broker> {
    const { bench, pki, quiet = false, persistence = true } = options;
    const port = await freePort();
    const dir = bench.path("broker");
    mkdirSync(dir);
    const file = (name: string) => join(dir, name);

    writeFileSync(
      file("passwords"),
      [GATEWAY_USER, OBSERVER_USER].map((user) => `${user.username}:${user.password}\n`).join(""),
      { mode: 0o600 },
    );
    await run(["mosquitto_passwd", "-U", file("passwords")]);
    writeFileSync(
      file("access"),
      [
        `user ${GATEWAY_USER.username}`,
        "topic write #",
        `user ${OBSERVER_USER.username}`,
        "topic read #",
        "topic read $SYS/#",
        "",
      ].join("\n"),
      { mode: 0o600 },
    );
    const configFile = file("mosquitto.conf");
    writeFileSync(
      configFile,
      [
        // As root mosquitto would become another user, who can't read the work folder.
        `user ${userInfo().username}`,
        `listener ${port} 127.0.0.1`,
        `cafile ${pki.ca.certFile}`,
        `certfile ${pki.broker.certFile}`,
        `keyfile ${pki.broker.keyFile}`,
        "require_certificate true",
        "tls_version tlsv1.2",
        "allow_anonymous false",
        `password_file ${file("passwords")}`,
        `acl_file ${file("access")}`,
        // The observer's session survives a restart: what arrives before it is back waits for it.
        `persistence ${persistence}`,
        `persistence_location ${dir}/`,
        "max_queued_messages 0",
        "log_dest stderr",
        ...(quiet ? ["error", "warning", "notice", "information", "subscribe"] : ["all"]).map(
          (type) => `log_type ${type}`,
        ),
        "connection_messages true",
        "",
      ].join("\n"),
    );
    chmodSync(pki.broker.keyFile, 0o600);
    const broker = new Broker({ bench, port, configFile });
    bench.defer(() => broker.stop());
    await broker.start();
    return broker;
  }

  /** mosquitto's own log since its last start. */
  get lines(): Journal<string> {
    if (this.#process === null) throw new Error("the broker was not started");
    return this.#process.lines;
  }

  async start(): Promise<void> {
    this.#starts++;
    this.#process = new LabProcess({
      name: "mosquitto",
      argv: ["mosquitto", "-c", this.#configFile],
      logFile: this.#bench.path(`mosquitto-${this.#starts}.log`),
    });
    await this.#process.lines.find((line) => /mosquitto version .* running/.test(line), {
      what: "line 'mosquitto version … running'",
      deadlineMs: START_DEADLINE_MS,
    });
  }

  /** mosquitto writes the sessions to its file now, and not only when it ends. */
  save(): void {
    this.#process?.child.kill("SIGUSR1");
  }

  /** It ends without a word; what its file does not have is lost. */
  async kill(): Promise<void> {
    await this.#process?.stop("SIGKILL");
  }

  /** SIGTERM: mosquitto writes the sessions to its file, cuts every connection and ends. */
  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}
