/** The load server as seen by the bench. */
import { join } from "node:path";
import { SERVER_USER } from "../../lab/opcua-server.ts";
import type { SitePki } from "../../lab/pki.ts";
import { freePort } from "../../lab/ports.ts";
import { LabProcess } from "../../lab/process.ts";
import { REPOSITORY, type Workbench } from "../../lab/workbench.ts";
import type { LoadCommand, LoadReport, LoadSettings } from "./protocol.ts";

const START_DEADLINE_MS = 120_000;

export class LoadServer {
  readonly port: number;
  readonly items: number;
  readonly #process: LabProcess;

  private constructor(port: number, items: number, process_: LabProcess) {
    this.port = port;
    this.items = items;
    this.#process = process_;
  }

  static async start(options: {
    bench: Workbench;
    pki: SitePki;
    items: number;
    advertised?: string;
  }): Promise<LoadServer> {
    const { bench, pki, items, advertised } = options;
    const port = await freePort();
    const settings: LoadSettings = {
      port,
      advertised: advertised ?? `opc.tcp://127.0.0.1:${port}`,
      pkiDir: bench.path("opcua-server-pki"),
      certificateFile: pki.opcuaServer.certFile,
      privateKeyFile: pki.opcuaServer.keyFile,
      trustedClientCertFile: pki.opcuaClient.certFile,
      ...SERVER_USER,
      items,
    };
    const main = join(REPOSITORY, "test/bench/load/server-main.ts");
    const process_ = new LabProcess({
      name: "load OPC UA server",
      argv: [process.execPath, "--import", "tsx", main, JSON.stringify(settings)],
      cwd: REPOSITORY,
      logFile: bench.path("opcua-server.log"),
      ipc: true,
    });
    bench.defer(() => process_.stop());
    await process_.lines.find((line) => line.startsWith("listening on"), {
      what: "line 'listening on'",
      deadlineMs: START_DEADLINE_MS,
    });
    return new LoadServer(port, items, process_);
  }

  /** Resolves when the server has made the changes of this command. */
  change(command: LoadCommand): Promise<LoadReport> {
    const { child } = this.#process;
    return new Promise((resolve, reject) => {
      child.once("message", (report: LoadReport) => resolve(report));
      this.#process.exited().then(() => reject(new Error("the load server ended")), reject);
      child.send(command);
    });
  }

  /** What the server has made and sent so far. */
  report(): Promise<LoadReport> {
    return this.change({ items: 0, rounds: 0, everyMs: 1, spread: false });
  }
}
