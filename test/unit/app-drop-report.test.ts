/** What operators read about a full buffer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tellDropped } from "../../app/cells/navigation/cell.ts";
import { reportDrops } from "../../app/link/drop-report.ts";

test("values that a full buffer drops are told once a minute, as many as there were since (R115)", ({
  mock,
}) => {
  mock.timers.enable({ apis: ["setInterval"] });
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  let dropped = 0;
  reportDrops({
    log: { info: assert.fail, warning: note, error: assert.fail, debug: assert.fail },
    dropped: () => dropped,
    text: (count) => `${count} values were dropped`,
  });
  const minutes = (count: number): void => mock.timers.tick(count * 60_000);
  minutes(3);
  assert.deepEqual(lines, [], "nothing to tell");
  dropped = 5;
  mock.timers.tick(59_999);
  assert.deepEqual(lines, []);
  dropped = 12;
  mock.timers.tick(1);
  minutes(2);
  assert.deepEqual(lines, ["12 values were dropped"]);
  dropped = 13;
  minutes(1);
  assert.deepEqual(lines, ["12 values were dropped", "1 values were dropped"]);
});

test("the line on values that the way to the broker dropped says how many, why, and what helps (R115)", () => {
  assert.equal(
    tellDropped(12),
    "Navigation Service: the MQTT publisher can't send and the buffer is full; the oldest 12 values were dropped in the last minute. Cure: see the lines of the MQTT Publisher for what keeps it from sending; where the broker is only too slow, read fewer values, or less often",
  );
});
