import { readFileSync } from "node:fs";
import { readRawFile } from "../config/raw-files.ts";
import { fileSummary } from "../config/summary.ts";
import type { Log } from "../link/log-line.ts";
import { NETWORK_SETTINGS, PORT_NAMES, type Side } from "./port.ts";

/** What the init scripts found wrong with a side's network before the gateway started: told with cause and cure. */

/** Where the init scripts leave word. */
const RUN = "/run";
/** One line per side: side, network interface, `ok` or what is wrong, separated by tabs. */
const TABLE = "gateway/network";
/** One line per setting that was not passed on to dhcpcd: number of the line, a tab, why. */
const leftOut = (side: Side): string => `net/${side}/left-out`;
/** The card's file as it was when the network was set up; none: the card had none, or there was no card. */
const atStart = (side: Side): string => `net/${side}/card-dhcpcd.conf`;
const MAX_SETTINGS_BYTES = 64 * 1024;
const SIDES: readonly Side[] = ["enw", "inw"];

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // No file, nothing wrong; and on a developer's machine there are no such sides.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function read(path: string): string[] {
  return readText(path).split("\n");
}

/** `HW-INW:/etc/dhcpcd.conf, line 3: left out, …` */
export function leftOutLines(side: Side, lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [, number, why] = /^([0-9]+)\t(.+)$/.exec(line) ?? [];
    return number === undefined ? [] : [`${NETWORK_SETTINGS[side]}, line ${number}: ${why}`];
  });
}

/** What is wrong with a side as a whole; null: nothing. */
export function sideProblem(side: Side, table: readonly string[]): string | null {
  const [, , problem] = table.map((line) => line.split("\t")).find(([name]) => name === side) ?? [];
  if (problem === undefined || problem === "ok") return null;
  return `${PORT_NAMES[side]}: ${problem}. Cure: restart the device; if it stays so, the device is defective`;
}

/** What to say when a card was put back whose network settings are not those that the device runs with; null: nothing. */
export function changedSettings(side: Side, files: { card: string; atStart: string }): string | null {
  if (readText(files.card) === readText(files.atStart)) return null;
  return (
    `${NETWORK_SETTINGS[side]} is not the same as when the device was switched on: it does not count yet. ` +
    "Cure: switch the device off and on again"
  );
}

/** R29: both sides' settings are taken over once, when the device is switched on; `labels` are mounted below `root`. */
export function tellChangedSettings(options: { root: string; labels: readonly string[]; log: Log }): void {
  for (const side of SIDES) {
    const [label = "", path] = NETWORK_SETTINGS[side].split(":");
    if (!options.labels.includes(label)) continue;
    const line = changedSettings(side, {
      card: `${options.root}/${label}${path}`,
      atStart: `${RUN}/${atStart(side)}`,
    });
    if (line !== null) options.log.warning(`[NETWORK] ${line}`);
  }
}

/** What holds until the next start (K48), and what of it does not work. */
export function tellNetworkReport(log: Pick<Log, "info" | "warning" | "error">, run = RUN): void {
  const table = read(`${run}/${TABLE}`);
  for (const side of SIDES) {
    const problem = sideProblem(side, table);
    if (problem !== null) log.error(`[NETWORK] ${problem}`);
    const settings = readRawFile(`${run}/${atStart(side)}`, MAX_SETTINGS_BYTES);
    for (const line of fileSummary("[NETWORK]", NETWORK_SETTINGS[side], settings)) log.info(line);
    for (const line of leftOutLines(side, read(`${run}/${leftOut(side)}`))) log.warning(`[NETWORK] ${line}`);
  }
}
