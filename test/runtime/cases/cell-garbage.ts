/**
 * Device only: a cell that makes garbage that refers to itself does not grow by half of what it was forked with, and has
 * none left when it asks for that.
 */
import { platform } from "#platform";

const MEGABYTE = 1024 * 1024;
/** As much as the real cells share, so that half of it is far more than the garbage that may wait. */
const SHARED_BYTES = 16 * MEGABYTE;
const TURNS = 400;
const CYCLES_PER_TURN = 100;
const CYCLE_BYTES = 1000;
/** Less than what is collected without being asked. */
const SOME_CYCLES = 200;
/** Objects that come and go with what is looked at. */
const TOLERANCE = 4096;

export const shared: object[] = [];
for (let bytes = 0; bytes < SHARED_BYTES; bytes += CYCLE_BYTES)
  shared.push({ text: "x".repeat(CYCLE_BYTES) + bytes });

function makeGarbage(cycles: number): void {
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const ring: { bytes: Uint8Array; self?: object } = { bytes: new Uint8Array(CYCLE_BYTES) };
    ring.self = ring;
  }
}

/** Bytes that the heap has more of after garbage was made, and after it was collected. */
function leftOver(): { waiting: number; collected: number } {
  platform.collectGarbage();
  const before = process.memoryUsage().heapUsed;
  makeGarbage(SOME_CYCLES);
  const waiting = process.memoryUsage().heapUsed - before;
  platform.collectGarbage();
  return { waiting, collected: process.memoryUsage().heapUsed - before };
}

const errors = platform.pipe();
platform.onExit((_pid, exit) => {
  console.log(JSON.stringify(exit));
  process.exit();
});
platform.reader(
  errors.readFd,
  (chunk) => process.stdout.write(chunk),
  () => undefined,
);
platform.spawn({
  role: "navigation",
  keep: [],
  stderrFd: errors.writeFd,
  body() {
    const before = process.memoryUsage().heapUsed;
    let most = 0;
    let turns = 0;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().heapUsed - before);
      makeGarbage(CYCLES_PER_TURN);
      turns += 1;
      if (turns < TURNS) return;
      clearInterval(timer);
      console.log(`at most a megabyte: ${most < MEGABYTE || most}`);
      const { waiting, collected } = leftOver();
      console.log(`waits: ${waiting >= SOME_CYCLES * CYCLE_BYTES || waiting}`);
      console.log(`collected: ${collected < TOLERANCE || collected}`);
    }, 1);
  },
});
