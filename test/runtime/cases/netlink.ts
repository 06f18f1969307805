/** Device only, as root: a socket that hears of another namespace's links. Arguments: the namespace, a path of none. */
import { readlinkSync, writeSync } from "node:fs";
import { platform } from "#platform";
import { netlinkQuestion, parseNetlink } from "../../../app/supervisor/rtnetlink.ts";

const [namespace = "", missing = ""] = process.argv.slice(2);
const own = (): string => readlinkSync("/proc/self/ns/net");
const before = own();

for (const path of [missing, "/dev/null"]) {
  try {
    console.log("opened", platform.netlink(path));
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    console.log(syscall, code);
  }
}
const fd = platform.netlink(namespace);
if (fd === null) throw new Error("there is no such socket");
console.log("namespace", own() === before ? "as before" : "changed");

let changing = false;
const reader = platform.reader(
  fd,
  (chunk) => {
    for (const event of parseNetlink(chunk)) {
      console.log(JSON.stringify(event));
      if (event.kind === "done") {
        // Not asked for: the kernel tells it by itself.
        changing = true;
        platform.run(["/usr/bin/nsenter", `--net=${namespace}`, "/sbin/ip", "link", "set", "lo", "up"]);
      } else if (event.kind === "address" && changing) reader.close();
    }
  },
  (error) => console.log("ended", error),
);
writeSync(fd, netlinkQuestion("links"));
