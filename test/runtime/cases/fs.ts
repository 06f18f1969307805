/** fs: files, folders, links, their errors, and the three flavours of calls. */
import fs from "node:fs";
import * as promises from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { show, showCode } from "./show.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "gwcard-fs-"));
const at = (name: string) => path.join(folder, name);
/** Names in messages are the same wherever the case runs. */
const told = (label: string, work: () => unknown) =>
  show(label, () => {
    try {
      return work();
    } catch (error) {
      const { name, code, errno, syscall, message } = error as NodeJS.ErrnoException;
      return [name, code, errno, syscall, message.replaceAll(folder, "<folder>")];
    }
  });
const wrong = (value: unknown) => value as never;

told("write and read", () => {
  fs.writeFileSync(at("a"), "héllo");
  return [
    fs.readFileSync(at("a")),
    fs.readFileSync(at("a"), "utf8"),
    fs.readFileSync(at("a"), { encoding: "latin1" }),
  ];
});
told("append", () => {
  fs.appendFileSync(at("a"), Buffer.from("!"));
  return fs.readFileSync(at("a"), "utf8");
});
told("flags", () => {
  fs.writeFileSync(at("a"), "X", { flag: "r+" });
  return fs.readFileSync(at("a"), "utf8");
});
told("exclusive", () => fs.writeFileSync(at("a"), "", { flag: "wx" }));
told("missing", () => fs.readFileSync(at("missing")));
told("read a folder", () => fs.readFileSync(folder));
told("open in nothing", () => fs.openSync(at("no/such"), "w"));
told("bad flag", () => fs.openSync(at("a"), "zz"));
told("bad path", () => fs.readFileSync(wrong({})));
told("NUL in path", () => fs.existsSync("a\0b"));
showCode("NUL in path throws", () => fs.readFileSync("a\0b"));
showCode("bad encoding", () => fs.readFileSync(at("a"), wrong("utf9")));
told("descriptor", () => {
  const fd = fs.openSync(at("fd"), "w+", 0o640);
  const written = [
    fs.writeSync(fd, "0123456789"),
    fs.writeSync(fd, Buffer.from("abc"), 1, 2),
    fs.writeSync(fd, "Z", 0),
  ];
  const buffer = Buffer.alloc(8, ".");
  const read = [
    fs.readSync(fd, buffer, 0, 4, 0),
    fs.readSync(fd, buffer, 4, 4, 9),
    fs.readSync(fd, buffer, 0, 1, 100),
  ];
  fs.ftruncateSync(fd, 5);
  const size = fs.fstatSync(fd).size;
  fs.fsyncSync(fd);
  fs.closeSync(fd);
  return [written, read, buffer, size, fs.statSync(at("fd")).mode.toString(8)];
});
told("closed descriptor", () => fs.closeSync(9999));
told("descriptor no number", () => fs.closeSync(wrong("x")));
told("read out of range", () => {
  const fd = fs.openSync(at("a"), "r");
  try {
    return fs.readSync(fd, Buffer.alloc(2), 0, 5, 0);
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    fs.closeSync(fd);
  }
});
told("stat", () => {
  const stats = fs.statSync(at("a"));
  return [
    stats.isFile(),
    stats.isDirectory(),
    stats.isSymbolicLink(),
    stats.size,
    stats.nlink,
    stats.mtime instanceof Date,
    Math.abs(Date.now() - stats.mtimeMs) < 60_000,
  ];
});
told("stat missing", () => fs.statSync(at("missing")));
told("stat quietly", () => fs.statSync(at("missing"), { throwIfNoEntry: false }));
told("exists", () => [fs.existsSync(at("a")), fs.existsSync(at("missing")), fs.existsSync(wrong(undefined))]);
told("access", () => [fs.accessSync(at("a")), fs.accessSync(at("a"), fs.constants.R_OK)]);
told("access missing", () => fs.accessSync(at("missing")));
told("times", () => {
  fs.utimesSync(at("a"), 1000, new Date(2_000_500));
  return [fs.statSync(at("a")).atimeMs, fs.statSync(at("a")).mtimeMs];
});
told("mkdir", () => [
  fs.mkdirSync(at("d")),
  fs.mkdirSync(at("d/e/f"), { recursive: true }) === at("d/e"),
  fs.mkdirSync(at("d/e"), { recursive: true }),
]);
told("mkdir again", () => fs.mkdirSync(at("d")));
told("rmdir full", () => fs.rmdirSync(at("d")));
told("readdir", () => {
  fs.writeFileSync(at("d/x"), "");
  fs.symlinkSync("x", at("d/link"));
  return [
    fs.readdirSync(at("d")).sort(),
    fs
      .readdirSync(at("d"), { withFileTypes: true })
      .map((entry) => [entry.name, entry.isFile(), entry.isDirectory(), entry.isSymbolicLink()])
      .sort(),
    fs.readdirSync(at("d"), { recursive: true }).sort(),
  ];
});
told("readdir missing", () => fs.readdirSync(at("missing")));
told("readdir of a file", () => fs.readdirSync(at("a")));
told("links", () => [
  fs.readlinkSync(at("d/link")),
  fs.lstatSync(at("d/link")).isSymbolicLink(),
  fs.realpathSync(at("d/link")) === fs.realpathSync(at("d/x")),
]);
told("readlink of a file", () => fs.readlinkSync(at("a")));
told("rename", () => {
  fs.renameSync(at("a"), at("b"));
  return [fs.existsSync(at("a")), fs.existsSync(at("b"))];
});
told("rename missing", () => fs.renameSync(at("a"), at("c")));
told("copy", () => {
  fs.copyFileSync(at("b"), at("c"));
  return fs.readFileSync(at("c"), "utf8");
});
told("copy exclusively", () => fs.copyFileSync(at("b"), at("c"), fs.constants.COPYFILE_EXCL));
told("chmod", () => {
  fs.chmodSync(at("c"), 0o600);
  fs.chmodSync(at("b"), "755");
  return [fs.statSync(at("c")).mode & 0o777, fs.statSync(at("b")).mode & 0o777];
});
told("unlink", () => fs.unlinkSync(at("c")));
told("unlink missing", () => fs.unlinkSync(at("c")));
told("rm", () => [
  fs.rmSync(at("nothing"), { force: true }),
  fs.rmSync(at("d"), { recursive: true }),
  fs.existsSync(at("d")),
]);
told("rm missing", () => fs.rmSync(at("nothing")));
told("truncate", () => {
  fs.truncateSync(at("b"), 2);
  return fs.readFileSync(at("b"), "latin1");
});
told("statfs", () => fs.statfsSync(folder).bsize > 0);
told("big file", () => {
  fs.writeFileSync(at("big"), Buffer.alloc(300_000, "0123456789"));
  return fs.readFileSync(at("big")).equals(Buffer.alloc(300_000, "0123456789"));
});
told("proc file", () => fs.readFileSync("/proc/self/status", "utf8").startsWith("Name:"));

// One after the other: Node.js does them on several threads.
const calledBack = new Promise<void>((resolve) => {
  fs.readFile(at("missing"), (error, data) => {
    console.log("callback", error?.code, data);
    fs.stat(at("b"), (problem, stats) => {
      console.log("callback stat", problem, stats.size);
      fs.mkdir(at("m"), { recursive: true }, (failure, made) => {
        console.log("callback mkdir", failure, made === at("m"));
        resolve();
      });
    });
  });
});
showCode("no callback", () => fs.readFile(at("b"), wrong(undefined)));
console.log("callbacks come later");
async function main(): Promise<void> {
  await calledBack;
  console.log(
    "promise",
    await promises.readFile(at("b"), "utf8"),
    await promisify(fs.readFile)(at("b"), "utf8"),
  );
  await promises
    .stat(at("missing"))
    .catch((error: NodeJS.ErrnoException) => console.log("rejected", error.code, error.syscall));
  await promises.writeFile(at("p"), "promised");
  const handle = await promises.open(at("p"), "r");
  console.log("handle", (await handle.stat()).size, String(await handle.readFile()), handle.fd > 2);
  await handle.close();
  console.log(
    "promises",
    fs.promises.readFile === promises.readFile,
    (await promises.readdir(folder)).sort().join(),
  );

  const chunks: string[] = [];
  for await (const chunk of fs.createReadStream(at("big"), { start: 10, end: 29, highWaterMark: 8 }))
    chunks.push(String(chunk));
  console.log("read stream", chunks.join(""));
  await new Promise<void>((resolve) => {
    const out = fs.createWriteStream(at("stream"));
    out.on("open", () => console.log("stream open"));
    out.on("finish", () => console.log("stream finish", out.bytesWritten));
    out.on("close", () => resolve());
    out.write("one ");
    out.end("two");
  });
  console.log(fs.readFileSync(at("stream"), "utf8"));
  fs.createReadStream(at("missing")).on("error", (error: NodeJS.ErrnoException) => {
    console.log("stream error", error.code);
    fs.rmSync(folder, { recursive: true });
  });
}

main();
