/** What cells and supervisor say to each other, and what a cell writes to the log: nothing can be smuggled in. */
import assert from "node:assert/strict";
import { closeSync, readSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { Backoff, MAX_RETRY_DELAY_MS } from "../../app/link/backoff.ts";
import { CauseLog } from "../../app/link/cause-log.ts";
import { FdLog, toLogLine } from "../../app/link/log-line.ts";
import { formatStatus, isHostName, LineSplitter, parseStatus, type Status } from "../../app/link/status.ts";
import { platform } from "../../app/supervisor/platform-node.ts";

const STATUSES: readonly Status[] = [
  { kind: "started" },
  { kind: "peer", peer: { host: "192.168.177.7", port: 4840 } },
  { kind: "peer", peer: { host: "plc-1.plant.example", port: 65535 } },
  { kind: "peer", peer: { host: "PLC_7._tcp.plant_2", port: 4840 } },
  { kind: "reached", mark: 12 },
  { kind: "clock", seconds: 1_800_000_000 },
  { kind: "vitals" },
  { kind: "alive", steps: 0, busy: false },
  { kind: "alive", steps: 4_294_967_295, busy: true },
  { kind: "resolved", addresses: ["10.0.0.1", "255.249.199.90"] },
  { kind: "connected" },
  { kind: "disconnected", reason: "the server refuses the connection. Cure: start it (ECONNREFUSED)" },
  { kind: "disconnected", reason: "" },
];

test("every status survives the way", () => {
  for (const status of STATUSES) assert.deepEqual(parseStatus(formatStatus(status).slice(0, -1)), status);
});

test("a peer that could mean something to a command line is refused", () => {
  for (const host of [
    "-f",
    "a b",
    "a;b",
    "$(id)",
    "..",
    "a..b",
    ".a",
    "a-",
    "",
    "a\nb",
    "x".repeat(254),
    "a_-",
    "a/b",
    "[::1]",
  ]) {
    assert.equal(parseStatus(`peer ${host} 4840`), null, host);
    assert.equal(isHostName(host), false, host);
  }
  for (const port of ["0", "65536", "-1", "1e3", "08", "", "99999"])
    assert.equal(parseStatus(`peer plc ${port}`), null, port);
});

test("a reason is a short line of printable characters, whatever it is made of", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (reason) => {
      const text = formatStatus({ kind: "disconnected", reason });
      assert.match(text, /^disconnected [\x20-\x7e]{0,250}\n$/);
      assert.equal(parseStatus(text.slice(0, -1))?.kind, "disconnected");
    }),
  );
  for (const line of [
    ...[
      "resolved",
      "resolved ",
      "resolved 256.1.1.1",
      "resolved 01.1.1.1",
      "resolved 1.1.1",
      "resolved 1.1.1.1  2.2.2.2",
    ],
    ...["resolved plc", "resolved 1.1.1.1 -d", `resolved${" 1.1.1.1".repeat(9)}`],
  ])
    assert.equal(parseStatus(line), null, line);
  for (const line of [
    "disconnected",
    "disconnected a\x07b",
    "disconnected ü",
    "connected ",
    "alive",
    "alive 1",
    "alive 01 idle",
    "go",
  ])
    assert.equal(parseStatus(line), null, line);
});

test("nothing but the known forms is a status", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const status = parseStatus(text);
      if (status !== null)
        assert.equal(formatStatus(status).trimEnd(), text.replace(/^reached 0+(?=\d)/, "reached "));
    }),
  );
});

test("lines come out whole in any splitting, long ones cut, never glued", () => {
  const line = fc.string({ maxLength: 30 }).map((text) => text.replace(/\n/g, ""));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.integer({ min: 1, max: 50 }), (lines, size) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
      const splitter = new LineSplitter(20);
      const read: string[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        splitter.push(bytes.subarray(at, at + size), (piece) => read.push(piece.toString("latin1")));
      }
      assert.deepEqual(
        read,
        lines.map((text) => Buffer.from(text).subarray(0, 20).toString("latin1")),
      );
    }),
  );
});

test("a log line is one line of at most PIPE_BUF bytes of valid UTF-8, whatever it is made of", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.string({ unit: "grapheme", minLength: 1500, maxLength: 3000 }),
  );
  fc.assert(
    fc.property(text, (input) => {
      const line = toLogLine("Info", input);
      assert.ok(line.length <= 4096);
      assert.equal(line.indexOf(0x0a), line.length - 1);
      assert.ok(line.subarray(0, -1).every((byte) => byte >= 0x20 && byte !== 0x7f));
      assert.equal(Buffer.from(line.toString("utf8")).equals(line), true);
    }),
  );
});

test("a log line from outside can't pretend to be two (K49)", () => {
  assert.equal(
    toLogLine("Warning", "bad\nError: forged\u2028Info: too\u001b[2J").toString(),
    "Warning: bad Error: forged Info: too [2J\n",
  );
});

test("lines that find a full pipe are counted and told later", () => {
  const { readFd, writeFd } = platform.pipe();
  const log = new FdLog(writeFd);
  const written = 2000;
  for (let count = 0; count < written; count += 1) log.info(`line ${count} ${".".repeat(100)}`);
  const held = Buffer.alloc(1024 * 1024);
  const kept =
    held
      .subarray(0, readSync(readFd, held, 0, held.length, null))
      .toString()
      .split("\n").length - 1;
  assert.ok(kept > 0 && kept < written);
  log.info("after");
  const rest = held.subarray(0, readSync(readFd, held, 0, held.length, null)).toString();
  assert.equal(
    rest,
    `Warning: ${written - kept} log lines were lost: the log was too slow. Cure: mend what the lines before this one tell of so often\nInfo: after\n`,
  );
  closeSync(readFd);
  // Nobody reads any more: the log cell is being started again. That is no reason to end.
  log.error("unheard");
  closeSync(writeFd);
});

test("retries: the first at once where asked for, then ever later, jittered, never beyond 30 s", () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
        minLength: 40,
        maxLength: 40,
      }),
      (immediateFirst, dice) => {
        let turn = 0;
        const backoff = new Backoff({ immediateFirst, random: () => dice[turn++ % dice.length] ?? 0 });
        const delays = Array.from({ length: 30 }, () => backoff.next());
        assert.equal(delays[0] === 0, immediateFirst);
        delays.slice(1).forEach((delay, index) => {
          assert.ok(delay >= (index + 1 > 8 ? MAX_RETRY_DELAY_MS * 0.75 : 375));
          assert.ok(delay <= MAX_RETRY_DELAY_MS);
        });
        assert.equal(backoff.failures, 30);
        backoff.reset();
        assert.ok(backoff.next() <= 500);
      },
    ),
  );
});

test("a cause is told once, and again when it changes, after a success or after ten minutes", () => {
  const told: string[] = [];
  let now = 0;
  const note = (text: string) => void told.push(text);
  const causes = new CauseLog({ info: note, warning: note, error: note, debug: () => undefined }, () => now);
  const attempt = (cause: string) => causes.tell("It can't connect", cause);
  attempt("refused");
  attempt("refused");
  attempt("timed out");
  attempt("timed out");
  causes.clear();
  attempt("timed out");
  now = 600_000;
  attempt("timed out");
  assert.deepEqual(told, [
    "It can't connect: refused. It keeps trying",
    "It can't connect: timed out. It keeps trying",
    "It can't connect: timed out. It keeps trying",
    "It can't connect: timed out. It keeps trying",
  ]);
});

test("a network that is not up yet is no news in the first seconds, and is news afterwards", () => {
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  let now = 1_000;
  const causes = new CauseLog({ info: note, warning: note, error: note, debug: () => undefined }, () => now);
  const cause = "the server's network can't be reached. Cure: check the cable (ENETUNREACH)";
  causes.tell("OPC UA Client can't connect", cause);
  assert.deepEqual(lines, []);
  assert.equal(causes.isNetworkStarting(cause), true);
  causes.tell("OPC UA Client can't connect", "the server refuses the connection (ECONNREFUSED)");
  assert.equal(lines.length, 1);
  now += 15_000;
  assert.equal(causes.isNetworkStarting(cause), false);
  causes.tell("OPC UA Client can't connect", cause);
  assert.deepEqual(lines.slice(1), [`OPC UA Client can't connect: ${cause}. It keeps trying`]);
});
