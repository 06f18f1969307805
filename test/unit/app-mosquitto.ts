/** A real mosquitto with TLS, and an ear at it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../lab/ports.ts";
import type { MqttSite } from "./app-scripted-broker.ts";
import { until } from "./app-until.ts";

const OBSERVER = "observer";
const MARK = "mark";

export class Mosquitto {
  readonly port: number;
  readonly #site: MqttSite;
  readonly #config: string;
  #process: ChildProcess | null = null;
  #observer: ChildProcess | null = null;
  #marks = 0;
  /** Since the last start. */
  log = "";
  /** What the observer got: topic and payload of each message. */
  readonly received: (readonly [topic: string, payload: string])[] = [];

  private constructor(site: MqttSite, port: number, config: string) {
    this.#site = site;
    this.port = port;
    this.#config = config;
  }

  /** Starts it with its usual limits for publishers; only what waits for the observer is unlimited. */
  static async start(options: {
    site: MqttSite;
    folder: string;
    lines?: readonly string[];
  }): Promise<Mosquitto> {
    const { site, folder, lines = [] } = options;
    const port = await freePort();
    const place = join(folder, `mosquitto-${port}`);
    mkdirSync(place);
    const config = join(place, "mosquitto.conf");
    writeFileSync(
      config,
      [
        `user ${userInfo().username}`,
        `listener ${port} 127.0.0.1`,
        `cafile ${site.ca.certFile}`,
        `certfile ${site.broker.certFile}`,
        `keyfile ${site.broker.keyFile}`,
        "require_certificate true",
        "allow_anonymous true",
        "max_queued_messages 0",
        `persistence_location ${place}/`,
        ...lines,
        "",
      ].join("\n"),
    );
    const broker = new Mosquitto(site, port, config);
    await broker.restart();
    return broker;
  }

  /** Ends it in order and starts it again; the observer is back before this returns. */
  async restart(): Promise<void> {
    await this.#end(this.#process);
    this.log = "";
    const broker = spawn("mosquitto", ["-v", "-c", this.#config], { stdio: ["ignore", "ignore", "pipe"] });
    this.#process = broker;
    broker.stderr.on("data", (text: Buffer) => {
      this.log += text;
    });
    await until(() => this.log.includes("running"));
    if (this.#observer !== null) await this.#isObserved();
  }

  /** Starts the observer of all topics, whose session the broker keeps as well as it can. */
  async observe(): Promise<void> {
    const argv = ["-i", OBSERVER, "-c", "-t", "#", "-F", "%t %p", ...this.#address()];
    const observer = spawn("mosquitto_sub", argv, { stdio: ["ignore", "pipe", "ignore"] });
    this.#observer = observer;
    createInterface(observer.stdout).on("line", (line) => {
      const space = line.indexOf(" ");
      this.received.push([line.slice(0, space), line.slice(space + 1)]);
    });
    await this.#isObserved();
  }

  /** Returns when the observer has all that the broker has. */
  async settle(): Promise<void> {
    this.#marks += 1;
    const mark = `${this.#marks}`;
    execFileSync("mosquitto_pub", ["-i", "marker", "-t", MARK, "-m", mark, ...this.#address()]);
    await until(() => this.received.some(([topic, payload]) => topic === MARK && payload === mark));
  }

  /** What somebody who subscribes now gets first: whether it was retained, and the payload. */
  first(topic: string): string {
    const argv = ["-i", "late", "-t", topic, "-C", "1", "-W", "10", "-F", "%r %p", ...this.#address()];
    return execFileSync("mosquitto_sub", argv, { encoding: "utf8" }).trim();
  }

  /** Payloads of a topic, in order. */
  of(topic: string): string[] {
    return this.received.filter(([each]) => each === topic).map(([, payload]) => payload);
  }

  /** Ends both, also behind a test that has failed. */
  async stop(): Promise<void> {
    // mosquitto_sub at times stops for good in its handler of SIGTERM.
    await this.#end(this.#observer, "SIGKILL");
    await this.#end(this.#process);
  }

  #isObserved(): Promise<void> {
    return until(() => this.log.includes(`Sending SUBACK to ${OBSERVER}`));
  }

  #address(): string[] {
    const { ca, client } = this.#site;
    const pki = ["--cafile", ca.certFile, "--cert", client.certFile, "--key", client.keyFile];
    return ["-h", "127.0.0.1", "-p", String(this.port), "-q", "2", ...pki];
  }

  async #end(process: ChildProcess | null, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (process === null || process.exitCode !== null || process.signalCode !== null) return;
    const exited = once(process, "exit");
    process.kill(signal);
    await exited;
  }
}
