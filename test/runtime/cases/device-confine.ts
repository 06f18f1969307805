/**
 * Device only, as root: the walls of a cell. Arguments: role, a folder it may write, what it tries. The child's output and
 * its end are printed.
 */
import { lookup } from "node:dns";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import { platform } from "#platform";
import type { Role } from "../../../app/runtime/platform-types.ts";

const [role, folder, attempt] = process.argv.slice(2) as [Role, string, string];
const stderr = platform.pipe();

function tell(name: string, work: () => unknown): void {
  try {
    console.log(name, work());
  } catch (error) {
    console.log(name, "failed:", (error as { code?: string }).code);
  }
}

function status(name: string): string | undefined {
  return statusText
    .split("\n")
    .find((line) => line.startsWith(`${name}:`))
    ?.replace(/\s+/g, " ");
}
let statusText = "";

const attempts: Record<string, () => void> = {
  ids() {
    tell("ids", () =>
      [process.getuid?.(), process.geteuid?.(), process.getgid?.(), process.getegid?.()].join(),
    );
    for (const name of [
      "Groups",
      "CapInh",
      "CapPrm",
      "CapEff",
      "CapBnd",
      "CapAmb",
      "NoNewPrivs",
      "Seccomp",
    ]) {
      console.log(status(name));
    }
  },
  files() {
    tell("read allowed", () => fs.readFileSync("/etc/hosts", "utf8") !== "");
    tell("read passwd", () => fs.readFileSync("/etc/passwd"));
    tell("list root", () => fs.readdirSync("/"));
    tell("write outside", () => fs.writeFileSync(`${folder}-other`, "x"));
    tell("write inside", () => fs.writeFileSync(`${folder}/file`, "x"));
    tell("rename inside", () => fs.renameSync(`${folder}/file`, `${folder}/renamed`));
    tell("list inside", () => fs.readdirSync(folder).join());
    tell("delete inside", () => fs.unlinkSync(`${folder}/renamed`));
  },
  network() {
    tell("interfaces", () => Object.keys(os.networkInterfaces()).join());
    net
      .connect(9, "127.0.0.1")
      .on("error", (error) => console.log("connect:", (error as { code?: string }).code));
    lookup("no-such-host.invalid", (error) => console.log("lookup failed:", error !== null));
    lookup("localhost", 4, (error, address) => console.log("localhost:", error, address));
  },
  everyday() {
    tell("time", () => Date.now() > 0);
    tell("memory", () => process.memoryUsage().rss > 0);
    tell("cpu", () => process.cpuUsage().user >= 0);
    tell("name", () => os.hostname() !== "");
    tell("system", () => os.totalmem() > 0 && os.uptime() > 0 && os.cpus().length > 0);
    tell("random", () => crypto.getRandomValues(new Uint8Array(8)).length);
    tell("big", () => Buffer.alloc(8_000_000, 1).length);
    setTimeout(() => console.log("timer"), 5);
    setImmediate(() => console.log("immediate"));
    process.on("SIGTERM", () => console.log("never"));
  },
  kill: () => tell("kill", () => process.kill(1, 0)),
  mkdir: () => tell("mkdir", () => fs.mkdirSync(`${folder}/made`)),
  fork: () => void platform.spawn({ role, keep: [], stderrFd: 2, body: () => console.log("never: forked") }),
  program: () => tell("program", () => platform.run(["/bin/true"])),
  twice: () => tell("twice", () => confine()),
};

function confine(): void {
  platform.confine({
    netns: null,
    resolvConf: "/etc/hosts",
    uid: 64_001,
    gid: 64_002,
    readPaths: ["/etc/resolv.conf", "/etc/hosts"],
    writePaths: [folder],
    seccomp: role,
    limits: { addressSpace: 128 * 1024 * 1024, openFiles: 32 },
  });
}

platform.onExit((_pid, exit) => console.log(`ended ${JSON.stringify(exit)}`));
platform.spawn({
  role,
  keep: [],
  stderrFd: stderr.writeFd,
  body() {
    const statusFd = fs.openSync("/proc/self/status", "r");
    confine();
    const bytes = Buffer.alloc(8192);
    statusText = bytes.toString("latin1", 0, fs.readSync(statusFd, bytes, 0, bytes.length, null));
    fs.closeSync(statusFd);
    attempts[attempt]?.();
  },
});
platform.closeFd(stderr.writeFd);
let output = "";
platform.reader(
  stderr.readFd,
  (chunk) => {
    output += Buffer.from(chunk).toString();
  },
  () => console.log(output.trimEnd()),
);
