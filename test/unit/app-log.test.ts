/** The health log on HW-LOG (R153–R167): limits, order, whole lines, full disks; and what a line looks like. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { HealthLog } from "../../app/cells/log/health-log.ts";
import { formatLine } from "../../app/cells/log/line.ts";
import { stamp } from "../../app/cells/log/stamp.ts";
import { parseLogSettings } from "../../app/config/log-settings.ts";
import { withFolder } from "./app-folder.ts";

const TIME = new Date("2026-11-22T21:00:00.007Z");

/** Log files, oldest first. */
function files(folder: string): { name: string; text: string }[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith("health-"))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}
const total = (folder: string): number =>
  files(folder).reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
const open = (directory: string, fileBytes: number, directoryBytes: number): HealthLog =>
  new HealthLog({ directory, limits: { fileBytes, directoryBytes }, now: () => TIME });
const line = (text: string): Buffer => Buffer.from(`${text}\n`);

test("lines go to one file until the limit would be exceeded, then whole to a new one (R158, R159)", (t) =>
  withFolder(t, (folder) => {
    const log = open(folder, 10, 1000);
    for (const text of ["1234", "6789", "b", "cdefgh"]) assert.equal(log.append(line(text)), true);
    log.close();
    assert.deepEqual(
      files(folder).map(({ text }) => text),
      ["1234\n6789\n", "b\ncdefgh\n"],
    );
  }));

test("the directory limit deletes the oldest, as many as needed (R160–R162)", (t) =>
  withFolder(t, (folder) => {
    const log = open(folder, 10, 25);
    for (const text of ["aaaaaaaa", "bbbbbbbb", "ccccc", "d", "eeeeeeeee"])
      assert.equal(log.append(line(text)), true);
    log.close();
    // 9 + 9 + 6, then "d" fits the third file and makes 26: the oldest goes. "e" needs a new file.
    assert.deepEqual(
      files(folder).map(({ text }) => text),
      ["ccccc\nd\n", "eeeeeeeee\n"],
    );
  }));

test("only the directory limit is exceeded: the line goes to the current file (R161)", (t) =>
  withFolder(t, (folder) => {
    const log = open(folder, 12, 20);
    for (const text of ["aaaaaaaaaaa", "bbbbb", "ccccc"]) log.append(line(text));
    log.close();
    assert.deepEqual(
      files(folder).map(({ text }) => text),
      ["bbbbb\nccccc\n"],
    );
  }));

test("the current file is the only one and the directory is full: it makes room for a new one (R167)", (t) =>
  withFolder(t, (folder) => {
    const log = open(folder, 100, 20);
    for (const text of ["aaaaaaaaaaaaaaa", "bbbbbbbbbb"]) assert.equal(log.append(line(text)), true);
    log.close();
    assert.deepEqual(
      files(folder).map(({ text }) => text),
      ["bbbbbbbbbb\n"],
    );
  }));

test("a line longer than a file may be has a file of its own, whole (R159, R167)", (t) =>
  withFolder(t, (folder) => {
    const log = open(folder, 10, 100);
    for (const text of ["a", "long ".repeat(6), "b"]) assert.equal(log.append(line(text)), true);
    log.close();
    assert.deepEqual(
      files(folder).map(({ text }) => text),
      ["a\n", `${"long ".repeat(6)}\n`, "b\n"],
    );
  }));

test("a line that no room can be made for is not written, and deletes nothing", (t) =>
  withFolder(t, (folder) => {
    const log = open(folder, 10, 20);
    log.append(line("kept"));
    assert.equal(log.append(line("x".repeat(30))), false);
    log.close();
    assert.deepEqual(
      files(folder).map(({ text }) => text),
      ["kept\n"],
    );
  }));

test("each start begins a new file, and older files count and go first (R163)", (t) =>
  withFolder(t, (folder) => {
    for (const text of ["first", "second", "third"]) {
      const log = open(folder, 100, 14);
      log.append(line(text));
      log.close();
    }
    assert.deepEqual(
      files(folder).map(({ text }) => text),
      ["second\n", "third\n"],
    );
    assert.match(files(folder)[0]?.name ?? "", /^health-00000002-20261122T210000Z\.log$/);
  }));

test("names sort by age even when the clock runs backwards (R166)", (t) =>
  withFolder(t, (folder) => {
    for (const [index, time] of ["2026-01-01", "2001-01-01", "2030-01-01"].entries()) {
      const limits = { fileBytes: 100, directoryBytes: 1000 };
      const log = new HealthLog({ directory: folder, limits, now: () => new Date(`${time}T00:00:00Z`) });
      log.append(line(String(index)));
      log.close();
    }
    assert.deepEqual(
      files(folder).map(({ text }) => text),
      ["0\n", "1\n", "2\n"],
    );
  }));

test("foreign files and the settings are neither counted nor touched (R167)", (t) =>
  withFolder(t, (folder) => {
    writeFileSync(join(folder, ".log"), "x".repeat(500));
    writeFileSync(join(folder, "notes.txt"), "y".repeat(500));
    const log = open(folder, 10, 20);
    for (let count = 0; count < 20; count += 1) log.append(line("zzzzzz"));
    log.close();
    assert.equal(statSync(join(folder, ".log")).size, 500);
    assert.equal(statSync(join(folder, "notes.txt")).size, 500);
  }));

test("whatever is written: limits hold, no line is split, what is left is the end of what was said", (t) =>
  withFolder(t, (folder) => {
    let run = 0;
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 });
    const starts = fc.array(fc.integer({ min: 0, max: 59 }), { maxLength: 3 });
    fc.assert(
      fc.property(
        lengths,
        starts,
        fc.integer({ min: 5, max: 60 }),
        fc.integer({ min: 60, max: 200 }),
        (sizes, restarts, fileBytes, directoryBytes) => {
          run += 1;
          const directory = join(folder, String(run));
          mkdirSync(directory);
          let log = open(directory, fileBytes, directoryBytes);
          const said = sizes.map((size, index) => `${index}:${"x".repeat(size)}`);
          said.forEach((text, index) => {
            if (restarts.includes(index)) {
              log.close();
              log = open(directory, fileBytes, directoryBytes);
            }
            assert.equal(log.append(line(text)), true);
            assert.ok(total(directory) <= directoryBytes);
          });
          log.close();
          const kept = files(directory).map(({ text }) => text);
          for (const text of kept)
            assert.ok(text.length <= fileBytes || text.indexOf("\n") === text.length - 1);
          const lines = kept.join("").split("\n").slice(0, -1);
          assert.deepEqual(lines, said.slice(said.length - lines.length));
        },
      ),
      { numRuns: 150 },
    );
  }));

/** R158–R163 in the simplest words there are: texts in a list. */
class Model {
  files: string[] = [];
  #open = false;
  readonly #fileBytes: number;
  readonly #directoryBytes: number;

  constructor(fileBytes: number, directoryBytes: number) {
    this.#fileBytes = fileBytes;
    this.#directoryBytes = directoryBytes;
  }

  start(): void {
    this.#open = false;
  }

  write(text: string): void {
    const tooLong = () => this.files.join("").length + text.length > this.#directoryBytes;
    const current = this.files.at(-1) ?? "";
    if (current !== "" && current.length + text.length > this.#fileBytes) this.#open = false;
    while (tooLong()) {
      this.files.shift();
      if (this.files.length === 0) this.#open = false;
    }
    if (!this.#open) this.files.push("");
    this.#open = true;
    this.files[this.files.length - 1] += text;
  }
}

test("whatever is written, the files are those of the six rules (R158–R163, R167)", (t) =>
  withFolder(t, (folder) => {
    let run = 0;
    const step = fc.oneof(
      { weight: 12, arbitrary: fc.integer({ min: 1, max: 40 }) },
      { weight: 1, arbitrary: fc.constant("start" as const) },
      { weight: 1, arbitrary: fc.constant("flush" as const) },
    );
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        // Also a directory that is smaller than a file may be.
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 45, max: 200 }),
        (steps, fileBytes, directoryBytes) => {
          run += 1;
          const directory = join(folder, String(run));
          mkdirSync(directory);
          const model = new Model(fileBytes, directoryBytes);
          let log = open(directory, fileBytes, directoryBytes);
          steps.forEach((what, index) => {
            if (what === "start") {
              log.close();
              log = open(directory, fileBytes, directoryBytes);
              model.start();
            } else if (what === "flush") log.flush();
            else {
              const text = `${index}:${"x".repeat(what)}`;
              assert.equal(log.append(line(text)), true);
              model.write(`${text}\n`);
              assert.ok(total(directory) <= directoryBytes);
            }
          });
          log.close();
          assert.deepEqual(
            files(directory).map(({ text }) => text),
            model.files,
          );
        },
      ),
      { numRuns: 300 },
    );
  }));

test("`.log`: one Key=Value per line, in any order, with any line ends (R154–R156)", () => {
  const limits = { fileBytes: 100000000, directoryBytes: 1500000000 };
  assert.deepEqual(parseLogSettings("LogFileSizeLimit=100000000\nDirectorySizeLimit=1500000000\n"), limits);
  assert.deepEqual(
    parseLogSettings("# note\r\n\r\n DirectorySizeLimit = 1500000000\r\nLogFileSizeLimit=100000000"),
    limits,
  );
});

test("`.log` with a limit that is none: no log, and the line says why (R167)", () => {
  const faulty = (text: string, message: RegExp) => assert.throws(() => parseLogSettings(text), message);
  faulty(
    "",
    /^Error: HW-LOG:\/logs\/\.log: LogFileSizeLimit is missing; no health log is written\. Cure: write LogFileSizeLimit=/,
  );
  faulty("LogFileSizeLimit=10\n", /DirectorySizeLimit is missing/);
  for (const value of ["0", "-5", "1e6", "100 MB", "", "0x10", "1".repeat(20)]) {
    faulty(
      `LogFileSizeLimit=10\nDirectorySizeLimit=${value}`,
      /line 2, column 1: DirectorySizeLimit must be a positive number of bytes/,
    );
  }
});

test("the time stamp of R145 (R145)", () => {
  assert.equal(stamp(TIME, 0), "[2026-11-22 21:00:00.007 (UTC+0000)]");
  assert.equal(stamp(new Date(Date.UTC(2001, 0, 2, 3, 4, 5, 60)), 0), "[2001-01-02 03:04:05.060 (UTC+0000)]");
  // R149: the zone's own time, with its offset.
  assert.equal(stamp(TIME, 330), "[2026-11-23 02:30:00.007 (UTC+0530)]");
  assert.equal(stamp(TIME, -570), "[2026-11-22 11:30:00.007 (UTC-0930)]");
});

test("a line of the log is one line, stamped and levelled, whatever a cell wrote", () => {
  const format = (text: string | Buffer) =>
    formatLine({ raw: Buffer.from(text), source: "mqtt", time: TIME, zone: 0 });
  assert.equal(format("Info: hello"), "[2026-11-22 21:00:00.007 (UTC+0000)] Info: hello\n");
  assert.equal(format("TypeError: x"), "[2026-11-22 21:00:00.007 (UTC+0000)] Warning: [mqtt] TypeError: x\n");
  assert.equal(
    format("Error: a\u001b[31mb\rc\u0085d"),
    "[2026-11-22 21:00:00.007 (UTC+0000)] Error: a [31mb c d\n",
  );
  // What looks like a new line, and what makes a text read backwards or hides in it.
  assert.equal(
    format("Info: a\u2028b\u2029c\u202eevil\u2066x\u200f\u061cy\ufeffz"),
    "[2026-11-22 21:00:00.007 (UTC+0000)] Info: a b c evil x y z\n",
  );
  assert.equal(format(""), null);
  assert.equal(format(" \r"), null);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = formatLine({ raw: Buffer.from(bytes), source: "s", time: TIME, zone: 0 });
      if (text !== null)
        assert.match(
          text,
          /^\[[-0-9: .]+\(UTC\+0000\)\] (?:Info|Warning|Error): [^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+\n$/,
        );
    }),
  );
});
