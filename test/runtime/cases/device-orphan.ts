/**
 * Device only, as root: a cell whose supervisor is killed. Arguments: role, a folder it may write, whether its walls are up.
 * Ends when both are gone; what the cell says is printed.
 */
import { writeSync } from "node:fs";
import { platform } from "#platform";
import type { Role } from "../../../app/runtime/platform-types.ts";

/** A cell that lives on does so for this long, not for ever. */
const OUTLIVES_MS = 20_000;
const [role, folder, walls] = process.argv.slice(2) as [Role, string, "walls" | "bare"];
const said = platform.pipe();

function cell(readyFd: number): void {
  if (walls === "walls") {
    platform.confine({
      netns: null,
      resolvConf: null,
      uid: 64_001,
      gid: 64_002,
      readPaths: [],
      writePaths: [folder],
      seccomp: role,
      limits: { addressSpace: 128 * 1024 * 1024, openFiles: 32 },
    });
  }
  setTimeout(() => {
    console.log("has outlived its supervisor");
    process.exit(1);
  }, OUTLIVES_MS);
  console.log("works");
  writeSync(readyFd, "x");
}

function supervisor(): void {
  const ready = platform.pipe();
  platform.spawn({
    role,
    keep: [ready.writeFd],
    stderrFd: said.writeFd,
    body: () => cell(ready.writeFd),
  });
  platform.reader(
    ready.readFd,
    () => process.kill(process.pid, "SIGKILL"),
    () => undefined,
  );
}

platform.onExit((_pid, exit) => console.log(`ended ${JSON.stringify(exit)}`));
platform.spawn({ role, keep: [said.writeFd], stderrFd: said.writeFd, body: supervisor });
platform.closeFd(said.writeFd);
let output = "";
platform.reader(
  said.readFd,
  (chunk) => {
    output += Buffer.from(chunk).toString();
  },
  () => console.log(output.trimEnd()),
);
