/**
 * One card after the other between a broker and many OPC UA servers: what each does with a combination of security
 * settings. All share certificates, broker and observer; every card has topics and a client id of its own.
 */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { Broker } from "./broker.ts";
import { type BootFiles, bootFiles, CARD_IMAGE, prepareCard } from "./card.ts";
import { compareTopic } from "./compare.ts";
import { findLine, OPCUA_CONNECTED, withoutStamp } from "./console-lines.ts";
import { ARRIVE_DEADLINE_MS, BOOT_DEADLINE_MS } from "./device.ts";
import { BROKER_URI, EXTERNAL, INTERNAL, SERVER_URL } from "./network.ts";
import { type Message, Observer } from "./observer.ts";
import type { ValueServer } from "./opcua-server.ts";
import { type Certificate, makeSitePki, type SitePki } from "./pki.ts";
import { Machine } from "./qemu.ts";
import { CARD_PATHS, type SiteFiles, siteFiles, topicOf } from "./site.ts";
import type { DemoVariable } from "./variables.ts";
import type { Workbench } from "./workbench.ts";

export interface Combination {
  /** Short, for the names of files. */
  readonly id: string;
  readonly server: ValueServer;
  /** `security` and `userCredentials` of OpcUaClientSettings-0.json. */
  readonly security: object | null;
  readonly userCredentials: object | null;
  /** The gateway's own certificate and key; default: the site's. */
  readonly client?: Certificate;
  /** What `server.crt` is, which `trustList` may name. */
  readonly trusted: Certificate;
  /** Beside the certificates on the card, if any. */
  readonly revocationList?: Buffer | null;
}

export interface Outcome {
  /** In the line that tells of the connection: `SignAndEncrypt, Basic256Sha256`. Null: there is none. */
  readonly connects: string | null;
  /** Of every warning and error of the device exactly one of these is a part, and each is told. */
  readonly tells: readonly string[];
}

export class SecurityMatrix {
  readonly pki: SitePki;
  readonly #bench: Workbench;
  readonly #broker: Broker;
  readonly #observer: Observer;
  readonly #boot: BootFiles;
  readonly #variables: readonly DemoVariable[];

  private constructor(parts: {
    bench: Workbench;
    pki: SitePki;
    broker: Broker;
    observer: Observer;
    boot: BootFiles;
    variables: readonly DemoVariable[];
  }) {
    this.pki = parts.pki;
    this.#bench = parts.bench;
    this.#broker = parts.broker;
    this.#observer = parts.observer;
    this.#boot = parts.boot;
    this.#variables = parts.variables;
  }

  static async start(bench: Workbench, variables: readonly DemoVariable[]): Promise<SecurityMatrix> {
    const addresses = { serverAddress: INTERNAL.peer, brokerAddress: EXTERNAL.peer };
    const pki = await makeSitePki({ dir: bench.path("pki"), ...addresses, mqttKey: "ec:P-256" });
    const broker = await Broker.start({ bench, pki });
    const observer = await Observer.start({ bench, pki, broker });
    const boot = await bootFiles(bench, CARD_IMAGE);
    return new SecurityMatrix({ bench, pki, broker, observer, boot, variables });
  }

  /** Boots a card with this combination and holds what it does against the outcome. */
  async check(combination: Combination, outcome: Outcome): Promise<void> {
    await this.#withMachine(combination, async (machine) => {
      if (outcome.connects === null) await this.#nothingArrives(machine, combination.id, outcome);
      else await this.#valuesArrive(machine, combination, outcome.connects);
      assertTold(machine, outcome.tells);
    });
  }

  /** The server's settings change under a device that is connected: it connects as they say now. */
  async checkChange(
    combination: Combination,
    story: { connects: string; change: () => Promise<void>; connectsThen: string },
  ): Promise<void> {
    await this.#withMachine(combination, async (machine) => {
      await this.#valuesArrive(machine, combination, story.connects);
      const from = machine.console.entries.length;
      await story.change();
      await this.#valuesArrive(machine, combination, story.connectsThen, from);
    });
  }

  async #withMachine(combination: Combination, story: (machine: Machine) => Promise<void>): Promise<void> {
    const { id, server } = combination;
    const card = await prepareCard({ bench: this.#bench, files: this.#files(combination), name: id });
    const machine = await Machine.start({
      bench: this.#bench,
      boot: "quark",
      bootFiles: this.#boot,
      card,
      name: id,
      hostPorts: { server: server.port, broker: this.#broker.port },
    });
    try {
      await story(machine);
    } finally {
      await machine.stop();
    }
    // Only what a failed combination needs stays.
    for (const file of [card, machine.overlay]) rmSync(file);
  }

  /** `from`: lines of the console before this one don't count. */
  async #valuesArrive(
    machine: Machine,
    { id, server }: Combination,
    connects: string,
    from = 0,
  ): Promise<void> {
    const line = await findLine(machine.console, OPCUA_CONNECTED, { deadlineMs: BOOT_DEADLINE_MS, from });
    assert.ok(line.endsWith(`port ${INTERNAL.port} (${connects})`), line);
    await this.#arrived(id, server);
    // A value that is there at the start could be an old one: the next one is not.
    const early = new Set(server.changes.entries.map(({ index }) => index));
    await server.change({ count: 1, everyMs: 0 });
    await this.#arrived(id, server);
    for (const { name } of this.#variables) {
      const truth = server.changes.entries.filter((change) => change.name === name);
      compareTopic({ name, truth, messages: this.#observer.of(topic(id, name)), optional: early });
    }
  }

  /** The last change so far of each variable has arrived, or one after it. */
  async #arrived(id: string, server: ValueServer): Promise<void> {
    const since = Date.parse(server.changes.entries.at(-1)?.sourceTimestamp ?? "");
    const arrived = () =>
      this.#variables.every(({ name }) => {
        const last = this.#observer.of(topic(id, name)).at(-1);
        return last !== undefined && timeOf(last) >= since;
      });
    const wait = { what: `the last value of each variable of ${id}`, deadlineMs: ARRIVE_DEADLINE_MS };
    await this.#observer.messages.until(arrived, wait);
  }

  async #nothingArrives(machine: Machine, id: string, { tells }: Outcome): Promise<void> {
    for (const text of tells) await findLine(machine.console, text, { deadlineMs: BOOT_DEADLINE_MS });
    const connected = machine.console.entries.find((line) => line.includes(OPCUA_CONNECTED));
    assert.equal(connected, undefined, "it does not connect");
    const arrived = this.#observer.messages.entries.filter((message) => message.topic.startsWith(`${id}/`));
    assert.deepEqual(arrived, [], "nothing is published");
  }

  #files(combination: Combination): SiteFiles {
    const { id, security, userCredentials, client = this.pki.opcuaClient, trusted } = combination;
    const files = siteFiles({
      pki: { ...this.pki, opcuaClient: client, opcuaServer: trusted },
      serverUrl: SERVER_URL,
      brokerUri: BROKER_URI,
      variables: this.#variables,
      heartbeatSeconds: null,
    });
    change(files, CARD_PATHS.opcuaSettings, (settings) => ({ ...settings, security, userCredentials }));
    change(files, CARD_PATHS.mqttSettings, (settings) => ({
      ...settings,
      clientId: id,
      lastWill: { topicName: `${id}/will`, message: "gone" },
      topics: this.#variables.map(({ name }, index) => ({ id: index + 1, name, topicName: topic(id, name) })),
    }));
    files.set(`${CARD_PATHS.opcuaCerts}/stranger.crt`, readFileSync(this.pki.ca.certFile));
    if (combination.revocationList) files.set(`${CARD_PATHS.opcuaCerts}/ca.crl`, combination.revocationList);
    return files;
  }
}

function timeOf({ payload }: Message): number {
  return Date.parse((JSON.parse(payload) as { SourceTimestamp: string }).SourceTimestamp);
}

function topic(id: string, name: string): string {
  return `${id}/${topicOf({ name })}`;
}

function change(files: SiteFiles, path: string, edit: (settings: object) => object): void {
  const settings = JSON.parse(String(files.get(path))) as object;
  files.set(path, JSON.stringify(edit(settings), null, 1));
}

function assertTold(machine: Machine, tells: readonly string[]): void {
  const told = machine.console.entries.filter((line) => /^(Warning|Error): /.test(withoutStamp(line) ?? ""));
  const expected = (line: string) => tells.filter((text) => line.includes(text)).length === 1;
  const unexpected = told.filter((line) => !expected(line));
  assert.deepEqual(unexpected, [], "nothing else is told");
  const missing = tells.filter((text) => !told.some((line) => line.includes(text)));
  assert.deepEqual(missing, [], "all of it is told");
}
