/**
 * Minutes in which server, broker, connections and cables fail at random, on both sides at once: every value is there
 * afterwards or lies in an outage of the OPC UA side, and memory is where it was. `make soak` does the same for hours.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { withWorkbench } from "../lab/workbench.ts";
import { Soak } from "../soak/soak.ts";
import { describe, judge } from "../soak/verdict.ts";

const MINUTES = 4.5;
/** Another one is another story. Each has every kind of outage on both sides, and the verdict demands it. */
const SEED = 2;
const STATUS_SECONDS = 2;

test("server and broker fail at random: every value is accounted for, memory stays flat (R75, R113, L15)", (t) =>
  withWorkbench(t, "soak", async (bench) => {
    const say = (line: string) => t.diagnostic(line);
    const soak = await Soak.start({
      bench,
      minutes: MINUTES,
      seed: SEED,
      statusSeconds: STATUS_SECONDS,
      say,
    });
    const record = await soak.run();
    writeFileSync(bench.path("soak.json"), JSON.stringify(record));
    for (const line of describe(record).split("\n")) t.diagnostic(line);
    assert.deepEqual(judge(record), []);
  }));
