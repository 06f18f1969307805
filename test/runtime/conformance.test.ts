/** The same program on Node.js and on the runtime prints the same (cases/*.ts say what each is about). */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Engine, engines, runOnDevice, runOnNode } from "./harness.ts";
import { type NetPeers, startNetPeers } from "./net-peers.ts";

const PLAIN_CASES = [
  "assert",
  "buffer-memory",
  "buffer-numbers",
  "buffer-text",
  "crypto-cipher",
  "crypto-hash",
  "crypto-key",
  "crypto-rsa",
  "crypto-x509",
  "events",
  "fs",
  "loop-order",
  "path-os",
  "process",
  "streams",
  "timers",
  "url",
  "util",
];

describe("runtime", { concurrency: false }, () => {
  let builds: Engine[] = [];
  before(async () => {
    builds = await engines();
  });

  async function compare(name: string, args: readonly string[] = []): Promise<void> {
    const expected = await runOnNode(name, args);
    assert.equal(expected.end, 0, `${name} on Node.js: ${expected.stderr}`);
    for (const engine of builds) {
      const actual = await runOnDevice(engine, name, args);
      assert.equal(actual.stdout, expected.stdout, `${name} on ${engine.name}: ${actual.stderr}`);
      assert.equal(actual.end, expected.end, `${name} on ${engine.name}`);
    }
  }

  for (const name of PLAIN_CASES) it(name, () => compare(name));

  describe("net", () => {
    let peers: NetPeers;
    before(async () => {
      peers = await startNetPeers();
    });
    after(() => peers.close());
    it("net-client", () => compare("net-client", peers.args));
  });
});
