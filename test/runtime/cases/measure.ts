/** What this process holds, for the device's runtime. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { processBinding } from "../../../app/runtime/node/process.ts";
import type { Holdings } from "./flat.ts";

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

export function measure(): Holdings {
  processBinding.gc();
  /* Opens a file of /proc for good the first time: before descriptors are counted. */
  const heap = process.memoryUsage().heapUsed;
  return { heap, descriptors: openDescriptors(), resident: residentAnonymous() };
}
