import { constants, openSync } from "node:fs";
import { resolve } from "node:path";
import { platform } from "#platform";
import { isStartedRole, preloadCells } from "./supervisor/load-cell.ts";
import { runCell } from "./supervisor/run-cell.ts";
import { Supervisor } from "./supervisor/supervisor.ts";

/** What runs on the card: `--root DIR` starts the supervisor; on Node.js `--role ROLE --keep FDS` is one of its cells. */

const USAGE = "usage: --root DIR [--serial DEVICE]";
const EXIT_USAGE = 64;
const DEFAULT_SERIAL = "/dev/ttyS1";
const STDOUT_FD = 1;

function options(argv: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < argv.length; at += 2) {
    const [name, value] = [argv[at], argv[at + 1]];
    if (!name?.startsWith("--") || value === undefined) throw new Error(USAGE);
    found.set(name.slice(2), value);
  }
  return found;
}

/** The serial line on the device, once for writing and once for what is typed there; standard output in development. */
function openSerial(path: string | undefined): { serialFd: number; typedFd: number | null } {
  if (platform.kind === "node" && path === undefined) return { serialFd: STDOUT_FD, typedFd: null };
  const open = (way: number): number =>
    openSync(path ?? DEFAULT_SERIAL, way | constants.O_NOCTTY | constants.O_NONBLOCK);
  const serialFd = open(constants.O_WRONLY);
  // A file in place of the line, in tests, says nothing.
  return { serialFd, typedFd: platform.terminal(serialFd) ? open(constants.O_RDONLY) : null };
}

async function main(): Promise<void> {
  const given = options(process.argv.slice(2));
  const root = given.get("root");
  if (root === undefined) throw new Error(USAGE);
  const role = given.get("role");
  if (role !== undefined) {
    if (!isStartedRole(role)) throw new Error(`there is no cell called ${role}`);
    const descriptors = (given.get("keep") ?? "").split(",").map(Number);
    await runCell({ role, root: resolve(root), descriptors });
    return;
  }
  const serial = openSerial(given.get("serial"));
  if (platform.kind === "quickjs") await preloadCells();
  // What goes wrong in there is told where operators look, by its own handler of errors.
  void new Supervisor({ root: resolve(root), ...serial }).start();
}

main().catch((error: unknown) => {
  process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(EXIT_USAGE);
});
