/** What this process holds, for the device's runtime. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { processBinding } from "../../../app/runtime/node/process.ts";
import { difference, type Holdings } from "./flat.ts";

const LOOK_AGAIN_MS = 10;
/** After so many looks it is no longer a moment. */
const ATTEMPTS = 500;

function residentAnonymous(): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

function openDescriptors(): string[] {
  const found: string[] = [];
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      found.push(`${name} ${readlinkSync(`/proc/self/fd/${name}`).replace(/\d{3,}/, "…")}`);
    } catch (error) {
      /* The one that read this directory. */
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return found.sort();
}

/** Until there are the same descriptors as before: a connection that was ended may need a moment to be gone. */
export async function closed(before: Holdings): Promise<void> {
  const expected = before.descriptors.join(", ");
  for (let attempt = 0; attempt < ATTEMPTS && openDescriptors().join(", ") !== expected; attempt++)
    await new Promise((resolve) => void setTimeout(resolve, LOOK_AGAIN_MS));
}

export function measure(): Holdings {
  processBinding.gc();
  /* Opens a file of /proc for good the first time: before descriptors are counted. */
  const heap = process.memoryUsage().heapUsed;
  return { heap, descriptors: openDescriptors(), resident: residentAnonymous() };
}

/** `difference` when it is "flat", or what it still is when that should long have come: timers end what they hold. */
export async function settled(before: Holdings, sanitized: boolean): Promise<string> {
  let found = difference(before, measure(), { sanitized });
  for (let attempt = 0; attempt < ATTEMPTS && found !== "flat"; attempt++) {
    await new Promise((resolve) => void setTimeout(resolve, LOOK_AGAIN_MS));
    found = difference(before, measure(), { sanitized });
  }
  return found;
}
