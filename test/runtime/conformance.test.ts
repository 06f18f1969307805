/** Node's API: the same program on Node.js and on the runtime prints the same (cases/*.ts say what each is about). */
import { after, before, describe, it } from "node:test";
import { agree } from "./agree.ts";
import { type NetPeers, startNetPeers } from "./net-peers.ts";

const CASES = [
  "assert",
  "codec",
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

describe("conformance", { concurrency: false }, () => {
  let peers: NetPeers;
  before(async () => {
    peers = await startNetPeers();
  });
  after(() => peers.close());

  for (const name of CASES) it(name, () => agree(name));
  it("net-client", () => agree("net-client", peers.args));
});
