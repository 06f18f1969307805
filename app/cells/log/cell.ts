import { chownSync, lstatSync } from "node:fs";
import { LOG_DIRECTORY, LOG_SETTINGS_NAME } from "../../config/paths.ts";
import { type RawFile, readRawFile } from "../../config/raw-files.ts";
import { logSummary } from "../../config/summary.ts";
import { type ConsoleMessage, parseConsoleMessage } from "../../link/console-message.ts";
import { LineSplitter, MARK_PREFIX } from "../../link/status.ts";
import { formatZone, readZoneFile, zoneOfFile } from "../../link/zone.ts";
import type { Cell, CellContext, Preparation } from "../cell.ts";
import { CardLog } from "./card-log.ts";
import { ConsoleScreen } from "./console-screen.ts";
import { KernelConsole, type KernelRecord, tellKernelLog } from "./kernel-log.ts";
import { formatLine } from "./line.ts";
import { SerialOutput } from "./serial.ts";
import { keepZone } from "./zone-keeper.ts";

/** The log cell: every other cell's lines, stamped, to the serial line and to the health log on HW-LOG (R136–R167). */

const MAX_LINE_BYTES = 4096;
const MAX_SETTINGS_BYTES = 64 * 1024;
/** How long a line may be on the serial line only. */
const TICK_MS = 1_000;
const KERNEL_PREFIX = Buffer.from("Info: [kernel] ", "latin1");
const MARK = new RegExp(`^${MARK_PREFIX}([0-9]{1,9})$`);
/** Where a line comes from, in the order of the descriptors that the supervisor hands over; the kernel's may follow. */
const SOURCES = ["supervisor", "log", "opcua", "mqtt", "navigation", "console"] as const;

interface Inputs {
  readonly directory: string;
  readonly settings: RawFile;
  /** A log cell before this one worked with the same descriptors. */
  readonly again: boolean;
  /** The file that keeps the offset from UTC. */
  readonly zone: Buffer;
}

/** Hands the log directory to the user that the cell is about to become. */
function takeDirectory(directory: string, { onDevice, uid }: Preparation): void {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (stat?.isDirectory() && onDevice && stat.uid !== uid) chownSync(directory, uid, uid);
}

function readInputs(preparation: Preparation): Inputs {
  const directory = `${preparation.root}/HW-LOG${LOG_DIRECTORY}`;
  takeDirectory(directory, preparation);
  const settings = readRawFile(`${directory}/${LOG_SETTINGS_NAME}`, MAX_SETTINGS_BYTES);
  return { directory, settings, again: preparation.again, zone: readZoneFile(directory) };
}

/** Puts every line out twice: on the serial line and, as long as there is one, in the health log. */
class Output {
  readonly #screen: ConsoleScreen;
  readonly #kernelConsole: KernelConsole;
  #card: CardLog | null = null;
  #zone: number;

  constructor(options: { screen: ConsoleScreen; kernelConsole: KernelConsole; zone: number }) {
    this.#screen = options.screen;
    this.#kernelConsole = options.kernelConsole;
    this.#zone = options.zone;
  }

  /** R149: from now on the stamps show this offset, and after the next start too. */
  useZone(zone: number, inputs: Inputs): void {
    this.#zone = zone;
    this.own(`Info: [CLOCK] the time zone is UTC${formatZone(zone)} from now on`);
    try {
      keepZone(inputs.directory, zone);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.own(
        `Error: [CLOCK] the time zone will be forgotten when the power goes: it can't be kept on HW-LOG (${reason}). Cure: check the card`,
      );
    }
  }

  useHealthLog({ directory, settings }: Inputs): void {
    const card = new CardLog({
      directory,
      settings,
      say: (text) => {
        const line = this.#format(Buffer.from(text), "log");
        if (line !== null) this.#screen.log(line);
        return line === null ? null : Buffer.from(line, "utf8");
      },
    });
    this.#card = card;
    for (const line of logSummary(settings)) this.own(`Info: ${line}`);
    setInterval(() => card.tick(), TICK_MS);
  }

  line(raw: Buffer, source: string): void {
    const line = this.#format(raw, source);
    if (line === null) return;
    this.#screen.log(line);
    this.#card?.append(Buffer.from(line, "utf8"));
  }

  /** A line of the log cell itself. */
  own(text: string): void {
    this.line(Buffer.from(text), "log");
  }

  kernel(record: KernelRecord): void {
    const line = this.#format(Buffer.concat([KERNEL_PREFIX, record.text]), "kernel");
    const shown = this.#kernelConsole.hasShown(record);
    if (line === null) return;
    if (!shown) this.#screen.log(line);
    this.#card?.append(Buffer.from(line, "utf8"));
  }

  close(): void {
    this.#card?.close();
  }

  #format(raw: Buffer, source: string): string | null {
    return formatLine({ raw, source, time: new Date(), zone: this.#zone });
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
  const [serialFd, consoleFd, ...others] = descriptors;
  if (serialFd === undefined || consoleFd === undefined)
    throw new Error("the log cell was started without its serial line");
  const serial = new SerialOutput(platform, serialFd, (error) => {
    throw error;
  });
  const screen = new ConsoleScreen(serial);
  const kernelConsole = new KernelConsole({ startedAt: platform.uptime() * 1_000_000, again: inputs.again });
  const output = new Output({ screen, kernelConsole, zone: zoneOfFile(inputs.zone) });
  readConsole(context, consoleFd, (message) => {
    if (message.kind === "zone") output.useZone(message.minutes, inputs);
    else screen.show(message);
  });
  others.slice(0, SOURCES.length).forEach((fd, index) => {
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
        if (error) output.own(`Error: the lines of ${source} can't be read: ${error.message}`);
      },
    );
  });
  output.useHealthLog(inputs);
  const kernelFd = others[SOURCES.length];
  if (kernelFd !== undefined) tellKernelLog(platform, kernelFd, output);
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
