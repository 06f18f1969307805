/** Waits for a condition that no event announces; fails when it does not come true in time. */
const DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 5;
/** The real one, also while a test moves the clock itself. */
const later = globalThis.setTimeout;

export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + DEADLINE_MS;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not true within ${DEADLINE_MS / 1000} s: ${condition.toString()}`);
    await new Promise((resolve) => later(resolve, LOOK_EVERY_MS));
  }
}
