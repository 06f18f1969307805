/** The lab's second OPC UA server as seen by a test: an open62541 in a process of its own (server.c). */
import { writeFileSync } from "node:fs";
import { Journal } from "../journal.ts";
import type { Change, ServerCommand } from "../opcua-protocol.ts";
import { SERVER_USER, type ValueServer } from "../opcua-server.ts";
import { type Certificate, SERVER_URI } from "../pki.ts";
import { freePort } from "../ports.ts";
import { LabProcess } from "../process.ts";
import { type DemoVariable, type RichWire, SampleSequence } from "../variables.ts";
import type { Workbench } from "../workbench.ts";
import { buildOpen62541Server } from "./build.ts";
import { dataValueLine, variableType } from "./values.ts";

const START_DEADLINE_MS = 30_000;

export interface Open62541Options {
  readonly bench: Workbench;
  readonly variables: readonly DemoVariable<RichWire>[];
  /** For the names of files, when a test has several. */
  readonly name?: string;
  /** Null: the server has none, and offers nothing but unprotected connections. */
  readonly certificate: Certificate | null;
  /** It has a certificate, but does not show it. */
  readonly hideCertificate?: boolean;
  /** Certificates of clients; empty: every client is trusted. */
  readonly trusted: readonly Certificate[];
  /** Policy and mode. */
  readonly endpoints: readonly (readonly [policy: string, mode: string])[];
  readonly anonymous?: boolean;
  /** Where a connection is not encrypted, the password is not either. */
  readonly plainPasswords?: boolean;
  readonly applicationUri?: string;
}

interface Sequence {
  readonly variable: DemoVariable<RichWire>;
  readonly samples: SampleSequence<RichWire>;
}

export class Open62541Server implements ValueServer {
  readonly port: number;
  readonly changes = new Journal<Change>("changes of the open62541 server", (change) =>
    JSON.stringify(change),
  );
  readonly #program: string;
  #options: Open62541Options;
  readonly #sequences: readonly Sequence[];
  #process: LabProcess | null = null;
  #starts = 0;
  #rounds = 0;
  #lastTime = 0;

  private constructor(options: Open62541Options & { program: string; port: number }) {
    this.#options = options;
    this.#program = options.program;
    this.port = options.port;
    this.#sequences = options.variables.map((variable) => ({
      variable,
      samples: new SampleSequence(variable),
    }));
  }

  static async start(options: Open62541Options): Promise<Open62541Server> {
    const program = await buildOpen62541Server();
    const server = new Open62541Server({ ...options, program, port: await freePort() });
    options.bench.defer(() => server.stop());
    await server.start();
    return server;
  }

  /** Also after stop(): on the same port, with values that have moved on in the meantime. */
  async start(): Promise<void> {
    const { bench, name = "open62541" } = this.#options;
    const settingsFile = bench.path(`${name}.settings`);
    writeFileSync(settingsFile, this.#settings());
    this.#starts++;
    const process_ = new LabProcess({
      name: "open62541 server",
      argv: [this.#program, settingsFile],
      logFile: bench.path(`${name}-${this.#starts}.log`),
      input: true,
    });
    this.#process = process_;
    // A server that has ended says why in its lines; what can't be written to it adds nothing.
    process_.child.stdin?.on("error", () => undefined);
    await this.#round(process_);
    await process_.lines.find((line) => line.startsWith("listening on"), {
      what: "line 'listening on'",
      deadlineMs: START_DEADLINE_MS,
    });
  }

  /** Stops, and starts with other settings: as when somebody has configured it anew. */
  async restart(changes: Pick<Partial<Open62541Options>, "endpoints" | "anonymous">): Promise<void> {
    await this.stop();
    this.#options = { ...this.#options, ...changes };
    await this.start();
  }

  /** Every variable changes `count` times; resolves when all changes are made. */
  async change({ count, everyMs }: ServerCommand): Promise<void> {
    const process_ = this.#process;
    if (process_ === null) return;
    for (let left = count; left > 0; left--) {
      await this.#round(process_);
      if (left > 1) await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  async #round(process_: LabProcess): Promise<void> {
    // No two rounds share a time stamp: it identifies a change.
    this.#lastTime = Math.max(Date.now(), this.#lastTime + 1);
    const sourceTimestamp = new Date(this.#lastTime).toISOString();
    const index = this.#rounds++;
    const lines = this.#sequences.map(({ variable, samples }) => {
      const { wire, json } = samples.next();
      const { type, array = false, dimensions } = wire;
      this.changes.append({
        name: variable.name,
        index,
        sourceTimestamp,
        type,
        array: array || dimensions !== undefined,
        json,
      });
      return `${variable.nodeId}\t${dataValueLine(wire, sourceTimestamp)}\n`;
    });
    const from = process_.lines.entries.length;
    process_.child.stdin?.write(`${lines.join("")}round\n`);
    await process_.lines.find((line) => /^round \d+$/.test(line), {
      what: "end of a round of changes",
      deadlineMs: START_DEADLINE_MS,
      from,
    });
  }

  #settings(): string {
    const { certificate, trusted, endpoints, variables, applicationUri = SERVER_URI } = this.#options;
    const { anonymous, plainPasswords, hideCertificate } = this.#options;
    const lines: (readonly (string | number)[])[] = [
      ["port", this.port],
      ["address", `opc.tcp://127.0.0.1:${this.port}`],
      ["application", applicationUri],
      ...(certificate === null
        ? []
        : [
            ["certificate", certificate.derFile],
            ["key", certificate.keyFile],
          ]),
      ...trusted.map(({ derFile }) => ["trusted", derFile]),
      ...endpoints.map((endpoint) => ["endpoint", ...endpoint]),
      ["user", SERVER_USER.username, SERVER_USER.password],
      ...(anonymous === true ? [["anonymous"]] : []),
      ...(plainPasswords === true ? [["plain-passwords"]] : []),
      ...(hideCertificate === true ? [["hide-certificate"]] : []),
      ...variables.map(({ name, nodeId, sample }) => {
        const { wire } = new SampleSequence({ name, nodeId, sample }).next();
        const { dataType, rank } = variableType(name, wire);
        return ["variable", nodeId, name, dataType, rank];
      }),
    ];
    return lines.map((fields) => `${fields.join("\t")}\n`).join("");
  }
}
