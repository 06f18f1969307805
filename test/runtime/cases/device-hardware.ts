/** Device only, as root: the serial line and the clock. Arguments: a terminal, a file. No case may set this PC's clock. */
import { constants, openSync } from "node:fs";
import { platform } from "#platform";

const [terminal = "", file = ""] = process.argv.slice(2);
const open = (path: string): number => openSync(path, constants.O_WRONLY | constants.O_NOCTTY);

console.log("file", platform.terminal(open(file)));
console.log("terminal", platform.terminal(open(terminal)));
// What init does to the console whenever it starts a program.
console.log("sane", platform.run(["/usr/bin/stty", "-F", terminal, "sane", "ixon", "9600"]).signal);
console.error("settings");
platform.run(["/bin/sh", "-c", 'exec /usr/bin/stty -a <"$0" >&2', terminal]);
console.log("again", platform.terminal(open(terminal)));

for (const seconds of [0, -1, Number.NaN, "1800000000"]) {
  try {
    platform.setClock(seconds as number);
    console.log("never");
  } catch (error) {
    console.log((error as { code?: string }).code, (error as Error).message);
  }
}
