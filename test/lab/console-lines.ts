/** The diagnostics log on the serial line: the product's own words (R137–R142) and the form of a line (R145). */
import { LabError } from "./errors.ts";
import type { Journal } from "./journal.ts";

/** R145: `[YYYY-MM-DD hh:mm:ss.mmm (UTC±hhmm)]`, then the level and the text. */
export const STAMPED =
  /^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \(UTC([+-]\d{4})\)\] ((?:Info|Warning|Error|Debug): .*)$/;

/** The text of a line of the diagnostics log without its stamp; null for other lines (kernel, firmware). */
export function withoutStamp(line: string): string | null {
  return STAMPED.exec(line)?.[3] ?? null;
}

/** R137: the card and its partitions. */
export const OS_START: readonly string[] = [
  "Info: [BLKDEVSR] Port 'mmc0' successfully registered.",
  ...[0, 1, 2, 3, 4].flatMap((partition) => [
    `Info: [BLKDEVSR] Port 'mmc0_p${partition}' successfully registered.`,
    `Info: [BLKDEVSR] Port 'mmc0_p${partition}ro' successfully registered.`,
  ]),
];

/** R138 */
export const OPCUA_START: readonly string[] = [
  "Info: Starting the OPC UA Client Manager Server service",
  "Info: The OPC UA Client Manager Server service has been started",
  "Info: Starting the OPC UA Client Manager service",
  "Info: Loading all OpcUaClientSettings",
  "Info: All OpcUaClientSettings has been loaded",
  "Info: The OPC UA Client Manager service has been started",
];

/** R139 */
export const MQTT_START: readonly string[] = [
  "Info: Starting the MQTT Publisher Manager Server service",
  "Info: The MQTT Publisher Manager Server service has been started",
  "Info: Starting the MQTT Publisher Manager service",
  "Info: Starting the MQTT Publisher service",
  "Info: The MQTT Publisher service has been started",
  "Info: The MQTT Publisher Manager service has been started",
];

/** R140 */
export const NAVIGATION_START: readonly string[] = [
  "Info: Starting the Navigation Service service",
  "Info: Loading all GuideSettings",
  "Info: All GuideSettings has been loaded",
  "Info: The Navigation Service service has been started",
];

/** R142 */
export const OPCUA_CONNECTED = "OPC UA Client has established connection";
export const MQTT_CONNECTED = "MQTT Publisher established connection";

/** Longer than a line of the health log stays unsafe: it is made safe once a second. */
export const SAFE_MS = 4_000;
const PASS_DEADLINE_MS = 60_000;

/** Until the device, which is told to say its status every second, has gone on for so long by its own clock. */
export async function letPass(lines: Journal<string>, ms: number): Promise<void> {
  const status = "[SUPERVISOR] status:";
  const from = lines.entries.length;
  const first = stampTime(await findLine(lines, status, { deadlineMs: PASS_DEADLINE_MS, from }));
  await lines.find((line) => line.includes(status) && stampTime(line) >= first + ms, {
    what: `status ${ms} ms later`,
    deadlineMs: PASS_DEADLINE_MS,
    from,
  });
}

/** One diagnostics line that contains `text`. */
export function findLine(
  lines: Journal<string>,
  text: string,
  options: { deadlineMs: number; from?: number },
): Promise<string> {
  return lines.find((line) => line.includes(text), { what: `line '${text}'`, ...options });
}

/**
 * The block's lines are there, verbatim, in order, each once, each with a stamp, and the stamps never run backwards.
 * Lines of other blocks may stand between them: the cells start side by side.
 */
export function assertBlock(lines: readonly string[], block: readonly string[]): void {
  const fail = (why: string) => new LabError("LAB_VALUES_DIFFER", `serial console: ${why}`);
  let previous = { position: -1, time: "" };
  for (const expected of block) {
    const positions = [...lines.keys()].filter(
      (position) => withoutStamp(lines[position] ?? "") === expected,
    );
    const [position] = positions;
    if (position === undefined) throw fail(`the line '${expected}' is missing`);
    if (positions.length > 1) throw fail(`the line '${expected}' is there ${positions.length} times`);
    const time = STAMPED.exec(lines[position] ?? "")?.[1] ?? "";
    if (position < previous.position) throw fail(`the line '${expected}' is out of order`);
    if (time < previous.time)
      throw fail(`the stamp of '${expected}' runs backwards: ${previous.time} → ${time}`);
    previous = { position, time };
  }
}

/** No line contains the text: that part of the gateway is down (R141). */
export function assertNoLine(lines: readonly string[], unwanted: string): void {
  const found = lines.find((line) => line.includes(unwanted));
  if (found !== undefined)
    throw new LabError("LAB_VALUES_DIFFER", `serial console: unexpected line '${found}'`);
}

/** Signs of a program or kernel that broke, wherever they come from. */
const BROKEN =
  /\b(Kernel panic|Oops|BUG:|segfault|general protection|invalid opcode|Call Trace|Out of memory)/;

/** No error and no warning of the gateway, nothing broken below it, and every line of the gateway has its stamp. */
export function assertHealthy(lines: readonly string[]): void {
  for (const line of lines) {
    const unstamped = /^(Info|Warning|Error): /.test(line);
    const bad = /^(Error|Warning): /.test(withoutStamp(line) ?? "");
    if (unstamped || bad || BROKEN.test(line)) {
      throw new LabError("LAB_VALUES_DIFFER", `serial console: this line should not be there: ${line}`);
    }
  }
}

/** R145's stamp as milliseconds since the epoch; NaN for a line without stamp. */
export function stampTime(line: string): number {
  const [, local, offset] = STAMPED.exec(line) ?? [];
  return Date.parse(`${local?.replace(" ", "T")}${offset?.slice(0, 3)}:${offset?.slice(3)}`);
}
