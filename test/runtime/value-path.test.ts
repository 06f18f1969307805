/** Values through link, navigation and MQTT cell on the device's runtime: none lost, in order, memory flat. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { builds } from "./agree.ts";
import { runOnDevice } from "./harness.ts";
import { makeMqttMood } from "./mqtt-site.ts";
import { makePki } from "./pki.ts";
import { startValueBroker } from "./value-broker.ts";

/** Sanitizers slow it down. Few connections: the publisher waits longer after each that ended soon. */
const VALUES = { sanitized: 30_000, i586: 240_000 } as const;

test("values over many connections: each arrives, in order, again only with DUP, and memory stays flat", async () => {
  const pki = makePki();
  const site = mkdtempSync(join(tmpdir(), "gwcard-value-path-"));
  for (const engine of await builds()) {
    const values = engine.name === "i586" ? VALUES.i586 : VALUES.sanitized;
    const stretch = values / 4;
    const broker = await startValueBroker({ pki, stretch, breakEvery: Math.floor(values * 0.4) });
    makeMqttMood(site, pki, engine.name, { port: broker.port });
    const memory = engine.name === "sanitized" ? "heap" : "all";
    const args = [join(site, engine.name), String(values), String(stretch), memory];
    const { stdout, stderr, end } = await runOnDevice(engine, "value-path", args);
    broker.close();
    assert.equal(end, 0, `${engine.name}: ${stderr}`);
    assert.equal(stdout, `first\n${values} values, 0 dropped, flat\n`, engine.name);
    assert.deepEqual(broker.faults, [], engine.name);
    assert.equal(broker.counted.values, values, engine.name);
    console.log(
      `${engine.name}: ${values} values over ${broker.counted.connections} connections, ${broker.counted.repeated} came again`,
    );
  }
  for (const folder of [pki, site]) rmSync(folder, { recursive: true });
});
