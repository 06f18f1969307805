/**
 * From kernel start to the first published value, at Quark pace (design §11). The device's own clock is what counts:
 * it advances by instructions, 125 million to the second, and while the device waits for a peer by the host's clock.
 * The host's speed and noise therefore only touch the waiting.
 */
import { ARRIVE_DEADLINE_MS, powerOn } from "../lab/device.ts";
import type { Workbench } from "../lab/workbench.ts";

/** The app is interpreted, the interpreter is interpreted, and the pace is that of a slow machine. */
const PACED_BOOT_DEADLINE_MS = 900_000;

const SECONDS = /([0-9]+\.[0-9]+) s after the kernel/;

export interface FirstValueFigures {
  readonly "quark.cells_up_s": number;
  readonly "quark.first_value_s": number;
}

export async function measureFirstValue(bench: Workbench): Promise<FirstValueFigures> {
  const { machine, everyChangeArrived } = await powerOn({
    bench,
    boot: "quark",
    quarkPace: true,
    mqttKey: "ec:P-256",
    // The default of the product: one publishing interval per second.
    readingCycle: 1,
    // The first message is then the first value.
    heartbeatSeconds: null,
  });
  const figure = async (what: string, line: string, pattern: RegExp): Promise<number> => {
    const found = await machine.console.find((entry) => entry.includes(line) && pattern.test(entry), {
      what,
      deadlineMs: PACED_BOOT_DEADLINE_MS,
    });
    return Number(pattern.exec(found)?.[1]);
  };
  const cellsUp = await figure("line with the start time of the cells", "start completed", SECONDS);
  const firstValue = await figure("line with the time of the first value", "first message", SECONDS);
  await everyChangeArrived({ deadlineMs: ARRIVE_DEADLINE_MS });
  return { "quark.cells_up_s": cellsUp, "quark.first_value_s": firstValue };
}
