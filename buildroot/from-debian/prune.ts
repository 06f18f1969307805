/** Keeps the cache from growing for ever: what nobody has used for a month goes, and what dead builds left behind. */
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

const DAY_MS = 86_400_000;
const UNUSED_DAYS = 30;
const ABANDONED_DAYS = 2;

/** Marks a result as used now. */
export function touch(path: string, now: Date = new Date()): void {
  utimesSync(path, now, now);
}

/** Removes old results, archives and the folders of builds that failed or were killed; returns what it removed. */
export function pruneCache(root: string, now: Date = new Date()): string[] {
  const ages: Readonly<Record<string, number>> = {
    built: UNUSED_DAYS,
    archives: UNUSED_DAYS,
    work: ABANDONED_DAYS,
  };
  const removed: string[] = [];
  for (const [folder, days] of Object.entries(ages)) {
    const path = join(root, folder);
    for (const name of existsSync(path) ? readdirSync(path) : []) {
      const limit = name.startsWith(".") || name.endsWith(".lock") ? ABANDONED_DAYS : days;
      const entry = join(path, name);
      const used = statSync(entry, { throwIfNoEntry: false })?.mtimeMs ?? now.getTime();
      if (now.getTime() - used > limit * DAY_MS) {
        rmSync(entry, { recursive: true, force: true });
        removed.push(join(folder, name));
      }
    }
  }
  return removed.sort();
}
