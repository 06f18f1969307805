/** The serial console (R148–R152): what is understood, that nothing else is, and that log and console share a line. */
import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { consoleCell } from "../../app/cells/console/cell.ts";
import { answer, type Moment } from "../../app/cells/console/command.ts";
import { LineEditor } from "../../app/cells/console/line-editor.ts";
import { ConsoleScreen } from "../../app/cells/log/console-screen.ts";
import { SerialOutput } from "../../app/cells/log/serial.ts";
import { keepZone } from "../../app/cells/log/zone-keeper.ts";
import { isSettable } from "../../app/link/clock.ts";
import {
  type ConsoleMessage,
  formatConsoleMessage,
  parseConsoleMessage,
} from "../../app/link/console-message.ts";
import { formatStatus, LineSplitter, parseStatus, type Status } from "../../app/link/status.ts";
import { formatZone, MAX_ZONE, MIN_ZONE, parseZone, readZoneFile, zoneOfFile } from "../../app/link/zone.ts";
import { platform } from "../../app/supervisor/platform-node.ts";
import { withFolder } from "./app-folder.ts";

/** 23:30:15 on the last day of the year where the operator is, 18:00:15 UTC. */
const MOMENT: Moment = { now: new Date("2026-12-31T18:00:15.500Z"), zone: 330 };
const at = (text: string): number => Date.parse(text) / 1000;

/** The one request of a line that is understood without an answer. */
function request(line: string, moment = MOMENT): unknown {
  const reply = answer(line, moment);
  assert.deepEqual(reply.answers, [], line);
  return reply.request;
}

/** The one answer of a line that asks for nothing. */
function said(line: string, moment = MOMENT): string {
  const reply = answer(line, moment);
  assert.equal(reply.request, null, line);
  assert.equal(reply.answers.length, 1, line);
  return reply.answers[0] ?? "";
}

test("time, date and timezone print what the operator's clock on the wall says (R148–R150)", () => {
  assert.equal(said("time"), "23:30:15 (UTC+05:30)");
  assert.equal(said("date"), "12/31/2026");
  assert.equal(said("timezone"), "UTC+05:30");
  assert.equal(said("  time  "), "23:30:15 (UTC+05:30)");
  const west = { now: new Date("2026-03-01T02:00:00Z"), zone: -570 };
  assert.deepEqual(
    ["time", "date", "timezone"].map((line) => said(line, west)),
    ["16:30:00 (UTC-09:30)", "02/28/2026", "UTC-09:30"],
  );
});

test("time and date set one half of the clock and leave the other as it is (R148, R150)", () => {
  assert.deepEqual(request("time 00:00:01"), { kind: "clock", seconds: at("2026-12-30T18:30:01Z") });
  assert.deepEqual(request("time 9:05:07"), { kind: "clock", seconds: at("2026-12-31T03:35:07Z") });
  assert.deepEqual(request("date 02/29/2028"), { kind: "clock", seconds: at("2028-02-29T18:00:15Z") });
  assert.deepEqual(request("date 1/1/2027"), { kind: "clock", seconds: at("2027-01-01T18:00:15Z") });
});

test("timezone -s sets the offset, east and west of Greenwich (R149)", () => {
  const zones = { "03:00": 180, "+5:45": 345, "-09:30": -570, "14:00": 840, "-12:00": -720, "-00:00": 0 };
  for (const [text, minutes] of Object.entries(zones))
    assert.deepEqual(request(`timezone -s ${text}`), { kind: "zone", minutes });
});

test("status shows the time and asks for the vitals; help lists every command", () => {
  assert.deepEqual(answer("status", MOMENT), {
    answers: ["12/31/2026 23:30:15 (UTC+05:30)"],
    request: { kind: "vitals" },
  });
  const { answers } = answer("help", MOMENT);
  for (const command of ["time hh:mm:ss", "date mm/dd/yyyy", "timezone -s hh:mm", "status", "help"])
    assert.ok(answers.some((line) => line.startsWith(command)));
});

test("wrong input gets one line that says what was expected", () => {
  const wrong: Record<string, readonly string[]> = {
    "Expected: time hh:mm:ss, from 00:00:00 to 23:59:59": [
      ...["time 24:00:00", "time 12:60:00", "time 12:00", "time 12:00:60", "time noon", "time 1:2:3"],
      ...["time 12:00:00 pm", "time -1:00:00", "time 12:00:00.5"],
    ],
    "Expected: date mm/dd/yyyy, a day of the years 2020 to 2069": [
      ...["date 02/30/2027", "date 13/01/2027", "date 00/01/2027", "date 2027-01-01", "date 01/01/27"],
      ...["date 12/31/2019", "date 01/02/2070", "date 31/12/2026", "date 01/01/2027 12:00:00", "date now"],
    ],
    "Expected: timezone -s hh:mm, ahead of UTC, from -12:00 to 14:00": [
      ...["timezone 03:00", "timezone -s", "timezone -s 15:00", "timezone -s -12:01", "timezone -s 3"],
      ...["timezone -s 03:60", "timezone -l", "timezone -s 03:00 -b", "timezone -s Moscow"],
    ],
    "Unknown command. There are: time, date, timezone, status, help": [
      "sh",
      "TIME",
      "reboot",
      "?",
      "time;sh",
      "exit 0",
    ],
    "Expected: status, with nothing behind it": ["status all"],
    "Expected: help, with nothing behind it": ["help time"],
    "Type help for the list of commands": ["", "   "],
  };
  for (const [expected, lines] of Object.entries(wrong))
    for (const line of lines) assert.ok(said(line).startsWith(expected), `${line}: ${said(line)}`);
  const unset = { now: new Date("1999-01-01T00:00:00Z"), zone: 0 };
  assert.match(said("time 12:00:00", unset), /^The date is 01\/01\/1999: set it first\. Expected: date mm/);
  assert.deepEqual(request("date 05/06/2027", unset), { kind: "clock", seconds: at("2027-05-06T00:00:00Z") });
});

test("no input whatever makes anything but the allowed requests, and every answer can be shown", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "time",
      "date",
      "timezone",
      "-s",
      "status",
      "help",
      "23:59:59",
      "12/31/2069",
      "-12:00",
      "14:00",
    ),
    fc.string({ unit: "binary-ascii", maxLength: 12 }),
    fc.stringMatching(/^[0-9:/+-]{1,12}$/),
  );
  const line = fc.array(word, { maxLength: 4 }).map((words) => words.join(" "));
  const moment = fc.record({
    now: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("2099-12-31T23:59:59Z") }),
    zone: fc.integer({ min: MIN_ZONE, max: MAX_ZONE }),
  });
  fc.assert(
    fc.property(line, moment, (text, when) => {
      const reply = answer(text, when);
      for (const shown of reply.answers) {
        const message: ConsoleMessage = { kind: "answer", text: shown };
        assert.deepEqual(parseConsoleMessage(formatConsoleMessage(message).trimEnd()), message);
      }
      const asked = reply.request;
      if (asked === null) assert.ok(reply.answers.length > 0, "silence is no answer");
      else if (asked.kind === "clock") {
        assert.ok(isSettable(asked.seconds));
        assert.deepEqual(parseStatus(formatStatus(asked).trimEnd()), asked);
      } else if (asked.kind === "zone") {
        assert.deepEqual(parseConsoleMessage(formatConsoleMessage(asked).trimEnd()), asked);
      } else assert.deepEqual(asked, { kind: "vitals" });
    }),
    { numRuns: 2000 },
  );
});

/** Everything that an editor makes of these bytes: complete lines, and what is left. */
function typed(...chunks: (string | Uint8Array)[]): { lines: (string | null)[]; rest: string } {
  const lines: (string | null)[] = [];
  const editor = new LineEditor((line) => lines.push(line));
  for (const chunk of chunks) editor.push(Buffer.from(chunk));
  return { lines, rest: editor.text };
}

test("what is typed: Enter in all its forms, erasing, nothing that steers a terminal", () => {
  assert.deepEqual(typed("time\r", "date\n", "help\r\n", "sta"), {
    lines: ["time", "date", "help"],
    rest: "sta",
  });
  assert.deepEqual(typed("help\r", "\ndate\r"), { lines: ["help", "date"], rest: "" });
  assert.deepEqual(typed("\r\r"), { lines: ["", ""], rest: "" });
  assert.deepEqual(typed("\b\x7ftimx\x7fe\b\be\b\r"), { lines: ["ti"], rest: "" });
  assert.deepEqual(typed("rubbish\x03time\x15date\r").lines, ["date"]);
  // Cursor keys, a function key, erasing the screen, a sequence cut off by Enter.
  assert.deepEqual(typed("ti\x1b[Am\x1bOPe\x1b[2J\x1bc\r", "da\x1b[3", "1mte\x1b[\r").lines, [
    "time",
    "date",
  ]);
  assert.deepEqual(typed("ti\x00\x04\x13\x1a\x9b\xfft", new Uint8Array([0xff, 0x80]), "\r").lines, ["tit"]);
  assert.deepEqual(typed("x".repeat(64), "\r").lines, ["x".repeat(64)]);
  assert.deepEqual(typed("x".repeat(65), "\r", "time\r").lines, [null, "time"]);
  assert.deepEqual(typed("x".repeat(65), "\b\r").lines, [null], "what was cut off is not known any more");
});

test("any bytes give lines of at most 64 printable characters, however they are cut into pieces", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (chunks) => {
      const whole = typed(Buffer.concat(chunks));
      assert.deepEqual(typed(...chunks), whole);
      for (const line of [...whole.lines, whole.rest]) if (line !== null) assert.match(line, /^[ -~]{0,64}$/);
    }),
  );
});

test("messages from the console are taken in exactly these forms", () => {
  const messages: ConsoleMessage[] = [
    { kind: "typed", text: "" },
    { kind: "typed", text: " time " },
    { kind: "entered" },
    { kind: "answer", text: "UTC+00:00" },
    { kind: "zone", minutes: -570 },
  ];
  for (const message of messages)
    assert.deepEqual(parseConsoleMessage(formatConsoleMessage(message).slice(0, -1)), message);
  for (const line of [
    ...[
      "",
      "typed",
      "answer ",
      "entered ",
      "zone",
      "zone 0000",
      "zone +1401",
      "zone -1201",
      "zone +0060",
      "zone +00000",
    ],
    ...[
      "typed \x1b[2J",
      `typed ${"x".repeat(65)}`,
      `answer ${"x".repeat(201)}`,
      "answer a\x07",
      "answer \x9b2J",
    ],
  ])
    assert.equal(parseConsoleMessage(line), null, line);
});

test("the supervisor takes a time only within the settable years", () => {
  for (const line of [
    "clock 0",
    "clock 1577836799",
    "clock 3155760000",
    "clock -1",
    "clock 1.8e9",
    "clock 1800000000 ",
    "clock",
    "clock 99999999999",
    "clock 01800000000x",
  ])
    assert.equal(parseStatus(line), null, line);
  assert.deepEqual(parseStatus("clock 1800000000"), { kind: "clock", seconds: 1_800_000_000 });
  assert.deepEqual(parseStatus("vitals"), { kind: "vitals" });
});

test("the zone is kept in a file and UTC is assumed when it says nothing of use (R149)", (t) =>
  withFolder(t, (folder) => {
    const kept = (): number => zoneOfFile(readZoneFile(folder));
    assert.equal(kept(), 0);
    for (const zone of [MIN_ZONE, -30, 0, 345, MAX_ZONE]) {
      keepZone(folder, zone);
      assert.equal(kept(), zone);
      assert.equal(parseZone(formatZone(zone)), zone);
    }
    assert.equal(readFileSync(join(folder, ".timezone"), "latin1"), "+1400\n");
    for (const text of ["", "Europe/Moscow", "+9999", "0300", "+0300 +0400", "x".repeat(10_000)]) {
      writeFileSync(join(folder, ".timezone"), text);
      assert.equal(kept(), 0, text);
    }
    assert.throws(() => keepZone(join(folder, "missing"), 0), { code: "ENOENT" });
  }));

test("log lines and what is being typed share the line without mixing", (t) =>
  withFolder(t, (folder) => {
    const file = join(folder, "serial");
    const fd = openSync(file, "w");
    const screen = new ConsoleScreen(
      new SerialOutput(platform, fd, (error) => {
        throw error;
      }),
    );
    screen.log("first\n");
    screen.show({ kind: "typed", text: "ti" });
    screen.show({ kind: "typed", text: "tim" });
    screen.log("second\n");
    screen.show({ kind: "typed", text: "ti" });
    screen.show({ kind: "typed", text: "time" });
    screen.show({ kind: "entered" });
    screen.show({ kind: "answer", text: "12:00:00" });
    screen.show({ kind: "typed", text: "" });
    screen.log("third\n");
    closeSync(fd);
    assert.equal(
      readFileSync(file, "latin1"),
      "first\n> tim\r     \rsecond\n> tim\r     \r> time\n12:00:00\nthird\n",
    );
  }));

/** What the cell says to the log cell and to the supervisor when this is typed. */
async function converse(
  root: string,
  input: string,
  answers: number,
): Promise<{ screen: string[]; asked: Status[] }> {
  const [serial, screen] = [platform.pipe(), platform.pipe()];
  const asked: Status[] = [];
  const opened: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(end: T): T => {
    opened.push(end);
    return end;
  };
  const never = (): void => undefined;
  consoleCell.prepare({ root, onDevice: false, uid: 0, again: false })({
    platform: {
      ...platform,
      reader: (...args) => keep(platform.reader(...args)),
      writer: (...args) => keep(platform.writer(...args)),
    },
    log: { info: never, warning: never, error: never, debug: () => undefined, useDebug: never },
    descriptors: [serial.readFd, screen.writeFd],
    report: (status) => void asked.push(status),
    onGo: never,
    onNetwork: never,
    onLook: never,
    openWay: () => Promise.resolve(),
    onStop: never,
  });
  const shown: string[] = [];
  const lines = new LineSplitter();
  await new Promise<void>((resolve, reject) => {
    const reader = platform.reader(
      screen.readFd,
      (chunk) =>
        lines.push(chunk, (line) => {
          if (!line.toString().startsWith("typed")) shown.push(line.toString());
          if (shown.filter((text) => text === "entered").length === answers) setImmediate(resolve);
        }),
      (error) => reject(error ?? new Error("the cell has gone")),
    );
    keep(reader);
    writeSync(serial.writeFd, input);
  });
  for (const end of opened) end.close();
  closeSync(serial.writeFd);
  return { screen: shown, asked };
}

test("the cell hands requests on, knows what it has asked for, and does not let itself be rushed", (t) =>
  withFolder(t, async (folder) => {
    mkdirSync(join(folder, "HW-LOG/logs"), { recursive: true });
    keepZone(join(folder, "HW-LOG/logs"), 60);
    const day = await converse(folder, "date 02/03/2040\rtime 04:05:06\rdate\rtimezone -s -01:00\rtime\r", 5);
    const set = Date.UTC(2040, 1, 3, 3, 5, 6) / 1000;
    assert.equal(day.asked.length, 3, "started, date, time");
    assert.deepEqual(day.asked[2], { kind: "clock", seconds: set });
    assert.ok(day.screen.includes("answer 02/03/2040"));
    assert.ok(day.screen.includes("zone -0100"));
    assert.match(day.screen.at(-1) ?? "", /^answer 02:05:0[67] \(UTC-01:00\)$/);

    const rush = await converse(folder, "status\r".repeat(20), 20);
    assert.equal(rush.asked.filter(({ kind }) => kind === "vitals").length, 8);
    assert.equal(
      rush.screen.filter((line) => line.startsWith("answer Too fast: nothing was done.")).length,
      12,
    );
  }));
