/** QEMU's machine protocol (QMP): one question, one answer, one JSON object a line. */
import { once } from "node:events";
import { createConnection } from "node:net";
import { createInterface } from "node:readline";
import { LabError } from "./errors.ts";

/** Asks one thing over the monitor's socket. Returns the answer's `return`. */
export async function askMonitor(
  path: string,
  command: string,
  parameters: Record<string, unknown>,
): Promise<unknown> {
  const socket = createConnection(path);
  await once(socket, "connect");
  try {
    socket.write(`${JSON.stringify({ execute: "qmp_capabilities" })}\n`);
    socket.write(`${JSON.stringify({ execute: command, arguments: parameters, id: command })}\n`);
    for await (const line of createInterface({ input: socket })) {
      const said = JSON.parse(line) as { id?: string; return?: unknown; error?: { desc: string } };
      if (said.error)
        throw new LabError("LAB_PROCESS_FAILED", `QEMU's monitor refuses ${command}: ${said.error.desc}`);
      if (said.id === command) return said.return;
    }
    throw new LabError("LAB_PROCESS_FAILED", `QEMU's monitor closed before it answered ${command}`);
  } finally {
    socket.destroy();
  }
}

/** QEMU's `struct tm` of the clock chip, which keeps UTC. */
export function parseHardwareClock(found: unknown): Date {
  const tm = found as Record<"tm_year" | "tm_mon" | "tm_mday" | "tm_hour" | "tm_min" | "tm_sec", number>;
  return new Date(Date.UTC(tm.tm_year + 1900, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec));
}
