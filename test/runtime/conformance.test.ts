/** Node's API: the same program on Node.js and on the runtime prints the same (cases/*.ts say what each is about). */
import { after, before, describe, it } from "node:test";
import { agree } from "./agree.ts";
import { AGREEING } from "./cases.ts";
import { type NetPeers, startNetPeers } from "./net-peers.ts";

describe("conformance", { concurrency: false }, () => {
  let peers: NetPeers;
  before(async () => {
    peers = await startNetPeers();
  });
  after(() => peers.close());

  for (const [name, needs] of Object.entries(AGREEING)) {
    // crypto.test.ts has those with vectors.
    if (name.startsWith("crypto-")) continue;
    if (needs === "nothing") it(name, () => agree(name, [], { errors: name === "console" }));
    if (needs === "net peers") it(name, () => agree(name, peers.args));
  }
});
