/** The server goes away, for hours or without a word: it is noticed, and the collector neither gives up nor grows. */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { silenceLibrary } from "../../app/cells/opcua/connection/client-options.ts";
import type { OpcUaSettings } from "../../app/config/opcua.ts";
import { MAX_RETRY_DELAY_MS } from "../../app/link/backoff.ts";
import { type Certificate, Pki } from "../lab/pki.ts";
import { freePort } from "../lab/ports.ts";
import { makeFolder } from "./app-folder.ts";
import { LinkProxy } from "./app-link-proxy.ts";
import {
  clientSettings,
  collect,
  nodesFor,
  serverOptions,
  setDouble,
  startServer,
} from "./app-opcua-site.ts";
import { until } from "./app-until.ts";

const { folder, remove } = makeFolder();
let certificate: Certificate;

before(async () => {
  silenceLibrary();
  const altNames = ["URI:urn:test:server", "IP:127.0.0.1"];
  certificate = await new Pki(join(folder, "pki")).issue({ name: "server", use: "opcua", altNames });
});
after(remove);

function settings(tcpPort: number): OpcUaSettings {
  return {
    ...clientSettings({ tcpPort, trusted: certificate, client: certificate }),
    mode: "None",
    policy: "None",
    identity: null,
    nodes: nodesFor(["Value"]),
  };
}

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** What is in use when nothing more can be freed. */
function heapUsed(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test("a day without server: attempts ever more seldom, up to 30 s, memory flat, one line; then it connects (R75)", async (t) => {
  const pauses: number[] = [];
  const port = await freePort();
  // A pause passes at once, but not within the same turn.
  const { collector, lines, valuesOf } = collect(settings(port), {
    after(milliseconds, callback) {
      pauses.push(milliseconds);
      const turn = setImmediate(callback);
      return () => clearImmediate(turn);
    },
  });
  t.after(() => collector.stop());
  await collector.run();
  // What V8 compiles and caches in the first hundreds is no leak.
  await until(() => pauses.length >= 500);
  const before = heapUsed();
  await until(() => pauses.length >= 900);
  const grown = heapUsed() - before;
  t.diagnostic(`${grown} bytes more after 400 attempts`);
  assert.ok(grown < 500_000, `${grown} bytes more after 400 attempts`);
  for (const [index, pause] of pauses.slice(0, 500).entries()) {
    const nominal = Math.min(500 * 2 ** Math.min(index, 16), MAX_RETRY_DELAY_MS);
    assert.ok(pause >= nominal * 0.75 && pause <= nominal, `pause ${index} is ${pause} ms`);
  }
  // Jitter: gateways that lost the same server don't come back in step.
  assert.ok(new Set(pauses.slice(10, 110)).size > 50);
  assert.deepEqual(lines, [
    `Warning: OPC UA Client can't connect to 127.0.0.1 port ${port}: the server refuses the connection. Cure: start the server, check address and port (ECONNREFUSED). It keeps trying`,
  ]);
  const { server } = await startServer(serverOptions({ port, certificate, folder }), ["Value"]);
  t.after(() => server.shutdown(0));
  await until(() => valuesOf("Value").length > 0);
  assert.equal(collector.connected, true);
});

test("a link that is half open, and a server process that stands still: noticed, and nothing is lost", async (t) => {
  const silent =
    /lost its connection to .*: the server is connected but has sent nothing for \d+ s\. Cure: check the server/;
  const resumed = /the session goes on after \d+ s/;
  // Both wait for the same silence, so they wait together.
  const halfOpen = async (): Promise<void> => {
    const port = await freePort();
    const { server, variables } = await startServer(serverOptions({ port, certificate, folder }), ["Value"]);
    t.after(() => server.shutdown(0));
    const link = await LinkProxy.open(() => port);
    t.after(() => link.close());
    const { collector, lines, valuesOf } = collect(settings(link.port));
    t.after(() => collector.stop());
    await collector.run();
    await until(() => valuesOf("Value").length > 0);
    link.stalled = true;
    setDouble(variables[0], 1);
    await until(() => !collector.connected);
    link.mend();
    await until(() => lines.some((line) => resumed.test(line)));
    assert.ok(
      lines.some((line) => silent.test(line)),
      lines.join("\n"),
    );
    await until(() => valuesOf("Value").at(-1) === 1);
    assert.deepEqual(valuesOf("Value"), [0, 1]);
  };
  const stopped = async (): Promise<void> => {
    const port = await freePort();
    const { certFile, keyFile } = certificate;
    const program = new URL("app-opcua-server-main.ts", import.meta.url);
    const child = fork(program, [`${port}`, certFile, keyFile, join(folder, "child")], {
      execArgv: ["--import", "tsx"],
    });
    t.after(() => child.kill("SIGKILL"));
    await once(child, "message");
    const { collector, lines, valuesOf } = collect(settings(port));
    t.after(() => collector.stop());
    await collector.run();
    await until(() => valuesOf("Value").length > 0);
    child.kill("SIGSTOP");
    child.send(5);
    await until(() => !collector.connected);
    child.kill("SIGCONT");
    await until(() => lines.some((line) => resumed.test(line)));
    assert.ok(
      lines.some((line) => silent.test(line)),
      lines.join("\n"),
    );
    await until(() => valuesOf("Value").at(-1) === 5);
    assert.deepEqual(valuesOf("Value"), [0, 5]);
  };
  await Promise.all([halfOpen(), stopped()]);
});
