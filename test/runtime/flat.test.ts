/** Nothing piles up: memory and descriptors of the device's runtime over a long life (no timing is judged here). */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startEndingBroker } from "./ending-broker.ts";
import { engines, runOnDevice } from "./harness.ts";
import { makeMqttMood } from "./mqtt-site.ts";
import { startOpcUaServer } from "./opcua-process.ts";
import { makePki } from "./pki.ts";

const RECONNECTS = 1000;
/** Each has several private key operations on both sides. */
const OPCUA_RECONNECTS = { sanitized: 20, i586: RECONNECTS };

const pki = makePki();
const site = mkdtempSync(join(tmpdir(), "gwcard-flat-"));
let failed = false;
after(() => {
  if (failed) {
    console.error(`kept: ${pki} ${site}`);
    return;
  }
  for (const folder of [pki, site]) rmSync(folder, { recursive: true });
});

for (const version of ["TLSv1.3", "TLSv1.2"] as const) {
  test(`${RECONNECTS} reconnects to a broker over ${version}: flat, and one private key operation`, async () => {
    failed = true;
    for (const engine of await engines()) {
      const broker = await startEndingBroker(pki, version);
      makeMqttMood(site, pki, engine.name, { port: broker.port, lists: ["ca.crl"] });
      const memory = engine.name === "sanitized" ? "heap" : "all";
      try {
        const args = [join(site, engine.name), String(RECONNECTS), memory];
        const { stdout, stderr, end } = await runOnDevice(engine, "mqtt-reconnects", args);
        assert.equal(end, 0, `${engine.name}: ${stderr}`);
        assert.equal(stdout, `closed ${RECONNECTS}\nflat\n`, engine.name);
        /* The server's view: only the first client had to prove itself with its RSA key. */
        assert.deepEqual(
          { full: broker.full, resumed: broker.resumed },
          { full: 1, resumed: RECONNECTS - 1 },
        );
      } finally {
        broker.close();
      }
    }
    failed = false;
  });
}

test("secure channels, sessions and subscriptions with an OPC UA server, one after the other: flat", async () => {
  failed = true;
  const server = await startOpcUaServer(pki);
  try {
    for (const engine of await engines()) {
      const sanitized = engine.name === "sanitized";
      const rounds = sanitized ? OPCUA_RECONNECTS.sanitized : OPCUA_RECONNECTS.i586;
      const args = [pki, server.port, String(rounds), sanitized ? "heap" : "all"];
      const { stdout, stderr, end } = await runOnDevice(engine, "opcua-reconnects", args);
      assert.equal(end, 0, `${engine.name}: ${stderr}`);
      assert.equal(stdout, `connected ${rounds}\nflat\ndescriptors as at the start: true\n`, engine.name);
    }
  } finally {
    server.process.kill();
  }
  failed = false;
});

test("the memory of a buffer that was full is given back to the system (R115, L15)", async () => {
  for (const engine of await engines()) {
    // The sanitizers keep what is freed for a while, to notice who still uses it.
    if (engine.name === "sanitized") continue;
    const { stdout, stderr, end } = await runOnDevice(engine, "device-buffer", []);
    assert.equal(end, 0, `${engine.name}: ${stderr}`);
    assert.equal(stdout, "given back\n".repeat(3), engine.name);
  }
});
