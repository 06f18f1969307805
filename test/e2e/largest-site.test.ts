/**
 * The largest site that the settings allow, 10,000 items, on the card: each value arrives once and in order, and the regular
 * account on the serial line tells the number of every single item, on both sides, without holding anything else up.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLoadPlant } from "../bench/load/plant.ts";
import { loadItem } from "../bench/load/protocol.ts";
import { itemTotals } from "../lab/accounts.ts";
import { prepareCard } from "../lab/card.ts";
import { stampTime } from "../lab/console-lines.ts";
import { Machine } from "../lab/qemu.ts";
import { withWorkbench } from "../lab/workbench.ts";

/** `maxItems` of the nodes and of the topics in the JSON Schemas. */
const ITEMS = 10_000;
const ROUNDS = 2;
const ACCOUNT_SECONDS = 30;
const STATUS_SECONDS = 5;
/** All lines of an account at once would take the serial line for 20 s. */
const MOST_LATE_SECONDS = 3;
const DEADLINE_MS = 300_000;
const SIDES = ["Navigation Service: received in", "MQTT Publisher: published in"];

test("10,000 items on the card: each value arrives once, and every item is told with its number (R143, R165, L15)", (t) =>
  withWorkbench(t, "largest-site", async (bench) => {
    const { arrivals, server, files, hostPorts } = await startLoadPlant({
      bench,
      gateway: "card",
      items: ITEMS,
    });
    const { console: serial } = await Machine.start({
      bench,
      boot: "quark",
      card: await prepareCard({ bench, files }),
      hostPorts,
      kernelArguments: [
        `GATEWAY_STATUS_SECONDS=${STATUS_SECONDS}`,
        `GATEWAY_ITEMS_SECONDS=${ACCOUNT_SECONDS}`,
      ],
    });
    for (let round = 0; round <= ROUNDS; round += 1) {
      await arrivals.reach(ITEMS * (1 + round), DEADLINE_MS);
      if (round < ROUNDS) await server.change({ items: ITEMS, rounds: 1, everyMs: 1, spread: false });
    }
    const from = serial.entries.length;
    for (const words of SIDES)
      await serial.find((line) => line.includes(words) && line.endsWith(`${ITEMS} items unchanged`), {
        ...{ what: `an account without anything new: ${words}`, deadlineMs: DEADLINE_MS, from },
      });

    for (const words of SIDES) {
      const totals = itemTotals(serial.entries, words);
      assert.equal(totals.size, ITEMS, words);
      for (let index = 0; index < ITEMS; index += 1) {
        const { name } = loadItem(index);
        assert.equal(totals.get(name), 1 + ROUNDS, `${words}: ${name}`);
      }
    }
    const lost = serial.entries.filter((line) => line.includes("were not shown here"));
    assert.deepEqual(lost, [], "the serial line had room for all of them");
    const status = serial.entries.filter((line) => line.includes("[SUPERVISOR] status: ")).map(stampTime);
    const gaps = status.slice(1).map((time, index) => (time - (status[index] ?? 0)) / 1000);
    assert.ok(Math.max(...gaps) <= STATUS_SECONDS + MOST_LATE_SECONDS, `status lines every ${gaps.join()} s`);
  }));
