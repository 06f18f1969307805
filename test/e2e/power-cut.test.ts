/**
 * The power goes at any moment (R5): whenever that is, the file system is whole after its journal was replayed, and the
 * health log has every line that was shown more than a flush before. The device runs once; the card is looked at as it
 * was at many moments of that run, also in the middle of a block of the file system.
 */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { injectFiles } from "../../image/inject.ts";
import { findLine, stampTime } from "../lab/console-lines.ts";
import { powerOnAndConnect } from "../lab/device.ts";
import { assertSameAsShown, shownLines } from "../lab/health-log.ts";
import { CutCard } from "../lab/power-cut.ts";
import { withWorkbench } from "../lab/workbench.ts";

const DEADLINE_MS = 60_000;
/** The device's own time that goes by, with a line every second. */
const RUN_MS = 12_000;
/** Files end often, so cuts also fall between two of them. */
const SETTINGS = "LogFileSizeLimit=3000\nDirectorySizeLimit=1000000\n";
const CUTS_AT_LINES = 25;
const CUTS_BETWEEN = 25;
const CUTS_IN_BLOCKS = 50;
const STATUS = "[SUPERVISOR] status:";

/** Some of many, evenly, the last one among them. */
function some<T>(all: readonly T[], count: number): T[] {
  const step = Math.max(1, all.length / count);
  return Array.from(
    { length: Math.min(count, all.length) },
    (_, index) => all[Math.min(all.length, Math.ceil((index + 1) * step)) - 1] as T,
  );
}

test("a power cut at any moment: the file system is whole, no line is lost that was safe (R5, R159, R163)", (t) =>
  withWorkbench(t, "power-cut", async (bench) => {
    const writeLog = bench.disposable(bench.path("writes.log"));
    const device = await powerOnAndConnect({
      ...{ bench, boot: "quark", mqttKey: "ec:P-256", writeLog },
      kernelArguments: ["GATEWAY_STATUS_SECONDS=1"],
      editCard: (image) =>
        injectFiles({ image, partition: "HW-LOG", files: [{ path: "/logs/.log", content: SETTINGS }] }),
    });
    const { console } = device.machine;
    /** How long the record was when a line had been shown. */
    const seen: { line: string; moment: number }[] = [];
    const from = console.entries.length;
    const unfollow = console.follow((line) => seen.push({ line, moment: statSync(writeLog).size }));
    const first = stampTime(await findLine(console, STATUS, { deadlineMs: DEADLINE_MS, from }));
    await console.find((line) => line.includes(STATUS) && stampTime(line) >= first + RUN_MS, {
      ...{ what: "status of the last second", deadlineMs: DEADLINE_MS, from },
    });
    unfollow();
    await device.machine.stop();

    const shown = shownLines(console.entries);
    // Lines before `from` were followed after they had been shown, so their moments are late: safe, but no cuts.
    const later = seen.slice(from).filter(({ line }) => Number.isFinite(stampTime(line)));
    const card = await CutCard.open({
      image: device.card,
      writeLog,
      dir: bench.disposable(bench.path("cut")),
    });
    const torn = some(card.tornMoments, CUTS_IN_BLOCKS);
    const cuts = [
      ...some(later, CUTS_AT_LINES),
      // In between, where nothing is known of what must be there but that it is whole lines in order.
      ...[...some(card.moments, CUTS_BETWEEN), ...torn].map((moment) => ({ line: "", moment })),
    ].sort((a, b) => a.moment - b.moment);
    let kept: string[] = [];
    for (const { line, moment } of cuts) {
      const files = await card.logAt(moment);
      const before = kept;
      kept = files.flatMap(({ lines }) => lines);
      assert.deepEqual(kept.slice(0, before.length), before, "a later cut never loses what was safe before");
      assertSameAsShown(kept, shown, line === "" ? Number.NEGATIVE_INFINITY : stampTime(line));
    }
    const files = await card.logAt(Number.POSITIVE_INFINITY);
    assert.ok(files.length > 5, `${files.length} files`);
    assert.equal(torn.length, CUTS_IN_BLOCKS, "cuts in the middle of a block");
    assert.ok(cuts.length > CUTS_BETWEEN + CUTS_IN_BLOCKS, `${cuts.length} cuts`);
    t.diagnostic(
      `${cuts.length} cuts in ${card.moments.length} sectors, ${files.length} files, ${kept.length} lines`,
    );
  }));
