import { LOG_DIRECTORY } from "../../config/paths.ts";
import { type ConsoleMessage, formatConsoleMessage, MAX_TYPED } from "../../link/console-message.ts";
import { readZoneFile, zoneOfFile } from "../../link/zone.ts";
import type { FdWriter } from "../../runtime/platform-types.ts";
import type { Cell, CellContext } from "../cell.ts";
import { answer, type Reply } from "./command.ts";
import { LineEditor } from "./line-editor.ts";

/**
 * The console cell: reads the serial line and understands a handful of commands (R148–R150). It can do nothing by
 * itself: the log cell shows what it answers and keeps the zone, the supervisor sets the clocks.
 */

const TOO_LONG = `Longer than ${MAX_TYPED} characters: nothing was done. Type help for the list of commands`;

/** Messages to the log cell, as many as its pipe takes at once; the rest waits, up to a bound. */
class Screen {
  readonly #writer: FdWriter;
  // A predecessor that crashed in the middle of a message must not spoil ours.
  #waiting: Buffer = Buffer.from("\n");

  constructor(context: CellContext, fd: number) {
    this.#writer = context.platform.writer(fd, (error) => {
      throw error;
    });
  }

  /** Whether nothing waits. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  show(messages: readonly ConsoleMessage[], whenIdle: () => void): void {
    this.#waiting = Buffer.concat([this.#waiting, Buffer.from(messages.map(formatConsoleMessage).join(""))]);
    this.#drain(whenIdle);
  }

  #drain(whenIdle: () => void): void {
    this.#waiting = this.#waiting.subarray(this.#writer.write(this.#waiting));
    if (this.idle) whenIdle();
    else this.#writer.onceWritable(() => this.#drain(whenIdle));
  }
}

const TOO_FAST = "Too fast: nothing was done. Try again in a few seconds";
/** Each request is a line in the log, and some are writes to the card: whoever sits here must not wear them out. */
const REQUESTS_AT_ONCE = 8;
const SECONDS_PER_REQUEST = 2;

/** How many requests may still be made. */
class Pace {
  readonly #uptime: () => number;
  #left = REQUESTS_AT_ONCE;
  #last: number;

  constructor(uptime: () => number) {
    this.#uptime = uptime;
    this.#last = uptime();
  }

  take(): boolean {
    const now = this.#uptime();
    this.#left = Math.min(REQUESTS_AT_ONCE, this.#left + (now - this.#last) / SECONDS_PER_REQUEST);
    this.#last = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

/** How long the supervisor may take to set the clock. */
const SETTING_SECONDS = 5;

/** The time, as it is or as it will be at once: the next command may be here before the clock is set. */
class Clock {
  readonly #uptime: () => number;
  #set: { readonly milliseconds: number; readonly uptime: number } | null = null;

  constructor(uptime: () => number) {
    this.#uptime = uptime;
  }

  now(): Date {
    const since = this.#set && this.#uptime() - this.#set.uptime;
    if (!this.#set || since === null || since > SETTING_SECONDS) return new Date();
    return new Date(this.#set.milliseconds + since * 1000);
  }

  willBe(seconds: number): void {
    this.#set = { milliseconds: seconds * 1000, uptime: this.#uptime() };
  }
}

function start(keptZone: Buffer, context: CellContext): void {
  const [serialFd, screenFd] = context.descriptors;
  if (serialFd === undefined || screenFd === undefined)
    throw new Error("the console cell was started without its serial line");
  let zone = zoneOfFile(keptZone);
  let messages: ConsoleMessage[] = [];
  const uptime = (): number => context.platform.uptime();
  const clock = new Clock(uptime);
  const pace = new Pace(uptime);
  const obey = ({ answers, request }: Reply): void => {
    if (request && !pace.take()) {
      messages.push({ kind: "answer", text: TOO_FAST });
      return;
    }
    for (const text of answers) messages.push({ kind: "answer", text });
    if (request?.kind === "zone") {
      zone = request.minutes;
      messages.push(request);
      return;
    }
    if (request?.kind === "clock") clock.willBe(request.seconds);
    if (request) context.report(request);
  };
  const editor = new LineEditor((line) => {
    messages.push({ kind: "typed", text: line ?? editor.text }, { kind: "entered" });
    obey(line === null ? { answers: [TOO_LONG], request: null } : answer(line, { now: clock.now(), zone }));
  });
  const screen = new Screen(context, screenFd);
  const serial = context.platform.reader(
    serialFd,
    (chunk) => {
      editor.push(chunk);
      messages.push({ kind: "typed", text: editor.text });
      const send = messages;
      messages = [];
      screen.show(send, () => serial.resume());
      // Nobody types faster than the log cell reads; whatever does has to wait.
      if (!screen.idle) serial.pause();
    },
    (error) => {
      throw error ?? new Error("the serial line has ended");
    },
  );
  context.onStop(() => process.exit(0));
  context.report({ kind: "started" });
}

export const consoleCell: Cell = {
  prepare({ root }) {
    const keptZone = readZoneFile(`${root}/HW-LOG${LOG_DIRECTORY}`);
    return (context) => start(keptZone, context);
  },
};
