/** The hardware watchdog is fed while the cells that transfer make progress, or can still be helped (design §6). */
import assert from "node:assert/strict";
import { fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Liveness, PING_INTERVAL_MS, type Watched } from "../../app/supervisor/liveness.ts";
import type { StartedRole } from "../../app/supervisor/load-cell.ts";
import { platform } from "../../app/supervisor/platform-node.ts";
import { Watchdog } from "../../app/supervisor/watchdog.ts";
import { withFolder } from "./app-folder.ts";
import { logInto } from "./app-log-into.ts";

const SECONDS = 60;
/** Whatever is wrong with a cell that runs, it shows after so many rounds. */
const ROUNDS = 6;

interface FakeCell extends Watched {
  pid: number;
  answers: boolean;
  busy: boolean;
}

/** Watchdog and cells as the supervisor ties them together; the device is a file. A cell that is ended stays as it is. */
function makeRig(folder: string, roles: readonly StartedRole[]) {
  const lines: string[] = [];
  const log = logInto(lines);
  const file = join(folder, "watchdog");
  const fd = openSync(file, "w");
  const watchdog = new Watchdog(log);
  const asked: number[] = [];
  const device = { fd, seconds: SECONDS, causedReset: true };
  watchdog.start({
    ...platform,
    watchdog: (seconds) => {
      asked.push(seconds);
      return device;
    },
  });
  assert.deepEqual(asked, [SECONDS]);
  const all = roles.map((role, index): FakeCell => {
    const say = (): void => {
      if (cell.answers) liveness.heard(role, { kind: "alive", steps: 0, busy: cell.busy });
    };
    const cell: FakeCell = { role, pid: 100 + index, started: true, answers: true, busy: false, say };
    return cell;
  });
  const liveness = new Liveness({ cells: () => all, kill: () => undefined, isHindered: () => false, log });
  /** How often the device was fed while the supervisor's timer went off so often. */
  const fed = (rounds: number): number => {
    const before = readFileSync(file, "latin1").length;
    for (let round = 0; round < rounds; round += 1) watchdog.tick(liveness.ask());
    const written = readFileSync(file, "latin1").slice(before);
    assert.match(written, /^\n*$/);
    return written.length;
  };
  const cell = (role: StartedRole): FakeCell => all.find((each) => each.role === role) ?? assert.fail(role);
  return { watchdog, lines, file, fd, cell, fed };
}

const ALL: readonly StartedRole[] = ["log", "opcua", "mqtt", "navigation", "console"];
const RESET = (role: StartedRole): string =>
  `Error: [WATCHDOG] the ${role} cell can't be brought back: the device is reset in ${SECONDS} s`;
const only = (lines: readonly string[]): string[] => lines.filter((line) => line.includes("[WATCHDOG]"));

test("the watchdog is fed well within its time, at every look, while all cells answer", (t) =>
  withFolder(t, (folder) => {
    const { fed, lines, watchdog } = makeRig(folder, ALL);
    assert.ok(PING_INTERVAL_MS * 3 <= SECONDS * 1000);
    assert.equal(fed(100), 100);
    assert.deepEqual(lines, []);
    watchdog.tell();
    assert.deepEqual(lines, [
      "Warning: [WATCHDOG] the hardware watchdog has reset the device: the gateway gave no sign of life",
      `Info: [WATCHDOG] the hardware resets the device when the gateway gives no sign of life for ${SECONDS} s`,
    ]);
  }));

for (const role of ["opcua", "navigation", "mqtt"] as const)
  test(`the watchdog is not fed any more when the ${role} cell hangs and can't be ended, until there is another one`, (t) =>
    withFolder(t, (folder) => {
      const { fed, lines, cell } = makeRig(folder, ALL);
      const hung = cell(role);
      hung.answers = false;
      // Three questions stay open, the fourth round ends it; whether that helps shows in the fifth.
      assert.equal(fed(4), 4);
      assert.equal(fed(100), 0);
      assert.deepEqual(only(lines), [RESET(role)], "told once");
      Object.assign(hung, { pid: 900, answers: true });
      assert.equal(fed(ROUNDS), ROUNDS);
      Object.assign(hung, { answers: false });
      fed(ROUNDS);
      assert.deepEqual(only(lines), [RESET(role), RESET(role)], "and again when it happens again");
    }));

test("the watchdog is not fed any more when values stand still although every cell answers and was started anew", (t) =>
  withFolder(t, (folder) => {
    const { fed, lines, cell } = makeRig(folder, ALL);
    const stalled = cell("navigation");
    stalled.busy = true;
    // Five minutes until mqtt is started anew, five until navigation is, and five in which that does not help.
    assert.equal(fed(90), 90);
    assert.equal(fed(10), 0);
    assert.deepEqual(only(lines), [RESET("navigation")], "told once");
    stalled.busy = false;
    assert.equal(fed(ROUNDS), ROUNDS, "nothing is to be done any more");
  }));

for (const role of ["log", "console"] as const)
  test(`the watchdog is fed on while the ${role} cell hangs: values go on`, (t) =>
    withFolder(t, (folder) => {
      const { fed, lines, cell } = makeRig(folder, ALL);
      cell(role).answers = false;
      assert.equal(fed(100), 100);
      assert.deepEqual(only(lines), []);
    }));

test("a stop is meant: the watchdog is told so, and is not fed after it", (t) =>
  withFolder(t, (folder) => {
    const { watchdog, file, fd, fed } = makeRig(folder, ALL);
    fed(2);
    watchdog.stop();
    assert.equal(readFileSync(file, "latin1"), "\n\nV");
    assert.throws(() => fstatSync(fd), { code: "EBADF" });
    watchdog.tick([]);
    watchdog.stop();
    assert.equal(readFileSync(file, "latin1"), "\n\nV");
  }));

test("without a watchdog, and with one that fails, the gateway runs on, and says that nothing would help it", () => {
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  const log = { info: assert.fail, warning: note, error: assert.fail, debug: assert.fail };
  const fail = (): never => {
    throw new Error("no driver");
  };
  for (const start of [() => null, fail]) {
    const watchdog = new Watchdog(log);
    watchdog.start({ ...platform, watchdog: start });
    watchdog.tick([]);
    watchdog.tick(["mqtt"]);
    watchdog.stop();
    watchdog.tell();
  }
  const text = (why: string) =>
    `[WATCHDOG] the hardware watchdog can't be used: ${why}. A gateway that hangs stays so`;
  assert.deepEqual(lines, [text("there is none"), text("no driver")]);
});
