/**
 * Device only: the OPC UA cell's collector fails to connect over and over, its pauses left out. Tells why, each reason once,
 * and whether memory and descriptors stay flat. Arguments: PKI folder, port, what is wrong, how often, and "heap" when RAM
 * says nothing.
 */
import { readFileSync } from "node:fs";
import { crypto_utils } from "node-opcua-client";
import { Collector } from "../../../app/cells/opcua/collector.ts";
import { silenceLibrary } from "../../../app/cells/opcua/connection/client-options.ts";
import type { OpcUaSettings } from "../../../app/config/opcua.ts";
import { measure, settled } from "./measure.ts";
import { opcuaSettings } from "./opcua-settings.ts";

const [, , folder = "", port = "", fault = "", count = "", memory = ""] = process.argv;
const rounds = Number(count);
/** Objects that refer to each other wait for a collection; without one now and then the heap's end says little. */
const collection = Math.ceil(rounds / 20);
const warmUp = 8 * collection;

const FAULTS: Readonly<Record<string, () => Partial<OpcUaSettings>>> = {
  away: () => ({}),
  untrusted: () => ({
    trusted: [crypto_utils.convertPEMtoDER(readFileSync(`${folder}/other-ca.pem`, "utf8"))],
    revocationLists: [],
  }),
  password: () => ({ user: { name: "user", password: "wrong" } }),
};

function main(): void {
  silenceLibrary();
  let failures = 0;
  let before = measure();
  const causes = new Set<string>();
  const finish = async (): Promise<void> => {
    console.log(`failed ${failures}: ${[...causes].join("; ")}`);
    console.log(await settled(before, memory === "heap"));
    process.exit(0);
  };
  const collector = new Collector({
    settings: { ...opcuaSettings(folder, port), ...FAULTS[fault]?.() },
    log: { info: console.log, warning: () => undefined, error: () => undefined, debug: () => undefined },
    handlers: {
      onText: console.log,
      onWarning: (_node, text) => console.log(text),
      onState: (reason) => void causes.add(reason?.replace(/(?:\. Cure|; the server sent).*/s, "") ?? "none"),
    },
    // A pause: everything of the attempt is over.
    after(_milliseconds, callback) {
      failures += 1;
      if (failures % collection === 0) {
        const now = measure();
        if (failures === warmUp) before = now;
      }
      if (failures === rounds) {
        void finish();
        return () => undefined;
      }
      const turn = setImmediate(callback);
      return () => clearImmediate(turn);
    },
  });
  void collector.run();
}

main();
