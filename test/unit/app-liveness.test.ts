/** Whether cells answer and get on, and what is done about those that don't. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { IDLE, type Progress } from "../../app/link/progress.ts";
import { Liveness, type Watched } from "../../app/supervisor/liveness.ts";
import type { StartedRole } from "../../app/supervisor/load-cell.ts";
import { logInto } from "./app-log-into.ts";

interface FakeCell extends Watched, Progress {
  pid: number | null;
  started: boolean;
  answers: boolean;
  steps: number;
  busy: boolean;
}

/** Cells that answer or don't; a killed one has another process afterwards, as long as it can die. */
function cells(roles: readonly StartedRole[]) {
  const lines: string[] = [];
  let nextPid = 100;
  const all: FakeCell[] = roles.map((role) => {
    nextPid += 1;
    const cell: FakeCell = {
      role,
      pid: nextPid,
      started: true,
      answers: true,
      steps: 0,
      busy: false,
      say: () => {
        if (cell.answers) liveness.heard(role, { kind: "alive", steps: cell.steps, busy: cell.busy });
      },
    };
    return cell;
  });
  const killed: number[] = [];
  const hindered = new Set<StartedRole>();
  const liveness = new Liveness({
    cells: () => all,
    kill: (pid) => void killed.push(pid),
    isHindered: (role) => hindered.has(role),
    log: logInto(lines),
  });
  const ask = (times: number): StartedRole[] => {
    let stuck: StartedRole[] = [];
    for (let at = 0; at < times; at += 1) stuck = liveness.ask();
    return stuck;
  };
  return { all, lines, killed, hindered, liveness, ask };
}

test("a cell that owes three answers is ended, once; who answers, waits or is down is left alone", () => {
  const { all, lines, killed, liveness, ask } = cells(["opcua", "mqtt", "log"]);
  const [opcua, mqtt, log] = all as [FakeCell, FakeCell, FakeCell];
  assert.deepEqual(ask(50), []);
  mqtt.pid = null;
  assert.deepEqual(ask(50), []);
  opcua.answers = false;
  ask(3);
  assert.deepEqual(killed, []);
  // At the last moment.
  liveness.heard("opcua", { kind: "alive", ...IDLE });
  assert.deepEqual(ask(4), []);
  assert.deepEqual(killed, [opcua.pid]);
  assert.deepEqual(lines, ["Error: the opcua cell has not answered for 30 s; it is ended and started again"]);
  // It does not die: values can't pass, and only the watchdog can help.
  assert.deepEqual(ask(1), ["opcua"]);
  opcua.pid = 900;
  opcua.answers = true;
  assert.deepEqual(ask(1), []);
  // The log is not what the device is for.
  log.answers = false;
  assert.deepEqual(ask(10), []);
  assert.equal(killed.length, 2);
});

test("a cell that starts has more time; one that falls silent three times in a row is past helping", () => {
  const { all, killed, liveness, ask } = cells(["navigation"]);
  const [cell] = all as [FakeCell];
  cell.answers = false;
  cell.started = false;
  ask(12);
  assert.deepEqual(killed, []);
  ask(1);
  assert.equal(killed.length, 1);
  const again = (): StartedRole[] => {
    cell.pid = (cell.pid ?? 0) + 1;
    liveness.heard("navigation", { kind: "started" });
    cell.started = true;
    return ask(4);
  };
  assert.deepEqual(again(), []);
  assert.deepEqual(again(), ["navigation"]);
  cell.pid = 500;
  assert.deepEqual(ask(1), ["navigation"], "another start is no answer");
  cell.answers = true;
  ask(1);
  assert.deepEqual(ask(1), []);
});

/** So many answers without a step are too many. */
const PATIENCE = 30;
const NOWHERE = (role: string, who: string): string =>
  `Error: the ${role} cell answers, but has got nowhere for 300 s with what it has to do; ${who} is ended and started again`;

test("a cell that answers and has something to do, but gets nowhere, is started anew; then the one at its pipe's other end", () => {
  const { all, lines, killed, ask } = cells(["opcua", "navigation", "mqtt"]);
  const [opcua, navigation, mqtt] = all as [FakeCell, FakeCell, FakeCell];
  opcua.busy = true;
  // The first answer only says where it stands.
  assert.deepEqual(ask(PATIENCE), []);
  assert.deepEqual(killed, []);
  ask(1);
  assert.deepEqual(killed, [opcua.pid]);
  assert.deepEqual(lines.splice(0), [NOWHERE("opcua", "it")]);
  opcua.pid = 500;
  assert.deepEqual(ask(PATIENCE + 1), []);
  assert.deepEqual(killed.splice(0), [101, navigation.pid]);
  assert.deepEqual(lines.splice(0), [NOWHERE("opcua", "the navigation cell")]);
  navigation.pid = 501;
  // Nothing is left to try.
  assert.deepEqual(ask(PATIENCE), ["opcua"]);
  assert.deepEqual(ask(3), ["opcua"]);
  assert.deepEqual([killed, lines], [[], []]);
  opcua.steps += 1;
  assert.deepEqual(ask(1), []);
  // Navigation holds what waits for the broker, so it comes last.
  opcua.busy = false;
  navigation.busy = true;
  ask(PATIENCE + 1);
  assert.deepEqual(killed.splice(0), [mqtt.pid]);
  ask(PATIENCE);
  assert.deepEqual(killed.splice(0), [navigation.pid]);
  assert.deepEqual(lines, [NOWHERE("navigation", "the mqtt cell"), NOWHERE("navigation", "it")]);
});

test("a cell is left alone as long as it gets anywhere, has nothing to do, or waits for somebody outside", () => {
  const { all, lines, killed, hindered, ask } = cells(["navigation", "log"]);
  const [navigation, log] = all as [FakeCell, FakeCell];
  navigation.busy = true;
  for (let round = 0; round < 10; round += 1) {
    ask(PATIENCE);
    navigation.steps = (navigation.steps + 0x7fff_ffff) >>> 0;
  }
  navigation.busy = false;
  ask(10 * PATIENCE);
  navigation.busy = true;
  hindered.add("navigation");
  ask(10 * PATIENCE);
  // What was waited for has come: from now on it is the cell's turn.
  hindered.clear();
  ask(PATIENCE - 1);
  assert.deepEqual([killed, lines], [[], []]);
  ask(1);
  assert.equal(lines.length, 1);
  // Nobody waits for the log cell's steps.
  navigation.steps += 1;
  log.busy = true;
  assert.deepEqual(ask(PATIENCE), []);
  assert.deepEqual(ask(10), []);
});
