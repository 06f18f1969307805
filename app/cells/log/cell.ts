import { chownSync, constants, existsSync, lstatSync, openSync } from "node:fs";
import { ConfigError, ConfigFault } from "../../config/fault.ts";
import { LOG_SETTINGS_FILE, parseLogSettings } from "../../config/log-settings.ts";
import { LOG_DIRECTORY, LOG_SETTINGS_NAME } from "../../config/paths.ts";
import { type RawFile, readRawFile } from "../../config/raw-files.ts";
import { type ConsoleMessage, parseConsoleMessage } from "../../link/console-message.ts";
import { LineSplitter, MARK_PREFIX } from "../../link/status.ts";
import { formatZone, readZoneFile, zoneOfFile } from "../../link/zone.ts";
import type { Cell, CellContext, Preparation } from "../cell.ts";
import { ConsoleScreen } from "./console-screen.ts";
import { HealthLog } from "./health-log.ts";
import { formatLine, kernelText } from "./line.ts";
import { SerialOutput } from "./serial.ts";
import { keepZone } from "./zone-keeper.ts";

/** The log cell: every other cell's lines, stamped, to the serial line and to the health log on HW-LOG (R136–R167). */

const MAX_LINE_BYTES = 4096;
const MAX_SETTINGS_BYTES = 64 * 1024;
const FLUSH_INTERVAL_MS = 1_000;
const KERNEL_LOG = "/dev/kmsg";
const MARK = new RegExp(`^${MARK_PREFIX}([0-9]{1,9})$`);
/** Where a line comes from, in the order of the descriptors that the supervisor hands over. */
const SOURCES = ["supervisor", "log", "opcua", "mqtt", "navigation", "console"] as const;

interface Inputs {
  readonly directory: string;
  readonly settings: RawFile;
  /** Whether the directory is there at all. */
  readonly present: boolean;
  readonly kernelFd: number | null;
  /** The file that keeps the offset from UTC. */
  readonly zone: Buffer;
}

/** Hands the log directory to the user that the cell is about to become. */
function takeDirectory(directory: string, { onDevice, uid }: Preparation): boolean {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return false;
  if (onDevice && stat.uid !== uid) chownSync(directory, uid, uid);
  return true;
}

function openKernelLog(): number | null {
  if (!existsSync(KERNEL_LOG)) return null;
  return openSync(KERNEL_LOG, constants.O_RDONLY | constants.O_NONBLOCK);
}

function readInputs(preparation: Preparation): Inputs {
  const directory = `${preparation.root}/HW-LOG${LOG_DIRECTORY}`;
  const present = takeDirectory(directory, preparation);
  const settings = readRawFile(`${directory}/${LOG_SETTINGS_NAME}`, MAX_SETTINGS_BYTES);
  const kernelFd = preparation.onDevice ? openKernelLog() : null;
  return { directory, settings, present, kernelFd, zone: readZoneFile(directory) };
}

/** The health log, or null when none is wanted or none is possible; `complain` is told why not. */
function openHealthLog(inputs: Inputs, complain: (line: string) => void): HealthLog | null {
  // R157: without settings there is no log, and nothing is made up.
  if (!inputs.present || ("problem" in inputs.settings && inputs.settings.absent)) return null;
  try {
    if ("problem" in inputs.settings) {
      const values = { reason: inputs.settings.problem };
      throw new ConfigError([new ConfigFault({ rule: "log-file", file: LOG_SETTINGS_FILE, values })]);
    }
    const limits = parseLogSettings(inputs.settings.bytes.toString("utf8"));
    return new HealthLog({ directory: inputs.directory, limits });
  } catch (error) {
    if (error instanceof ConfigError) for (const { message } of error.faults) complain(message);
    else complain(unwritable(error));
    return null;
  }
}

function unwritable(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `HW-LOG:${LOG_DIRECTORY}: the health log can't be written (${reason}). Cure: check the card and start again`;
}

/** Puts every line out twice: on the serial line and, as long as that works, in the health log. */
class Output {
  readonly #screen: ConsoleScreen;
  #health: HealthLog | null = null;
  #zone: number;

  constructor(screen: ConsoleScreen, zone: number) {
    this.#screen = screen;
    this.#zone = zone;
  }

  /** R149: from now on the stamps show this offset, and after the next start too. */
  useZone(zone: number, inputs: Inputs): void {
    this.#zone = zone;
    this.line(Buffer.from(`Info: [CLOCK] the time zone is UTC${formatZone(zone)} from now on`), "log");
    try {
      keepZone(inputs.directory, zone);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const text = `Error: [CLOCK] the time zone will be forgotten when the power goes: it can't be kept on HW-LOG (${reason}). Cure: check the card`;
      this.line(Buffer.from(text), "log");
    }
  }

  useHealthLog(inputs: Inputs): void {
    this.#health = openHealthLog(inputs, (text) => this.line(Buffer.from(`Error: ${text}`), "log"));
    if (this.#health) setInterval(() => this.#guard((health) => health.flush()), FLUSH_INTERVAL_MS);
  }

  line(raw: Buffer, source: string): void {
    const line = formatLine({ raw, source, time: new Date(), zone: this.#zone });
    if (line === null) return;
    this.#screen.log(line);
    this.#guard((health) => health.append(Buffer.from(line, "utf8")));
  }

  /** The kernel writes to the serial line itself, so its messages only go to the card. */
  kernel(record: Buffer): void {
    const raw = kernelText(record);
    const line = raw && formatLine({ raw, source: "kernel", time: new Date(), zone: this.#zone });
    if (line) this.#guard((health) => health.append(Buffer.from(line, "utf8")));
  }

  close(): void {
    this.#guard((health) => health.close());
  }

  /** A card that fails takes the health log with it, never the serial line; one line says so. */
  #guard(action: (health: HealthLog) => void): void {
    const health = this.#health;
    if (!health) return;
    try {
      action(health);
    } catch (error) {
      this.#health = null;
      this.line(Buffer.from(`Error: ${unwritable(error)}`), "log");
    }
  }
}

/** What the console cell wants to be shown. */
function readConsole(context: CellContext, fd: number, onMessage: (message: ConsoleMessage) => void): void {
  const lines = new LineSplitter();
  context.platform.reader(
    fd,
    (chunk) =>
      lines.push(chunk, (line) => {
        const message = parseConsoleMessage(line.toString("latin1"));
        if (message) onMessage(message);
      }),
    (error) => {
      if (error) context.log.error(`the console's answers can't be read: ${error.message}`);
    },
  );
}

function start(inputs: Inputs, context: CellContext): void {
  const { platform, descriptors } = context;
  const [serialFd, consoleFd, ...sourceFds] = descriptors;
  if (serialFd === undefined || consoleFd === undefined)
    throw new Error("the log cell was started without its serial line");
  const serial = new SerialOutput(platform, serialFd, (error) => {
    throw error;
  });
  const screen = new ConsoleScreen(serial);
  const output = new Output(screen, zoneOfFile(inputs.zone));
  readConsole(context, consoleFd, (message) => {
    if (message.kind === "zone") output.useZone(message.minutes, inputs);
    else screen.show(message);
  });
  sourceFds.forEach((fd, index) => {
    const source = SOURCES[index] ?? "unknown";
    const lines = new LineSplitter(MAX_LINE_BYTES);
    const onLine = (line: Buffer): void => {
      const mark = MARK.exec(line.toString("latin1"));
      if (mark) context.report({ kind: "reached", mark: Number(mark[1]) });
      else output.line(line, source);
    };
    platform.reader(
      fd,
      (chunk) => lines.push(chunk, onLine),
      (error) => {
        if (error)
          output.line(Buffer.from(`Error: the lines of ${source} can't be read: ${error.message}`), "log");
      },
    );
  });
  if (inputs.kernelFd !== null) {
    platform.reader(
      inputs.kernelFd,
      (chunk) => output.kernel(Buffer.from(chunk)),
      // EPIPE: the kernel overwrote records before we read them; there is nothing to put right.
      () => undefined,
    );
  }
  output.useHealthLog(inputs);
  context.onStop(() => {
    output.close();
    process.exit(0);
  });
  context.report({ kind: "started" });
}

export const logCell: Cell = {
  prepare(preparation) {
    const inputs = readInputs(preparation);
    return (context) => start(inputs, context);
  },
};
