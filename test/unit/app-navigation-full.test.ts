/**
 * The navigation cell as its own process, between real pipes, while nobody takes its values: its buffer fills, the oldest
 * values go, each is counted, and the memory stays where it is (R115, L15).
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { MQTT_PATHS, OPCUA_PATHS } from "../../app/config/paths.ts";
import { encodeFrame, FrameReader } from "../../app/link/frame.ts";
import { HEADER_BYTES } from "../../app/link/frame-format.ts";
import { FOUND_FIELDS } from "../../app/runtime/codec-types.ts";
import { platform } from "../../app/supervisor/platform-node.ts";
import { withFolder } from "./app-folder.ts";
import { until } from "./app-until.ts";

const REPOSITORY = new URL("../..", import.meta.url).pathname;
const BUFFER_BYTES = 32 * 1024 * 1024;
const VALUE_BYTES = 256 * 1024;
/** Six buffers. */
const VALUES = 768;
const NAMES = ["Temperature", "Speed"] as const;
/** What Node.js may take on top: chunks on their way, garbage that is not collected yet. */
const MOST_GROWTH_BYTES = 3 * BUFFER_BYTES;
/** The cell's intervals are this many times as short, else its minute would be one. */
const HASTE = 20;
const HURRIED = `data:text/javascript,const real=setInterval;globalThis.setInterval=(call,ms)=>real(call,ms/${HASTE})`;

/** The product's samples, whose items keep their numbers on the way. */
function layOut(folder: string): void {
  for (const { settingsDirectory, settingsName } of [OPCUA_PATHS, MQTT_PATHS]) {
    const directory = join(folder, "HW-IDS", settingsDirectory);
    mkdirSync(directory, { recursive: true });
    copyFileSync(join(REPOSITORY, "app/config/samples", settingsName), join(directory, settingsName));
  }
}

/** The cell, started as the supervisor starts it. */
function startCell(root: string) {
  const [status, control, toCell, fromCell] = [1, 2, 3, 4].map(() => platform.pipe());
  if (!status || !control || !toCell || !fromCell) throw new Error("no pipes");
  const keep = [status.writeFd, control.readFd, toCell.readFd, fromCell.writeFd];
  const args = ["--import", "tsx", "--import", HURRIED, join(REPOSITORY, "app/main.ts")];
  const child = spawn(
    process.execPath,
    [...args, "--root", root, "--role", "navigation", "--keep", "3,4,5,6"],
    {
      cwd: REPOSITORY,
      env: { ...process.env, GATEWAY_ITEMS_SECONDS: String(HASTE) },
      stdio: ["ignore", "ignore", "pipe", ...keep],
    },
  );
  const lines: string[] = [];
  if (child.stderr) createInterface(child.stderr).on("line", (line) => lines.push(line));
  for (const fd of keep) platform.closeFd(fd);
  return { child, lines, status, control, toCell, fromCell };
}

/** What the lines of a kind add up to: in all, and item by item. */
function sums(lines: readonly string[], what: string): { all: number; items: number[] } {
  const found = lines.filter((line) => line.includes(what));
  const add = (pattern: RegExp): number =>
    found.reduce((sum, line) => sum + Number(pattern.exec(line)?.[1] ?? 0), 0);
  return {
    all: add(/ in \d+ s: (\d+)/),
    items: NAMES.map((name) => add(new RegExp(`"${name}" (\\d+)`))),
  };
}

/** The most memory that a process has used so far. */
function peakBytes(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}

/** Every third value is of the second item. */
const itemOf = (index: number): number => (index % 3 === 2 ? 1 : 0);

test("a full buffer between the cells: the oldest values go, each item's are counted and told, memory stays bounded (R115, R143, R165, L15)", (t) =>
  withFolder(t, async (folder) => {
    layOut(folder);
    const { child, lines, status, control, toCell, fromCell } = startCell(folder);
    const input = new Socket({ fd: toCell.writeFd, readable: false, writable: true });

    try {
      await until(() => lines.some((line) => line.includes("settings: 3 routes")));
      const before = peakBytes(child.pid ?? 0);
      for (let index = 0; index < VALUES; index += 1) {
        const text = `${index} `.padEnd(VALUE_BYTES, "x");
        if (!input.write(encodeFrame(itemOf(index) + 1, text))) await once(input, "drain");
      }
      const told = () => lines.findLast((line) => line.includes("dropped since the start")) ?? "";
      const dropped = () => Number(/dropped since the start: (\d+)/.exec(told())?.[1]);
      const warned = () =>
        lines.reduce(
          (sum, line) =>
            sum + Number(/^Warning: .*the oldest (\d+) values were dropped/.exec(line)?.[1] ?? 0),
          0,
        );
      await until(() => sums(lines, "received in").all === VALUES && dropped() > 0 && warned() === dropped());
      const growth = peakBytes(child.pid ?? 0) - before;
      assert.ok(growth < MOST_GROWTH_BYTES, `the cell has grown by ${growth} bytes`);
      t.diagnostic(`grown by ${Math.round(growth / 1e6)} MB; ${told()}`);

      const arrived: number[] = [];
      const items = [0, 0];
      const reader = new FrameReader();
      platform.reader(
        fromCell.readFd,
        (chunk) => {
          reader.feed(chunk);
          for (let count = reader.next(); count > 0; count = reader.next())
            for (let at = 0; at < count * FOUND_FIELDS; at += FOUND_FIELDS) {
              const start = (reader.found[at] ?? 0) + HEADER_BYTES;
              arrived.push(Number.parseInt(reader.bytes.toString("latin1", start, start + 8), 10));
              const item = (reader.found[at + 2] ?? 0) - 1;
              items[item] = (items[item] ?? 0) + 1;
            }
        },
        () => undefined,
      );
      await until(() => arrived.at(-1) === VALUES - 1);

      assert.equal(arrived.length, VALUES - dropped());
      // One gap: in front of it what was on its way when the pipe was full, behind it the newest.
      const gaps = arrived.filter((index, at) => index !== (arrived[at - 1] ?? -1) + 1);
      assert.equal(gaps.length, 1, arrived.join());
      const kept = VALUES - (gaps[0] ?? 0);
      assert.ok(
        kept * VALUE_BYTES <= BUFFER_BYTES && (kept + 2) * VALUE_BYTES > BUFFER_BYTES,
        `${kept} kept`,
      );
      const sent = NAMES.map((_, item) => [...Array(VALUES).keys()].filter((i) => itemOf(i) === item).length);
      assert.deepEqual(sums(lines, "received in"), { all: VALUES, items: sent });
      const lost = sent.map((count, item) => count - (items[item] ?? 0));
      assert.deepEqual(sums(lines, "dropped in"), { all: dropped(), items: lost });
      for (const line of lines) {
        const bytes = /buffered: \d+ \((\d+) bytes\)/.exec(line)?.[1];
        assert.ok(bytes === undefined || Number(bytes) <= BUFFER_BYTES, line);
      }
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
      input.destroy();
      for (const fd of [status.readFd, control.writeFd]) platform.closeFd(fd);
    }
  }));
