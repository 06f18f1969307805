/** Device only: the platform (platform-types.ts). The parent prints what it sees; no line may come twice. */
import { closeSync, fstatSync, openSync, readdirSync } from "node:fs";
import { platform } from "#platform";

const errors = platform.pipe();
const data = platform.pipe();
const heard = { stderr: "", data: "" };

process.on("SIGTERM", () => console.log("never: the parent's handler in a child"));
process.on("exit", (code) => console.log(`exit of the parent ${code}`));
setTimeout(() => console.log("timer of the parent"), 400);
Promise.resolve().then(() => console.log("promise job of the parent"));
process.nextTick(() => console.log("tick of the parent"));
const unrelated = openSync("/dev/null", "r");

const names = new Map<number, string>();
platform.onExit((pid, exit) => {
  console.log(`${names.get(pid)} ended ${JSON.stringify(exit)}`);
  names.delete(pid);
  if (names.size === 0) console.log("all ended");
});

function descriptorsAbove2(): number[] {
  return readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => {
      try {
        fstatSync(fd);
        return fd > 2;
      } catch {
        return false;
      }
    });
}

const writer = platform.spawn({
  role: "navigation",
  keep: [data.writeFd],
  stderrFd: errors.writeFd,
  body() {
    // One more is the epoll instance of the child's own loop.
    const others = descriptorsAbove2().filter((fd) => fd !== data.writeFd && fd !== unrelated);
    console.log(`descriptors kept ${descriptorsAbove2().includes(data.writeFd)}, beside it ${others.length}`);
    console.error(`listeners ${process.listenerCount("SIGTERM")} ${process.listenerCount("exit")}`);
    const out = platform.writer(data.writeFd, (error) => console.log(`writer: ${error.message}`));
    const chunk = Buffer.alloc(50_000, "x");
    let total = 0;
    const send = () => {
      for (;;) {
        const rest = Math.min(chunk.length, 300_000 - total);
        const taken = out.write(chunk.subarray(0, rest));
        total += taken;
        if (total >= 300_000) {
          out.close();
          setTimeout(() => process.exit(5), 10);
          return;
        }
        if (taken < rest) {
          out.onceWritable(send);
          return;
        }
      }
    };
    send();
    Promise.resolve().then(() => console.log("promise job of the child"));
  },
});
names.set(writer, "writer");

const sleeper = platform.spawn({
  role: "log",
  keep: [],
  stderrFd: errors.writeFd,
  body: () => void setInterval(() => undefined, 1000),
});
names.set(sleeper, "sleeper");
const failing = platform.spawn({
  role: "mqtt",
  keep: [],
  stderrFd: errors.writeFd,
  body() {
    throw new RangeError("the body failed");
  },
});
names.set(failing, "failing");

platform.closeFd(errors.writeFd);
platform.closeFd(data.writeFd);
closeSync(unrelated);
setTimeout(() => platform.kill(sleeper, "SIGTERM"), 100);

const ended = (name: string) => {
  console.log(`${name} ended`);
  if (name === "stderr") {
    const lines = heard.stderr.split("\n").filter((line) => line !== "" && !line.startsWith("    at "));
    console.log(lines.sort().join("\n"));
  } else {
    console.log(`bytes ${heard.data.length}`);
  }
};
const errorReader = platform.reader(
  errors.readFd,
  (chunk) => {
    heard.stderr += Buffer.from(chunk).toString();
  },
  (error) => {
    errorReader.close();
    ended(error ? error.message : "stderr");
  },
);
let pauses = 0;
const dataReader = platform.reader(
  data.readFd,
  (chunk) => {
    heard.data += Buffer.from(chunk).toString();
    if (pauses++ > 2) return;
    dataReader.pause();
    setTimeout(() => dataReader.resume(), 5);
  },
  (error) => {
    dataReader.close();
    ended(error ? error.message : "data");
  },
);

console.log(JSON.stringify(platform.run(["/bin/sh", "-c", "exit 3"])));
console.log(JSON.stringify(platform.run(["/bin/sh", "-c", "kill -9 $$"])));
try {
  platform.run(["/no/such/program"]);
} catch (error) {
  console.log((error as Error).message);
}
console.log(platform.kind, platform.uptime() > 0);

const broken = platform.pipe();
platform.closeFd(broken.readFd);
const brokenWriter = platform.writer(broken.writeFd, (error) => console.log(`broken pipe: ${error.message}`));
console.log("taken by a broken pipe", brokenWriter.write(Buffer.from("abc")));
brokenWriter.close();
