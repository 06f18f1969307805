import { sealAbsent } from "../bundle/absent-state.ts";
import type { Cell } from "../cells/cell.ts";
import type { Role } from "../runtime/platform-types.ts";

/** The cells, in the order in which they are made; the console is started where somebody can type. */
export const ROLES = ["log", "opcua", "mqtt", "navigation", "console"] as const satisfies readonly Role[];
export type StartedRole = (typeof ROLES)[number];

export function isStartedRole(text: string): text is StartedRole {
  return (ROLES as readonly string[]).includes(text);
}

/** Loads one cell's program; on Node.js a cell's process loads nothing of the others. */
export async function loadCell(role: StartedRole): Promise<Cell> {
  switch (role) {
    case "log":
      return (await import("../cells/log/cell.ts")).logCell;
    case "opcua":
      return (await import("../cells/opcua/cell.ts")).opcuaCell;
    case "mqtt":
      return (await import("../cells/mqtt/cell.ts")).mqttCell;
    case "navigation":
      return (await import("../cells/navigation/cell.ts")).navigationCell;
    case "console":
      return (await import("../cells/console/cell.ts")).consoleCell;
  }
}

/** Loads all of them, once, before the supervisor forks: the cells then share the memory. */
export async function preloadCells(): Promise<void> {
  for (const role of ROLES) await loadCell(role);
  sealAbsent();
}
