import { FIRST_YEAR, isSettable, LAST_YEAR } from "../../link/clock.ts";
import { MAX_ZONE, MIN_ZONE } from "../../link/zone.ts";

/** The commands of the serial console (R148–R150): a line of text becomes answers and at most one request. */

/** All that the console can ever bring about. */
export type Request =
  | { readonly kind: "clock"; readonly seconds: number }
  | { readonly kind: "zone"; readonly minutes: number }
  | { readonly kind: "vitals" };

export interface Reply {
  readonly answers: readonly string[];
  readonly request: Request | null;
}

/** The time at which a command is given, and the offset from UTC that the operator sees, in minutes. */
export interface Moment {
  readonly now: Date;
  readonly zone: number;
}

const TIME_USAGE = "Expected: time hh:mm:ss, from 00:00:00 to 23:59:59, for example: time 15:26:40";
const DATE_USAGE = `Expected: date mm/dd/yyyy, a day of the years ${FIRST_YEAR} to ${LAST_YEAR}, for example: date 10/18/2026`;
const ZONE_USAGE =
  "Expected: timezone -s hh:mm, ahead of UTC, from -12:00 to 14:00, for example: timezone -s 03:00";
const UNKNOWN = "Unknown command. There are: time, date, timezone, status, help";
const HELP = [
  "time                  prints the time",
  "time hh:mm:ss         sets the time",
  "date                  prints the date",
  "date mm/dd/yyyy       sets the date",
  "timezone              prints the offset from UTC",
  "timezone -s hh:mm     sets the offset from UTC, which the log shows too",
  "status                prints time, load and memory of the gateway",
  "help                  prints this list",
];

const TIME = /^([01]?[0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])$/;
const DATE = /^([0-9]{1,2})\/([0-9]{1,2})\/([0-9]{4})$/;
const OFFSET = /^([+-]?)([0-9]{1,2}):([0-5][0-9])$/;

const two = (value: number): string => String(value).padStart(2, "0");

/** `+03:00` */
function offsetText(zone: number): string {
  const away = Math.abs(zone);
  return `${zone < 0 ? "-" : "+"}${two(Math.floor(away / 60))}:${two(away % 60)}`;
}

/** A date whose UTC fields are those that the operator sees. */
function local({ now, zone }: Moment): Date {
  return new Date(now.getTime() + zone * 60_000);
}

function timeText(moment: Moment): string {
  const at = local(moment);
  const clock = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(":");
  return `${clock} (UTC${offsetText(moment.zone)})`;
}

function dateText(moment: Moment): string {
  const at = local(moment);
  return `${two(at.getUTCMonth() + 1)}/${two(at.getUTCDate())}/${String(at.getUTCFullYear()).padStart(4, "0")}`;
}

function say(...answers: string[]): Reply {
  return { answers, request: null };
}

/** Asks for the clock to be set to what the operator sees as `milliseconds`. */
function setClock(milliseconds: number, zone: number, usage: string): Reply {
  const seconds = Math.floor(milliseconds / 1000) - zone * 60;
  return isSettable(seconds) ? { answers: [], request: { kind: "clock", seconds } } : say(usage);
}

function time(words: readonly string[], moment: Moment): Reply {
  const [given, ...more] = words;
  if (given === undefined) return say(timeText(moment));
  const [, hours, minutes, seconds] = TIME.exec(given) ?? [];
  if (hours === undefined || more.length > 0) return say(TIME_USAGE);
  const at = local(moment);
  at.setUTCHours(Number(hours), Number(minutes), Number(seconds), 0);
  // A clock that has never been set is far away; the day comes first then.
  return setClock(at.getTime(), moment.zone, `The date is ${dateText(moment)}: set it first. ${DATE_USAGE}`);
}

function date(words: readonly string[], moment: Moment): Reply {
  const [given, ...more] = words;
  if (given === undefined) return say(dateText(moment));
  const [, month, day, year] = (DATE.exec(given) ?? []).map(Number);
  if (month === undefined || day === undefined || year === undefined || more.length > 0)
    return say(DATE_USAGE);
  const at = local(moment);
  at.setUTCFullYear(year, month - 1, day);
  // 02/30 would become a day of March.
  if (at.getUTCMonth() !== month - 1 || at.getUTCDate() !== day) return say(DATE_USAGE);
  return setClock(at.getTime(), moment.zone, DATE_USAGE);
}

function timezone(words: readonly string[], { zone }: Moment): Reply {
  const [option, given, ...more] = words;
  if (option === undefined) return say(`UTC${offsetText(zone)}`);
  const [, sign, hours, rest] = OFFSET.exec(given ?? "") ?? [];
  if (option !== "-s" || hours === undefined || more.length > 0) return say(ZONE_USAGE);
  const away = Number(hours) * 60 + Number(rest);
  const minutes = sign === "-" && away > 0 ? -away : away;
  if (minutes < MIN_ZONE || minutes > MAX_ZONE) return say(ZONE_USAGE);
  return { answers: [], request: { kind: "zone", minutes } };
}

/** Understands one line. Whatever it is: a wrong one gets one line that says what was expected. */
export function answer(line: string, moment: Moment): Reply {
  const [command, ...words] = line.split(" ").filter((word) => word !== "");
  switch (command) {
    case undefined:
      return say("Type help for the list of commands");
    case "time":
      return time(words, moment);
    case "date":
      return date(words, moment);
    case "timezone":
      return timezone(words, moment);
    case "status":
      if (words.length > 0) return say("Expected: status, with nothing behind it");
      return { answers: [`${dateText(moment)} ${timeText(moment)}`], request: { kind: "vitals" } };
    case "help":
      return words.length > 0 ? say("Expected: help, with nothing behind it") : say(...HELP);
    default:
      return say(UNKNOWN);
  }
}
