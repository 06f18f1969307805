/** OPC UA's security policies on the runtime: node-opcua-client against node-opcua's server on Node.js. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { agree, builds } from "./agree.ts";
import { runOnDevice, runOnNode } from "./harness.ts";
import { makePki } from "./pki.ts";

const POLICIES = [
  "None",
  "Basic128Rsa15",
  "Basic256",
  "Basic256Sha256",
  "Aes128_Sha256_RsaOaep",
  "Aes256_Sha256_RsaPss",
];

test("every policy and mode opens a session with a password, and refuses a wrong one", async () => {
  const pki = makePki();
  /* Node.js decrypts PKCS #1 v1.5 (Basic128Rsa15) only when told to. */
  const args = ["--security-revert=CVE-2023-46809", "--import", "tsx", "test/runtime/opcua-server.ts", pki];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  try {
    let output = "";
    while (!/port \d+/.test(output))
      output += (await once(server.stdout as NodeJS.ReadableStream, "data"))[0];
    const port = /port (\d+)/.exec(output)?.[1] as string;
    server.stdout?.resume();
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
