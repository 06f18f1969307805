/**
 * A million values through the whole gateway, the card's own build of it: a real OPC UA server, SignAndEncrypt, three
 * cells and their pipes, TLS, a real broker. Memory and descriptors of every cell are what they were after the first ones.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CARD_BUILD, compileProgram } from "../bench/callgrind.ts";
import { type LoadPlant, startLoadPlant } from "../bench/load/plant.ts";
import { layOutCard } from "../lab/node-gateway.ts";
import { LabProcess } from "../lab/process.ts";
import { type Workbench, withWorkbench } from "../lab/workbench.ts";
import { difference, type Holdings } from "./cases/flat.ts";

const VALUES = Number(process.env.FLAT_VALUES ?? 1_000_000);
/** Caches, buffers and the C library's arenas have their size by then. */
const WARM_UP = Math.floor(VALUES / 5);
const ITEMS = 1000;
/**
 * Every item's last text is kept, and the decoder keeps those of its last messages: most of them are the same text, or none
 * is, as the server happens to split its messages. That is one text per item, not one per value.
 */
const TEXTS_BYTES = ITEMS * 128;
/** Values on their way at a time: enough to keep everybody busy, too few for any queue to overflow. */
const UNDERWAY = 4 * ITEMS;
const ROLES = ["opcua", "navigation", "mqtt", "log"] as const;
const CELL = /^cell ([a-z]+) (\d+)$/;
const START_DEADLINE_MS = 60_000;
const ARRIVE_DEADLINE_MS = 60_000;
const ANSWER_DEADLINE_MS = 20_000;
const LOOK_AGAIN_MS = 50;

/** Starts the gateway; returns the processes of its cells. */
async function startGateway(
  bench: Workbench,
  plant: LoadPlant,
  holdings: string,
): Promise<Map<string, number>> {
  const bytecode = await compileProgram({ bench, build: CARD_BUILD, entry: "test/runtime/holdings-main.ts" });
  const serial = bench.path("serial.log");
  writeFileSync(serial, "");
  mkdirSync(holdings);
  const gateway = new LabProcess({
    name: "gateway",
    /* The card's build has no LOCK prefixes: it is safe on one processor, like the card's. */
    argv: [
      ...(["taskset", "-c", "0"] as const),
      ...[CARD_BUILD.runtime, bytecode, "--root", layOutCard(bench, plant.files), "--serial", serial],
    ],
    env: { ...process.env, HOLDINGS: holdings },
    logFile: bench.path("gateway.log"),
  });
  bench.defer(() => gateway.stop());
  const pids = new Map<string, number>();
  for (const role of ROLES) {
    const line = await gateway.lines.find((entry) => CELL.exec(entry)?.[1] === role, {
      what: `start of the cell ${role} (see ${serial})`,
      deadlineMs: START_DEADLINE_MS,
    });
    pids.set(role, Number(CELL.exec(line)?.[2]));
  }
  return pids;
}

/** What a cell holds now, garbage collected. */
async function ask(folder: string, role: string, pid: number): Promise<Holdings> {
  const file = join(folder, `${role}.json`);
  rmSync(file, { force: true });
  process.kill(pid, "SIGUSR2");
  const deadline = Date.now() + ANSWER_DEADLINE_MS;
  while (!existsSync(file)) {
    assert.ok(Date.now() < deadline, `the cell ${role} does not say what it holds`);
    await sleep(LOOK_AGAIN_MS);
  }
  return JSON.parse(readFileSync(file, "utf8")) as Holdings;
}

async function askAll(folder: string, pids: ReadonlyMap<string, number>): Promise<Map<string, Holdings>> {
  const answers = new Map<string, Holdings>();
  for (const [role, pid] of pids) answers.set(role, await ask(folder, role, pid));
  return answers;
}

/** Lets the server make changes until `count` values have arrived, and waits for the last one. */
async function reach(plant: LoadPlant, count: number): Promise<void> {
  const { server, arrivals } = plant;
  let { changes } = await server.report();
  while (ITEMS + changes < count) {
    await arrivals.reach(ITEMS + changes - (UNDERWAY - ITEMS), ARRIVE_DEADLINE_MS);
    ({ changes } = await server.change({ items: ITEMS, rounds: 1, everyMs: 1, spread: false }));
  }
  await arrivals.reach(ITEMS + changes, ARRIVE_DEADLINE_MS);
  // The last message, whose texts the decoder keeps, has one value then, however the server has split the others.
  ({ changes } = await server.change({ items: 1, rounds: 1, everyMs: 1, spread: false }));
  await arrivals.reach(ITEMS + changes, ARRIVE_DEADLINE_MS);
}

test(
  `${VALUES} values from server to broker: each arrives once and in order, and nothing piles up`,
  { skip: !existsSync(CARD_BUILD.runtime) && "the card's build is not there: make os" },
  (t) =>
    withWorkbench(t, "million-values", async (bench) => {
      const plant = await startLoadPlant({ bench, gateway: "host", items: ITEMS });
      const holdings = bench.path("holdings");
      const pids = await startGateway(bench, plant, holdings);
      await plant.arrivals.reach(ITEMS, START_DEADLINE_MS);
      await reach(plant, WARM_UP);
      const before = await askAll(holdings, pids);
      await reach(plant, VALUES);
      const after = await askAll(holdings, pids);
      for (const role of ROLES) {
        const [first, last] = [before.get(role), after.get(role)];
        assert.ok(first && last);
        const grown = `heap ${last.heap - first.heap} bytes, RAM ${last.resident - first.resident} bytes`;
        t.diagnostic(`${role}: ${(last.resident / 1e6).toFixed(1)} MB, since value ${WARM_UP}: ${grown}`);
        assert.equal(difference(first, last, { heap: TEXTS_BYTES }), "flat", role);
      }
      assert.ok(plant.arrivals.count >= VALUES);
    }),
);
