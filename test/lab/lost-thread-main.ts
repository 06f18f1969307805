/**
 * The gateway on Node.js with a fault built in: the first MQTT cell's pipe falls silent after some values, as when an event
 * was lost; the cell keeps its connection and answers whatever it is asked. The supervisor asks in haste, not every 10 s.
 */
import { existsSync, rmSync } from "node:fs";
import { platform } from "#platform";
import { PING_INTERVAL_MS } from "../../app/supervisor/liveness.ts";

const HASTE_MS = 100;
const CHUNKS_UNTIL_FAULT = 3;
/** Present until the fault has happened: the cell that is started anew has none. */
const fault = process.env.LOST_THREAD ?? "";

const { setInterval: inTime } = globalThis;
globalThis.setInterval = ((callback: () => void, milliseconds?: number) =>
  inTime(callback, milliseconds === PING_INTERVAL_MS ? HASTE_MS : milliseconds)) as typeof setInterval;

const isMqtt = process.argv[process.argv.indexOf("--role") + 1] === "mqtt";
if (isMqtt && existsSync(fault)) {
  rmSync(fault);
  const { reader } = platform;
  /** The first pipe that is read brings the supervisor's words, the second one the values. */
  let pipes = 0;
  platform.reader = (fd, onData, onEnd) => {
    pipes += 1;
    if (pipes !== 2) return reader(fd, onData, onEnd);
    let chunks = 0;
    const pipe = reader(
      fd,
      (chunk) => {
        chunks += 1;
        if (chunks === CHUNKS_UNTIL_FAULT) pipe.pause();
        onData(chunk);
      },
      onEnd,
    );
    const resume = (): void => {
      if (chunks < CHUNKS_UNTIL_FAULT) pipe.resume();
    };
    return { ...pipe, resume };
  };
}

await import("../../app/main.ts");
