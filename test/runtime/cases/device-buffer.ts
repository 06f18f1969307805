/** Device only: what a long outage made wait is memory of the system again once it has gone out. */
import { readFileSync } from "node:fs";
import { FrameQueue } from "../../../app/link/frame-queue.ts";

const FRAMES = 60_000;
const ROUNDS = 3;
/** Of some 7 MB. */
const MAY_STAY_KB = 2048;

function residentKilobytes(): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

const queue = new FrameQueue(32 * 1024 * 1024);
/** Small objects that live on are made meanwhile, as in a cell. */
let kept: object[] = [];
const before = residentKilobytes();
for (let round = 0; round < ROUNDS; round++) {
  for (let frame = 0; frame < FRAMES; frame++) {
    queue.pushText(
      frame % 20,
      `{"Value":${frame},"SourceTimestamp":"2026-01-01T00:00:00.000Z","round":${round}}`,
    );
    if (frame % 50 === 0) kept.push({ frame, name: `item ${frame}` });
    if (kept.length > 3000) kept = kept.slice(1500);
  }
  const full = residentKilobytes();
  if (full - before < queue.bytes / 1024) console.log("not resident", full - before);
  while (!queue.isEmpty) queue.shift(queue.peek()?.length ?? 0);
  const stays = residentKilobytes() - before;
  console.log(stays < MAY_STAY_KB ? "given back" : `${stays} kB stay`);
}
