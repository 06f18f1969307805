/**
 * What servers say goes into the log as text and nothing else (K49): no second line, no forged one, nothing that steers a
 * terminal or turns the reading direction; asserted on the bytes of the serial line and of the health log.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import fc from "fast-check";
import { toLogLine } from "../../app/link/log-line.ts";
import { STAMPED } from "../lab/console-lines.ts";
import { startNodeGateway } from "../lab/node-gateway.ts";
import { startPlant } from "../lab/plant.ts";
import { withWorkbench } from "../lab/workbench.ts";

const DEADLINE_MS = 60_000;
/** Everything that a line of the log must not contain, the line's end apart. */
const UNSAFE =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]/;
const FORGED = "[2026-01-01 00:00:00.000 (UTC+0000)] Info: forged";
const HOSTILE = [
  `reason1\n${FORGED}\r\n${FORGED}`,
  `reason2\u001b[2J\u001b]0;title\u0007\u009b31m\u0008\u0000`,
  `reason3\u2028${FORGED}\u2029\u202e\u2066dexim\u2069\u200f\u061c\u0085`,
  `reason4 ${"long\n".repeat(200_000)}`,
];

/** OPC UA Part 6 §7.1.2.5: an Error message with a reason of any length. */
function errorMessage(reason: string): Buffer {
  const text = Buffer.from(reason, "utf8");
  const message = Buffer.alloc(16 + text.length);
  message.write("ERRF", "latin1");
  message.writeUInt32LE(message.length, 4);
  message.writeUInt32LE(0x80010000, 8);
  message.writeInt32LE(text.length, 12);
  text.copy(message, 16);
  return message;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("whatever a text is made of, it becomes one readable line that fits into a pipe (K49)", () => {
  const character = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(...HOSTILE.slice(0, 3), "\n", "\r", "\u202e", "\ud800", "é", "𝄞"),
  );
  const text = fc.oneof(
    fc.array(character, { maxLength: 40 }).map((parts) => parts.join("")),
    fc.tuple(character, fc.integer({ min: 1, max: 3000 })).map(([part, times]) => part.repeat(times)),
  );
  fc.assert(
    fc.property(text, (given) => {
      const line = toLogLine("Error", given);
      assert.ok(line.length <= 4096, `${line.length} bytes`);
      const shown = line.toString("utf8");
      assert.ok(Buffer.from(shown, "utf8").equals(line), "whole characters");
      assert.ok(shown.startsWith("Error: ") && shown.endsWith("\n"));
      assert.equal(shown.indexOf("\n"), shown.length - 1, "one line");
      assert.doesNotMatch(shown, UNSAFE);
    }),
    { numRuns: 200 },
  );
});

test("texts of hostile servers can't forge, split or hide lines, on the serial line nor in the health log (R165, K49)", (t) =>
  withWorkbench(t, "log-hostile", async (bench) => {
    const plant = await startPlant({ bench, gateway: "node" });
    let turn = 0;
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => {
        socket.end(errorMessage(HOSTILE[turn % HOSTILE.length] ?? ""));
        turn += 1;
      });
    });
    const evil = await plant.pki.pki.issue({
      name: "evil",
      use: "tls-server",
      issuer: plant.pki.ca,
      commonName: "broker\\nError: forged\\e[2J",
      altNames: ["DNS:other.example"],
    });
    const broker = createTlsServer(
      { cert: readFileSync(evil.certFile), key: readFileSync(evil.keyFile) },
      (socket) => void socket.on("error", () => undefined),
    );
    broker.on("tlsClientError", () => undefined);
    bench.defer(() => void server.close());
    bench.defer(() => void broker.close());
    const [serverPort, brokerPort] = [await listen(server), await listen(broker)];
    for (const [path, content] of plant.files) {
      if (!path.endsWith(".json")) continue;
      const text = String(content)
        .replace(`127.0.0.1:${plant.server.port}`, `127.0.0.1:${serverPort}`)
        .replace(`127.0.0.1:${plant.broker.port}`, `127.0.0.1:${brokerPort}`);
      plant.files.set(path, text);
    }
    const gateway = startNodeGateway({ bench, files: plant.files });
    const logs = join(bench.path("card"), "HW-LOG/logs");
    writeFileSync(join(logs, ".log"), "LogFileSizeLimit=10000000\nDirectorySizeLimit=100000000\n");
    for (const reason of ["reason1", "reason2", "reason3"])
      await gateway.lines.find((line) => line.includes(reason), {
        what: `line with ${reason}`,
        deadlineMs: DEADLINE_MS,
      });
    await gateway.lines.until(() => turn > HOSTILE.length, {
      what: "a connection after the longest text",
      deadlineMs: DEADLINE_MS,
    });
    await gateway.lines.find((line) => line.includes("made for another host name"), {
      what: "line on the broker's certificate",
      deadlineMs: DEADLINE_MS,
    });
    await gateway.stop();

    const serial = readFileSync(bench.path("gateway.log"), "utf8");
    const [name = ""] = readdirSync(logs).filter((file) => file.startsWith("health-"));
    const health = readFileSync(join(logs, name), "utf8");
    assert.equal(health, serial, "both show the same");
    assert.doesNotMatch(serial, UNSAFE);
    for (const line of serial.split("\n").slice(0, -1)) {
      assert.match(line, STAMPED);
      assert.ok(line.indexOf(FORGED) !== 0 && !line.includes("Error: forged\u001b"), line);
      assert.ok(Buffer.byteLength(line) < 4200, `${line.length} characters`);
    }
  }));
