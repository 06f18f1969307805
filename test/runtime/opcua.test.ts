/** OPC UA's security policies on the runtime: node-opcua-client against node-opcua's server on Node.js. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { agree, builds } from "./agree.ts";
import { runOnDevice, runOnNode } from "./harness.ts";
import { startOpcUaServer } from "./opcua-process.ts";
import { makePki } from "./pki.ts";

const POLICIES = [
  "None",
  "Basic128Rsa15",
  "Basic256",
  "Basic256Sha256",
  "Aes128_Sha256_RsaOaep",
  "Aes256_Sha256_RsaPss",
];

test("every policy and mode opens a session with a password, and refuses a wrong one (R48, R49, R54, R55)", async () => {
  const pki = makePki();
  const { port, process: server } = await startOpcUaServer(pki);
  try {
    for (const engine of await builds()) {
      const outcome = await runOnDevice(engine, "opcua-policies", [pki, port, ...POLICIES]);
      assert.equal(outcome.end, 0, outcome.stderr);
      assert.deepEqual(
        outcome.stdout.trim().split("\n"),
        POLICIES.flatMap((policy) => [
          ...(policy === "None" ? ["None None: Good urn:host:server"] : []),
          ...(policy === "None" ? [] : [`${policy} Sign: Good urn:host:server`]),
          ...(policy === "None" ? [] : [`${policy} SignAndEncrypt: Good urn:host:server`]),
          `${policy} with a wrong password: failed: BadUserAccessDenied`,
        ]),
      );
    }
    rmSync(pki, { recursive: true });
  } finally {
    server.kill();
  }
});

test("publish responses are decoded as by node-opcua, on Node.js and on the runtime", async () => {
  const { stdout } = await runOnNode("publish-response");
  assert.match(stdout, /\[true, true, 60, /);
  assert.doesNotMatch(stdout, /\[(?:false|true, false)/);
  await agree("publish-response");
});

test("values of every type and structure, and bytes that mean nothing, are the same text on Node.js and on the runtime (R76, R78, L6, L7, K49)", async () => {
  const { stdout } = await runOnNode("values");
  assert.match(stdout, /^deep: /m);
  assert.match(stdout, /^too deep: .*more than 100 levels/m);
  await agree("values");
});
