/** fs by descriptor, as the gateway reads settings and writes logs: flags, positions, and what is no plain file. */
import fs from "node:fs";
import { chmod, open } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { show } from "./show.ts";

const {
  O_RDONLY,
  O_WRONLY,
  O_RDWR,
  O_CREAT,
  O_EXCL,
  O_TRUNC,
  O_APPEND,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_NOCTTY,
  O_DIRECTORY,
} = fs.constants;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "gwcard-fd-"));
const at = (name: string) => path.join(folder, name);
const wrong = (value: unknown) => value as never;
const told = (label: string, work: () => unknown) =>
  show(label, () => {
    try {
      return work();
    } catch (error) {
      const { code, errno, syscall, message } = error as NodeJS.ErrnoException;
      return [code, errno, syscall, message.replaceAll(folder, "")];
    }
  });
/** Calls with a descriptor that is closed whatever comes. */
function using<T>(fd: number, work: (fd: number) => T): T {
  try {
    return work(fd);
  } finally {
    fs.closeSync(fd);
  }
}

fs.writeFileSync(at("a"), "0123456789");
fs.symlinkSync("a", at("link"));
fs.symlinkSync("nowhere", at("dangling"));
fs.symlinkSync("loop", at("loop"));
show("flags", () => [O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NONBLOCK, O_NOCTTY]);
show("more flags", () => [typeof O_NOFOLLOW, typeof O_DIRECTORY, fs.constants.S_IFMT, fs.constants.S_IFREG]);
told("read", () =>
  using(fs.openSync(at("a"), O_RDONLY | O_NONBLOCK | O_NOFOLLOW), (fd) => {
    const bytes = Buffer.alloc(4, ".");
    return [
      fs.readSync(fd, bytes),
      bytes,
      fs.readSync(fd, bytes),
      bytes,
      fs.readSync(fd, bytes),
      bytes,
      fs.readSync(fd, bytes),
    ];
  }),
);
told("read with options", () =>
  using(fs.openSync(at("a"), "r"), (fd) => {
    const bytes = Buffer.alloc(6, ".");
    return [
      fs.readSync(fd, bytes, { offset: 2, length: 3, position: 1 }),
      bytes,
      fs.readSync(fd, bytes, 0, 2, null),
      bytes,
      fs.readSync(fd, new Uint8Array(3), 0, 3, 8),
      fs.readSync(fd, bytes, 6, 0, 0),
    ];
  }),
);
told("a link is not followed", () => fs.openSync(at("link"), O_RDONLY | O_NOFOLLOW));
told("a link to nowhere", () => fs.openSync(at("dangling"), O_RDONLY));
told("a link to itself", () => fs.openSync(at("loop"), O_RDONLY));
told("a file is no folder", () => fs.openSync(at("a"), O_RDONLY | O_DIRECTORY));
told("a file in a file", () => fs.openSync(at("a/b"), O_RDONLY));
told("a folder opens but does not read", () =>
  using(fs.openSync(folder, O_RDONLY), (fd) => {
    const stats = fs.fstatSync(fd);
    try {
      return [stats.isDirectory(), fs.readSync(fd, Buffer.alloc(4))];
    } catch (error) {
      return [stats.isDirectory(), (error as NodeJS.ErrnoException).code, (error as Error).message];
    }
  }),
);
told("a folder is not written", () => fs.openSync(folder, O_WRONLY));
told("made only once", () => [
  using(fs.openSync(at("new"), O_WRONLY | O_CREAT | O_EXCL, 0o600), (fd) => fs.writeSync(fd, "x")),
  (fs.statSync(at("new")).mode & 0o777).toString(8),
]);
told("made again", () => fs.openSync(at("new"), O_WRONLY | O_CREAT | O_EXCL));
told("a name too long", () => fs.openSync(at("n".repeat(300)), "r"));
told("flags as text", () =>
  ["r", "r+", "w", "w+", "a", "a+", "wx", "ax", "rs+", "as", "xx", ""].map((flag) => {
    try {
      fs.closeSync(fs.openSync(at("flags"), flag as string));
      return `${flag} ${fs.statSync(at("flags")).size}`;
    } catch (error) {
      return `${flag} ${(error as NodeJS.ErrnoException).code}`;
    }
  }),
);
told("append, whatever the position", () => {
  using(fs.openSync(at("log"), "a"), (fd) => {
    fs.writeSync(fd, "one\n");
    fs.writeSync(fd, "two\n", 0);
    fs.writeSync(fd, Buffer.from("--three\n--"), 2, 6);
    fs.fsyncSync(fd);
    fs.fdatasyncSync(fd);
  });
  return fs.readFileSync(at("log"), "utf8");
});
told("write corners", () =>
  using(fs.openSync(at("w"), "w+"), (fd) => [
    fs.writeSync(fd, "é€"),
    fs.writeSync(fd, "ff00", null, "hex"),
    fs.writeSync(fd, "lone \ud800"),
    fs.writeSync(fd, new Uint16Array([258])),
    fs.writeSync(fd, Buffer.alloc(0)),
    fs.writeSync(fd, ""),
    fs.readFileSync(at("w")),
  ]),
);
told("write beyond the bytes", () =>
  using(fs.openSync(at("w"), "w"), (fd) => fs.writeSync(fd, Buffer.alloc(2), 3)),
);
told("write longer than the bytes", () =>
  using(fs.openSync(at("w"), "w"), (fd) => fs.writeSync(fd, Buffer.alloc(2), 1, 4)),
);
told("write a number", () => using(fs.openSync(at("w"), "w"), (fd) => fs.writeSync(fd, wrong(5))));
told("write where it is read", () => using(fs.openSync(at("a"), "r"), (fd) => fs.writeSync(fd, "x")));
told("read where it is written", () =>
  using(fs.openSync(at("w"), "w"), (fd) => fs.readSync(fd, Buffer.alloc(1))),
);
told("read into nothing", () => using(fs.openSync(at("a"), "r"), (fd) => fs.readSync(fd, wrong("text"))));
told("read into an empty one", () =>
  using(fs.openSync(at("a"), "r"), (fd) => fs.readSync(fd, Buffer.alloc(0))),
);
told("read before the bytes", () =>
  using(fs.openSync(at("a"), "r"), (fd) => fs.readSync(fd, Buffer.alloc(2), -1, 1, 0)),
);
told("read half a byte", () =>
  using(fs.openSync(at("a"), "r"), (fd) => fs.readSync(fd, Buffer.alloc(2), 0.5, 1, 0)),
);
told("read less than nothing", () =>
  using(fs.openSync(at("a"), "r"), (fd) => fs.readSync(fd, Buffer.alloc(2), 0, -1, 0)),
);
told("write half a byte", () =>
  using(fs.openSync(at("w"), "w"), (fd) => fs.writeSync(fd, Buffer.alloc(2), 0.5)),
);
told("write less than nothing", () =>
  using(fs.openSync(at("w"), "w"), (fd) => fs.writeSync(fd, Buffer.alloc(2), 0, -1)),
);
told("a descriptor that was closed", () => fs.fstatSync(999));
told("a descriptor below zero", () => fs.fstatSync(-1));
told("a descriptor of text", () => fs.readSync(wrong("3"), Buffer.alloc(1)));
told("longer and shorter", () =>
  using(fs.openSync(at("t"), "w+"), (fd) => {
    fs.writeSync(fd, "abcdef");
    fs.ftruncateSync(fd, 3);
    const short = fs.readFileSync(at("t"), "latin1");
    fs.ftruncateSync(fd, 5);
    return [short, fs.readFileSync(at("t")), fs.fstatSync(fd).size, fs.ftruncateSync(fd)];
  }),
);
told("whole files by descriptor", () =>
  using(fs.openSync(at("a"), "r+"), (fd) => [fs.readFileSync(fd, "utf8"), fs.readFileSync(fd, "utf8")]),
);
told("owner", () => {
  const { uid, gid } = fs.statSync(at("a"));
  return [fs.chownSync(at("a"), uid, gid), fs.statSync(at("a")).uid === uid];
});
told("owner of nothing", () => fs.chownSync(at("missing"), 0, 0));
told("owner of text", () => fs.chownSync(at("a"), wrong("root"), 0));
told("owner out of range", () => fs.chownSync(at("a"), -2, 0));
told("stats", () => {
  const stats = fs.lstatSync(at("link"));
  const kinds = [
    stats.isFile(),
    stats.isDirectory(),
    stats.isSymbolicLink(),
    stats.isFIFO(),
    stats.isSocket(),
  ];
  return [
    ...kinds,
    stats.isBlockDevice(),
    stats.isCharacterDevice(),
    stats.size,
    typeof stats.ino,
    typeof stats.dev,
  ];
});
told("a device", () => [
  fs.statSync("/dev/null").isCharacterDevice(),
  fs.statSync("/dev/null").isFile(),
  fs.readFileSync("/dev/null").length,
]);

async function main(): Promise<void> {
  await chmod(at("a"), 0o400);
  console.log("mode", (fs.statSync(at("a")).mode & 0o777).toString(8));
  await chmod(at("missing"), 0o400).catch((error: NodeJS.ErrnoException) =>
    console.log(error.code, error.syscall),
  );
  const file = await open(at("h"), O_RDWR | O_CREAT, 0o600);
  console.log(
    "handle",
    (await file.write("abcdef")).bytesWritten,
    (await file.read(Buffer.alloc(3), 0, 3, 2)).buffer.toString(),
  );
  await file.close();
  fs.rmSync(folder, { recursive: true });
}
main();
