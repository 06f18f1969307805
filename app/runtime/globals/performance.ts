/** performance.now() and what little of the rest is asked for. */
import { native } from "../binding.ts";

const clock = native("process") as { monotonic(): number };
const origin = clock.monotonic();

export const performance = {
  timeOrigin: Date.now(),
  now: (): number => (clock.monotonic() - origin) * 1000,
  mark: (): void => undefined,
  measure: (): void => undefined,
};
