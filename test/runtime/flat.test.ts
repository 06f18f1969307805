/** Nothing piles up: memory and descriptors of the device's runtime over a long life (no timing is judged here). */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { freePort } from "../lab/ports.ts";
import { NOT_AUTHORIZED, startEndingBroker } from "./ending-broker.ts";
import { type Engine, engines, runOnDevice } from "./harness.ts";
import { makeMqttMood } from "./mqtt-site.ts";
import { startOpcUaServer } from "./opcua-process.ts";
import { makePki } from "./pki.ts";

const RECONNECTS = 1000;
/** As many as in some hours of which every attempt fails. */
const FAILED = 500;
const OPCUA_RESUMPTIONS = { sanitized: 40, i586: 400 };
const OPCUA_FAILURES = { sanitized: 40, i586: FAILED };
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

/** A case that judges its memory by its last argument, "heap" where RAM says nothing, prints this and ends well. */
async function prints(
  engine: Engine,
  name: string,
  args: readonly string[],
  expected: string,
): Promise<void> {
  const memory = engine.name === "sanitized" ? "heap" : "all";
  const { stdout, stderr, end } = await runOnDevice(engine, name, [...args, memory]);
  assert.equal(end, 0, `${engine.name}: ${stderr}`);
  assert.equal(stdout, expected, engine.name);
}

/** The same with an OPC UA server that lives as long as the test. */
async function printsWithServer(options: {
  readonly name: string;
  readonly rounds: Readonly<Record<"sanitized" | "i586", number>>;
  readonly expected: (rounds: number) => string;
}): Promise<void> {
  const { name, rounds, expected } = options;
  failed = true;
  const server = await startOpcUaServer(pki);
  try {
    for (const engine of await engines()) {
      const count = engine.name === "sanitized" ? rounds.sanitized : rounds.i586;
      await prints(engine, name, [pki, server.port, String(count)], expected(count));
    }
  } finally {
    server.process.kill();
  }
  failed = false;
}

for (const version of ["TLSv1.3", "TLSv1.2"] as const) {
  test(`${RECONNECTS} reconnects to a broker over ${version}: flat, and one private key operation`, async () => {
    failed = true;
    for (const engine of await engines()) {
      const broker = await startEndingBroker(pki, { version });
      makeMqttMood(site, pki, engine.name, { port: broker.port, lists: ["ca.crl"] });
      try {
        const args = [join(site, engine.name), String(RECONNECTS)];
        const closed = `closed ${RECONNECTS}: the broker closed the connection`;
        await prints(engine, "mqtt-reconnects", args, `${closed}\nflat\n`);
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

/** Ports of a broker that does not let anybody in, and what the cell says of it. */
const FAILURES: readonly {
  readonly what: string;
  readonly cause: string;
  open(): Promise<{ readonly port: number; close(): void }>;
}[] = [
  {
    what: "is not there",
    cause: "the broker refuses the connection",
    open: async () => ({ port: await freePort(), close: () => undefined }),
  },
  {
    what: "has a certificate of somebody else",
    cause: "the broker's certificate was not issued by an authority in trustStore",
    open: () => startEndingBroker(pki, { version: "TLSv1.3", certificate: "server-wrong-ca" }),
  },
  {
    what: "wants another user",
    cause: "the broker does not authorise this client",
    open: () => startEndingBroker(pki, { version: "TLSv1.3", code: NOT_AUTHORIZED }),
  },
];

for (const { what, cause, open } of FAILURES) {
  test(`${FAILED} attempts with a broker that ${what}: flat (L15)`, async () => {
    failed = true;
    for (const engine of await engines()) {
      const broker = await open();
      const name = `${engine.name} ${broker.port}`;
      makeMqttMood(site, pki, name, { port: broker.port, host: "127.0.0.1" });
      try {
        const args = [join(site, name), String(FAILED)];
        await prints(engine, "mqtt-reconnects", args, `closed ${FAILED}: ${cause}\nflat\n`);
      } finally {
        broker.close();
      }
    }
    failed = false;
  });
}

for (const [fault, cause] of [
  ["away", "the server refuses the connection"],
  ["untrusted", "the server's certificate is not in trustList"],
  ["password", "the server refuses user name or password"],
] as const) {
  test(`attempts with an OPC UA server that fail (${fault}), one after the other: flat (L15)`, async () => {
    failed = true;
    const server = fault === "away" ? null : await startOpcUaServer(pki);
    try {
      for (const engine of await engines()) {
        const rounds = engine.name === "sanitized" ? OPCUA_FAILURES.sanitized : OPCUA_FAILURES.i586;
        const port = server?.port ?? String(await freePort());
        const args = [pki, port, fault, String(rounds)];
        await prints(engine, "opcua-failures", args, `failed ${rounds}: ${cause}\nflat\n`);
      }
    } finally {
      server?.process.kill();
    }
    failed = false;
  });
}

test("secure channels, sessions and subscriptions with an OPC UA server, one after the other: flat", () =>
  printsWithServer({
    name: "opcua-reconnects",
    rounds: OPCUA_RECONNECTS,
    expected: (rounds) => `connected ${rounds}\nflat\ndescriptors as at the start: true\n`,
  }));

test("an OPC UA session that goes on over one connection after the other: flat (L15)", () =>
  printsWithServer({
    name: "opcua-resumptions",
    rounds: OPCUA_RESUMPTIONS,
    expected: (rounds) => `resumed ${rounds}\nflat\n`,
  }));

test("names that are looked up before every attempt, found or not: flat (L15)", async () => {
  for (const engine of await engines())
    await prints(engine, "way-flat", [], "opened 1000, failures: ENOTFOUND\nflat\n");
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
