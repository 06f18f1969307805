/** The health log on a card that is full, fails, or goes and comes back: no line is lost while memory lasts. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CardLog } from "../../app/cells/log/card-log.ts";
import { HealthLog } from "../../app/cells/log/health-log.ts";
import { readRawFile } from "../../app/config/raw-files.ts";
import { withFolder } from "./app-folder.ts";
import { until } from "./app-until.ts";

const line = (text: string): Buffer => Buffer.from(`${text}\n`);
const LIMITS = "LogFileSizeLimit=100000\nDirectorySizeLimit=1000000\n";
const needsRoot = process.getuid?.() !== 0 && "mounting needs root";

/** Whole files, oldest first. */
function texts(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith("health-"))
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8"));
}

interface Site {
  readonly directory: string;
  readonly said: string[];
  readonly card: CardLog;
}

function site(directory: string, settings: string | null = LIMITS): Site {
  if (!existsSync(directory)) mkdirSync(directory);
  if (settings !== null) writeFileSync(join(directory, ".log"), settings);
  const said: string[] = [];
  const card = new CardLog({
    directory,
    settings: readRawFile(join(directory, ".log"), 10_000),
    say(text) {
      said.push(text);
      return line(text);
    },
  });
  return { directory, said, card };
}

/** The descriptor of the log file goes bad, as that of a file on a card that was pulled out. */
function breakDescriptor(directory: string): void {
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${directory}/health-`)) closeSync(Number(fd));
    } catch (error) {
      // The descriptor that lists the others is gone by now.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

function pull({ directory }: Site): void {
  breakDescriptor(directory);
  renameSync(directory, `${directory}-away`);
}

function putBack({ directory }: Site): void {
  renameSync(`${directory}-away`, directory);
}

test("lines of the time without card come after the return, in a new file, each once (R153, R163)", (t) =>
  withFolder(t, (folder) => {
    const now = site(join(folder, "logs"));
    now.card.append(line("safe"));
    now.card.tick();
    // In the file, but not safe: it must be neither lost nor doubled.
    now.card.append(line("unsafe"));
    pull(now);
    now.card.append(line("noticed"));
    for (let second = 0; second < 30; second += 1) {
      now.card.append(line(`away ${second}`));
      now.card.tick();
    }
    putBack(now);
    now.card.append(line("back"));
    now.card.tick();
    now.card.append(line("after"));
    now.card.close();
    const away = Array.from({ length: 30 }, (_, second) => `away ${second}\n`).join("");
    assert.deepEqual(texts(now.directory), ["safe\n", `unsafe\nnoticed\n${away}back\nafter\n`]);
    assert.deepEqual(now.said, [], "the supervisor says what happened to the card");
  }));

test("a file that has nothing safe yet is made anew after the return", (t) =>
  withFolder(t, (folder) => {
    const now = site(join(folder, "logs"));
    now.card.append(line("first"));
    pull(now);
    now.card.tick();
    now.card.append(line("second"));
    putBack(now);
    now.card.tick();
    now.card.close();
    assert.deepEqual(texts(now.directory), ["first\nsecond\n"]);
  }));

test("what finds no room in memory while the card is away is counted, the oldest goes", (t) =>
  withFolder(t, (folder) => {
    const now = site(join(folder, "logs"));
    now.card.append(line("safe"));
    now.card.tick();
    pull(now);
    const count = 400;
    for (let index = 0; index < count; index += 1) now.card.append(line(`${index} ${"x".repeat(1000)}`));
    putBack(now);
    now.card.tick();
    now.card.close();
    const kept = texts(now.directory).join("").split("\n").slice(0, -1);
    const first = Number(kept[2]?.split(" ")[0]);
    assert.deepEqual(
      kept.slice(2).map((text) => Number(text.split(" ")[0])),
      Array.from({ length: count - first }, (_, index) => first + index),
    );
    assert.ok(first > 100 && first < 200, `${first} of ${count} lines were dropped`);
    assert.equal(
      kept[1],
      `Warning: [LOG] ${first} lines are missing from the health log: they came while it could not be written and found no room in memory`,
    );
    assert.deepEqual(now.said, [kept[1]]);
  }));

test("another card that wants no log gets none; one that wants it has the lines (R157)", (t) =>
  withFolder(t, (folder) => {
    const now = site(join(folder, "logs"));
    now.card.append(line("on the first card"));
    now.card.tick();
    pull(now);
    now.card.append(line("away"));
    mkdirSync(now.directory);
    now.card.tick();
    now.card.append(line("more"));
    now.card.tick();
    assert.deepEqual(texts(now.directory), []);
    rmSync(now.directory, { recursive: true });
    putBack(now);
    now.card.tick();
    now.card.close();
    assert.deepEqual(texts(now.directory), ["on the first card\n", "away\nmore\n"]);
  }));

test("without `.log` nothing is written and nothing is kept; with one that is faulty one line says so (R157, R167)", (t) =>
  withFolder(t, (folder) => {
    const none = site(join(folder, "none"), null);
    none.card.append(line("nobody wants this"));
    none.card.tick();
    none.card.close();
    assert.deepEqual(readdirSync(none.directory), []);
    // A card that was put back with settings.
    writeFileSync(join(none.directory, ".log"), LIMITS);
    none.card.tick();
    none.card.append(line("this"));
    none.card.close();
    assert.deepEqual(texts(none.directory), ["this\n"]);

    const faulty = site(join(folder, "faulty"), "LogFileSizeLimit=many\nDirectorySizeLimit=10\n");
    for (let second = 0; second < 200; second += 1) faulty.card.tick();
    faulty.card.append(line("x"));
    faulty.card.close();
    assert.equal(faulty.said.length, 1);
    assert.match(
      faulty.said[0] ?? "",
      /^Error: HW-LOG:\/logs\/\.log, line 1, .*LogFileSizeLimit must be a positive number/,
    );
    assert.deepEqual(texts(faulty.directory), []);
  }));

/** A file system of a few kilobytes. */
async function withDisk(
  t: TestContext,
  kilobytes: number,
  body: (disk: string) => Promise<void> | void,
): Promise<void> {
  await withFolder(t, async (folder) => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", disk]);
    try {
      await body(disk);
    } finally {
      execFileSync("umount", [disk]);
    }
  });
}

test(
  "a limit beyond the partition's room is clamped to it, and one line says so (L24, R164)",
  {
    skip: needsRoot,
  },
  (t) =>
    withDisk(t, 512, (disk) => {
      const now = site(disk, "LogFileSizeLimit=50000\nDirectorySizeLimit=1500000000\n");
      const said = Array.from({ length: 2000 }, (_, index) => `${index} ${"y".repeat(490)}`);
      for (const text of said) now.card.append(line(text));
      now.card.close();
      assert.equal(now.said.length, 1);
      const limit = Number(
        /^Warning: \[LOG\] HW-LOG:\/logs\/\.log: DirectorySizeLimit is 1500000000, but HW-LOG has room for less; the health log keeps to ([0-9]+) bytes$/.exec(
          now.said[0] ?? "",
        )?.[1],
      );
      const kept = texts(disk);
      const bytes = kept.reduce((sum, text) => sum + text.length, 0);
      assert.ok(bytes <= limit && limit < 512 * 1024 && bytes > 400_000, `${bytes} of ${limit}`);
      const lines = kept.join("").split("\n").slice(0, -1);
      assert.deepEqual(lines, said.slice(said.length - lines.length));
    }),
);

test("a disk that others fill is treated like a full directory (L24)", { skip: needsRoot }, (t) =>
  withDisk(t, 256, (disk) => {
    const log = new HealthLog({
      directory: disk,
      limits: { fileBytes: 10_000, directoryBytes: 1_000_000 },
    });
    const said = Array.from({ length: 300 }, (_, index) => `${index} ${"y".repeat(990)}`);
    for (const text of said.slice(0, 20)) assert.equal(log.append(line(text)), true);
    // Everything that is left, which no limit knows of.
    assert.throws(() => writeFileSync(join(disk, "foreign"), Buffer.alloc(512 * 1024)), /ENOSPC/);
    for (const text of said.slice(20)) assert.equal(log.append(line(text)), true);
    log.close();
    const kept = texts(disk).join("").split("\n").slice(0, -1);
    assert.ok(kept.length >= 10, `${kept.length} lines kept`);
    assert.deepEqual(kept, said.slice(said.length - kept.length));
  }),
);

const NO_ROOM =
  "Error: HW-LOG:/logs: lines are missing from the health log: there is no room, even without its old files. Cure: delete other files from HW-LOG, or raise DirectorySizeLimit";
const missed = (count: number): string =>
  `Warning: [LOG] ${count} lines are missing from the health log: there was no room for them on HW-LOG. Cure: delete other files from HW-LOG, or raise DirectorySizeLimit`;
/** Frees what nobody holds any more. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

/** More ticks than a shortage is over after. */
const QUIET_TICKS = 100;

test("lines that there is no room for, even without old files: one line at the start, their count at the end, and so every time (L24)", (t) =>
  withFolder(t, (folder) => {
    const now = site(join(folder, "logs"), "LogFileSizeLimit=1000\nDirectorySizeLimit=3000\n");
    const rest = (): void => {
      for (let second = 0; second < QUIET_TICKS; second += 1) now.card.tick();
    };
    for (const text of ["a", "y".repeat(4000), "b", "y".repeat(5000), "c"]) now.card.append(line(text));
    now.card.tick();
    assert.deepEqual(now.said, [NO_ROOM]);
    rest();
    assert.deepEqual(now.said, [NO_ROOM, missed(2)]);
    rest();
    now.card.append(line("y".repeat(4000)));
    rest();
    now.card.append(line("d"));
    now.card.close();
    assert.deepEqual(now.said, [NO_ROOM, missed(2), NO_ROOM, missed(1)]);
    assert.deepEqual(texts(now.directory).join("").split("\n").slice(0, -1), [
      ...["a", NO_ROOM, "b", "c", missed(2), NO_ROOM, missed(1), "d"],
    ]);
  }));

test("lines that find no room are not kept in memory for ever, whether a file is open or not (L24)", (t) =>
  withFolder(t, async (folder) => {
    // No line fits: there is never a file.
    const limits = { fileBytes: 10, directoryBytes: 10 };
    let safe = 0;
    const log = new HealthLog({ directory: folder, limits, onSafe: () => (safe += 1) });
    assert.equal(log.append(line("longer than that")), false);
    log.flush();
    assert.equal(safe, 1, "what was refused is let go");
    assert.equal(log.append(line("short")), true);
    log.flush();
    assert.equal(log.append(line("longer than that")), false);
    log.flush();
    log.close();
    assert.ok(safe >= 3, `${safe}`);

    const now = site(join(folder, "logs"), "LogFileSizeLimit=10\nDirectorySizeLimit=10\n");
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    for (let index = 0; index < 5_000; index += 1) now.card.append(Buffer.alloc(4096, "y"));
    assert.deepEqual(now.said, [NO_ROOM]);
    // The engine gives the memory of buffers back at its leisure: of 20 MB less than one is left, in the end.
    await until(() => {
      collectGarbage();
      return process.memoryUsage().arrayBuffers - before < 1024 * 1024;
    });
    now.card.close();
  }));

test(
  "a card that was full at the start is written as soon as there is room (L24)",
  { skip: needsRoot },
  (t) =>
    withDisk(t, 256, (disk) => {
      writeFileSync(join(disk, ".log"), LIMITS);
      assert.throws(() => writeFileSync(join(disk, "foreign"), Buffer.alloc(512 * 1024)), /ENOSPC/);
      const now = site(disk, null);
      now.card.append(line("lost"));
      now.card.tick();
      assert.deepEqual(now.said.slice(1), [NO_ROOM]);
      rmSync(join(disk, "foreign"));
      now.card.tick();
      now.card.append(line("kept"));
      for (let second = 0; second < QUIET_TICKS; second += 1) now.card.tick();
      now.card.close();
      // Of the log: the clamped limit, the shortage and the line itself.
      assert.equal(texts(disk).join(""), `kept\n${missed(3)}\n`);
    }),
);

test(
  "blocks that run out while names do not: the line is refused, nothing is tried for ever (L24)",
  { skip: needsRoot },
  (t) =>
    withDisk(t, 256, (disk) => {
      const log = new HealthLog({
        directory: disk,
        limits: { fileBytes: 10_000, directoryBytes: 1_000_000 },
      });
      assert.throws(() => writeFileSync(join(disk, "foreign"), Buffer.alloc(512 * 1024)), /ENOSPC/);
      assert.equal(log.append(line("no room")), false);
      assert.deepEqual(texts(disk), [], "no empty file stays");
      rmSync(join(disk, "foreign"));
      assert.equal(log.append(line("room")), true);
      log.close();
      assert.deepEqual(texts(disk), ["room\n"]);
    }),
);

test(
  "a card that fails where it is: one line after some tries, lines are held, and it goes on when it works again",
  {
    skip: needsRoot,
  },
  (t) =>
    withDisk(t, 256, (disk) => {
      const now = site(disk, "LogFileSizeLimit=50000\nDirectorySizeLimit=100000\n");
      now.card.append(line("before"));
      now.card.tick();
      breakDescriptor(disk);
      execFileSync("mount", ["-o", "remount,ro", disk]);
      for (let second = 0; second < 100; second += 1) {
        now.card.append(line(`second ${second}`));
        now.card.tick();
      }
      assert.deepEqual(
        now.said.map((text) => text.replace(/\(.*\)/, "(…)")),
        [
          "Error: HW-LOG:/logs: the health log can't be written (…); its last lines are held in memory. Cure: check the card, replace it when it fails again",
        ],
      );
      assert.match(now.said[0] ?? "", /EROFS/);
      execFileSync("mount", ["-o", "remount,rw", disk]);
      for (let second = 0; second < 100; second += 1) now.card.tick();
      now.card.close();
      const kept = texts(disk).join("").split("\n").slice(0, -1);
      const seconds = kept.filter((text) => text.startsWith("second "));
      assert.deepEqual(
        seconds,
        Array.from({ length: 100 }, (_, second) => `second ${second}`),
      );
      assert.equal(kept[0], "before");
      assert.equal(kept.at(-1), "Info: [LOG] HW-LOG:/logs: the health log is written again");
    }),
);
