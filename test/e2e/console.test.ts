/**
 * The serial console on the card: commands are understood and nothing else is, the clocks are set, the zone shows in the
 * log, and all of it is still there after a power cycle (R148–R152, R145).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findLine, letPass, SAFE_MS, STAMPED, stampTime } from "../lab/console-lines.ts";
import { ARRIVE_DEADLINE_MS, BOOT_DEADLINE_MS, powerOnAndConnect } from "../lab/device.ts";
import { assertSameAsShown, pullOut, readHealthFiles, shownLines } from "../lab/health-log.ts";
import { Machine } from "../lab/qemu.ts";
import { topicOf } from "../lab/site.ts";
import { withWorkbench } from "../lab/workbench.ts";

const ANSWER_DEADLINE_MS = 20_000;
/** A guest under load is slow to do what it was told; its clock goes on meanwhile. */
const TOLERANCE_MS = 60_000;
const DAY_MS = 86_400_000;
const TIME_SET = "15:26:40";
const ZONE = "05:30";
const ZONE_MS = 5.5 * 3_600_000;

/** Types and waits for what must come. */
async function ask(machine: Machine, typed: string, expected: string): Promise<string> {
  const from = machine.console.entries.length;
  machine.type(typed);
  return findLine(machine.console, expected, { deadlineMs: ANSWER_DEADLINE_MS, from });
}

function assertClose(found: number, expected: number, what: string): void {
  assert.ok(
    Math.abs(found - expected) < TOLERANCE_MS,
    `${what}: ${new Date(found)}, not ${new Date(expected)}`,
  );
}

test("date, time and zone are set from the serial console and survive a power cycle (R136, R148–R152)", (t) =>
  withWorkbench(t, "console", async (bench) => {
    const device = await powerOnAndConnect({ bench, boot: "quark" });
    const { machine } = device;

    await ask(machine, "hek\x7flx\bp\r", "prints this list");
    await ask(machine, "\x1b[A\x1b[2J\x03\x04sh -c reboot\r", "Unknown command. There are: time, date,");
    await ask(machine, "time 24:00:00\n", "Expected: time hh:mm:ss, from 00:00:00 to 23:59:59");
    await ask(machine, "date 02/30/2027\r\n", "Expected: date mm/dd/yyyy");
    await ask(machine, `${"x".repeat(5000)}\r`, "Longer than 64 characters: nothing was done.");
    await ask(machine, "timezone\r", "UTC+00:00");
    await ask(machine, "status\r", "MB of memory in use");

    const zoned = await ask(
      machine,
      `timezone -s ${ZONE}\r`,
      "[CLOCK] the time zone is UTC+0530 from now on",
    );
    assert.equal(STAMPED.exec(zoned.split("\r").at(-1) ?? "")?.[2], "+0530");
    assertClose(stampTime(zoned.split("\r").at(-1) ?? ""), Date.now(), "the zone moves no clock");

    const day = new Date(Date.now() + 3 * DAY_MS).toISOString().slice(0, 10);
    const [year, month, date] = day.split("-");
    const target = Date.parse(`${day}T${TIME_SET}Z`) - ZONE_MS;
    const setAt = Date.now();
    // Pasted in one piece: the second command knows what the first one did.
    const utc = new Date(target).toISOString().slice(0, 17);
    const set = await ask(
      machine,
      `date ${month}/${date}/${year}\rtime ${TIME_SET}\r`,
      `[CLOCK] the clock was set to ${utc}`,
    );
    const shouldBe = () => target + Date.now() - setAt;
    assertClose(stampTime(set.split("\r").at(-1) ?? ""), shouldBe(), "stamp of the log");
    assertClose((await machine.hardwareClock()).getTime(), shouldBe(), "hardware clock");
    await ask(machine, "date\r", `${month}/${date}/${year}`);
    await ask(machine, "time\r", "(UTC+05:30)");

    // Neither connection suffers from the jump of the clock.
    const { server, observer, variables } = device;
    await server.change({ count: 10, everyMs: 300 });
    const from = observer.messages.entries.length;
    await server.change({ count: 1, everyMs: 0 });
    const topics = variables.map(topicOf);
    await observer.messages.find(({ topic }) => topics.includes(topic), {
      what: "a value after the clock was set",
      deadlineMs: ARRIVE_DEADLINE_MS,
      from,
    });
    assert.deepEqual(
      machine.console.entries.filter((line) => line.includes("lost its connection")),
      [],
    );
    for (const line of machine.console.entries)
      assert.ok(!/\(UTC.*\(UTC[+-][0-9]{4}\)/.test(line) && !/\[(SUPERVISOR|CLOCK)\].*> /.test(line), line);

    const clock = await machine.hardwareClock();
    await machine.stop();
    const again = await Machine.start({
      bench,
      boot: "quark",
      card: device.card,
      overlay: machine.overlay,
      hostPorts: device.hostPorts,
      name: "again",
      clock,
      kernelArguments: ["GATEWAY_STATUS_SECONDS=1"],
    });
    const first = await findLine(again.console, "Port 'mmc0' successfully registered", {
      deadlineMs: BOOT_DEADLINE_MS,
    });
    assert.equal(STAMPED.exec(first)?.[2], "+0530");
    assertClose(stampTime(first), shouldBe(), "stamp after the power cycle");
    await findLine(again.console, "[SUPERVISOR] start completed", { deadlineMs: BOOT_DEADLINE_MS });
    // What is typed before the console is there is lost, as on any serial line.
    for (let attempt = 0; ; attempt += 1) {
      const shown = await ask(again, "timezone\r", "UTC+05:30").catch((error: unknown) => error);
      if (typeof shown === "string") break;
      if (attempt > 2) throw shown;
    }

    // On a fast PC all this takes less than the second after which lines are safe.
    await letPass(again.console, SAFE_MS);

    // Each start has a file of its own, with what the line showed, whatever was typed in between.
    const shown = [machine, again].map(({ console }) => shownLines(console.entries));
    await again.stop();
    const logs = await readHealthFiles(bench, await pullOut(bench, again));
    assert.equal(logs.length, 2);
    for (const [index, { lines }] of logs.entries()) assertSameAsShown(lines, shown[index] ?? []);
  }));
