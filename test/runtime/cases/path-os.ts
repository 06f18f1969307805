/** path and os. */
import os from "node:os";
import path from "node:path";
import { show, showCode } from "./show.ts";

const samples = [
  "",
  ".",
  "..",
  "/",
  "//",
  "a",
  "a/",
  "/a",
  "/a/",
  "a/b.c",
  "/a/b.c/",
  "a//b",
  "./a",
  "../a",
  ".hid",
  "a.",
  "..x",
  "a.b.c",
  "/a/../..",
  "...",
  "a/.b",
  "//a/b",
  "///a",
];
for (const sample of samples) {
  show(JSON.stringify(sample), () => [
    path.normalize(sample),
    path.dirname(sample),
    path.basename(sample),
    path.extname(sample),
    path.isAbsolute(sample),
    path.format(path.parse(sample)),
    path.parse(sample),
  ]);
}
show("join", () => [
  path.join("a", "..", "..", "b"),
  path.join("/a", "/b", "", "c/"),
  path.join(),
  path.join("", ""),
]);
show("resolve", () => [
  path.resolve("/a", "b", "../c"),
  path.resolve("/a", "/b"),
  path.resolve("/x/./y//z/"),
]);
show("resolve to cwd", () => [path.resolve() === process.cwd(), path.resolve("x") === `${process.cwd()}/x`]);
show("relative", () => [
  path.relative("/a/b/c", "/a/d"),
  path.relative("/a", "/a/b/c"),
  path.relative("/a/b", "/a/b"),
  path.relative("/a/bc", "/a/b"),
  path.relative("/", "/x"),
  path.relative("/x", "/"),
]);
show("basename suffix", () => [
  path.basename("/a/b.html", ".html"),
  path.basename("b.html", "b.html"),
  path.basename("/a/b.html/", "x"),
  path.basename("aaa", "a"),
]);
show("constants", () => [path.sep, path.delimiter, path.posix === path, path.posix.sep]);
show("format", () => [
  path.format({ dir: "/d", name: "n", ext: "e" }),
  path.format({ root: "/", base: "b" }),
]);
for (const bad of [undefined, null, 5, {}, []]) {
  show(`join ${String(bad)}`, () => path.join(bad as never));
  showCode(`basename ${String(bad)}`, () => path.basename(bad as never));
}

show("os", () => [
  os.EOL,
  os.platform(),
  os.type(),
  os.endianness(),
  os.hostname(),
  os.tmpdir(),
  os.homedir(),
  os.release(),
  os.version(),
  os.devNull,
]);
show("memory", () => [os.totalmem() > 1e6, os.freemem() > 0, os.totalmem() === Math.floor(os.totalmem())]);
show("load", () => [
  os.loadavg().length,
  os.loadavg().every((load) => load >= 0),
  os.uptime() > 0,
  os.cpus().length > 0,
]);
show("interfaces", () =>
  Object.entries(os.networkInterfaces()).map(([name, list]) => [
    name,
    (list ?? []).map(({ address, netmask, family, mac, internal, cidr }) => [
      address,
      netmask,
      family,
      mac,
      internal,
      cidr,
    ]),
  ]),
);
show("signals", () => [
  os.constants.signals.SIGTERM,
  os.constants.signals.SIGCHLD,
  os.constants.errno.ECONNREFUSED,
]);
show("user", () => [os.userInfo().uid, os.userInfo().gid, os.userInfo().homedir === os.homedir()]);
