// The machinery of the OS build: cache, keys, host tools, commands, GRUB's module closure, legal notices.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cached, cacheRoot, contentKey, hashPath } from "../../buildroot/from-debian/cache.ts";
import { run } from "../../buildroot/from-debian/command.ts";
import { moduleClosure } from "../../buildroot/from-debian/components/grub.ts";
import { missingPackages, requireHostTools } from "../../buildroot/from-debian/host-tools.ts";
import { pruneCache, touch } from "../../buildroot/from-debian/prune.ts";
import { legalNotices } from "../../buildroot/legal.ts";

function scratch(): string {
  return mkdtempSync(join(tmpdir(), "os-build-"));
}

test("cache: who wants the same result waits for the first builder, a failed build leaves nothing", async () => {
  const root = scratch();
  let builds = 0;
  const build = async (output: string): Promise<void> => {
    builds++;
    writeFileSync(join(output, "a"), "1");
    await new Promise((resolve) => setImmediate(resolve));
    writeFileSync(join(output, "b"), "2");
  };
  const key = contentKey({ a: "b" });
  const [one, two] = await Promise.all([
    cached({ root, name: "x", key, build }),
    cached({ root, name: "x", key, build }),
  ]);
  assert.equal(one, two);
  assert.equal(builds, 1);
  assert.deepEqual(readdirSync(one).sort(), ["a", "b"]);
  const failing = cached({
    root,
    name: "y",
    key,
    build: () => Promise.reject(new Error("compiler ended with 1")),
  });
  await assert.rejects(failing, /compiler ended with 1/);
  assert.deepEqual(readdirSync(join(root, "built")), [one.split("/").at(-1)]);
  // A holder that died (no process has id 2^22 + 1) does not hold anybody up
  const third = contentKey({ a: "c" });
  writeFileSync(join(root, "built", `x-${third.slice(0, 24)}.lock`), "4194305");
  await cached({ root, name: "x", key: third, build });
  const before = builds;
  await cached({ root, name: "x", key, build });
  assert.equal(builds, before);
  rmSync(root, { recursive: true });
});

test("cache: a month without use removes a result, two days an abandoned work folder; what was used stays", () => {
  const root = scratch();
  const now = new Date("2026-06-30T00:00:00Z");
  const put = (path: string, day: string): void => {
    mkdirSync(join(root, path), { recursive: true });
    touch(join(root, path), new Date(`${day}T00:00:00Z`));
  };
  put("built/old-1", "2026-05-01");
  put("built/used-1", "2026-06-20");
  put("built/.half-x", "2026-06-20");
  put("archives/aaaa", "2026-05-01");
  put("work/linux-x", "2026-06-20");
  put("work/linux-y", "2026-06-29");
  assert.deepEqual(pruneCache(root, now), ["archives/aaaa", "built/.half-x", "built/old-1", "work/linux-x"]);
  assert.deepEqual(readdirSync(join(root, "built")), ["used-1"]);
  rmSync(root, { recursive: true });
});

test("keys: boundaries count, the order of properties does not", () => {
  assert.equal(contentKey({ a: "1", b: "2" }), contentKey({ b: "2", a: "1" }));
  assert.notEqual(contentKey({ a: "1b", c: "" }), contentKey({ a: "1", b: "c" }));
});

test("hash of a folder: content, names and the executable bit", () => {
  const root = scratch();
  mkdirSync(join(root, "d"));
  writeFileSync(join(root, "d/f"), "1", { mode: 0o644 });
  const before = hashPath(root);
  writeFileSync(join(root, "d/f"), "2");
  const changed = hashPath(root);
  assert.notEqual(before, changed);
  rmSync(join(root, "d/f"));
  writeFileSync(join(root, "d/f"), "1", { mode: 0o755 });
  assert.notEqual(before, hashPath(root));
  rmSync(root, { recursive: true });
});

test("cache folder: GWCARD_CACHE, then XDG_CACHE_HOME", () => {
  assert.equal(cacheRoot({ GWCARD_CACHE: "/c", XDG_CACHE_HOME: "/x" }), "/c");
  assert.equal(cacheRoot({ XDG_CACHE_HOME: "/x" }), "/x/gwcard");
});

test("missing host tools are named as one apt-get line", () => {
  const probe = { path: ["/bin"], exists: (path: string) => path === "/bin/gcc", matches: () => false };
  assert.deepEqual(missingPackages({ gcc: "gcc", bc: "bc", "/x/*/y": "gcc-multilib" }, probe), [
    "bc",
    "gcc-multilib",
  ]);
  const all = { path: [], exists: () => true, matches: () => true };
  assert.throws(
    () => requireHostTools({ ...all, exists: () => false }),
    /apt-get install apt bc .*lz4 .*xz-utils/,
  );
});

test("a failing command: what was run, its status, the end of its output", async () => {
  await assert.rejects(
    run(["sh", "-c", "echo reason >&2; exit 3"]),
    /sh -c .*: exit status 3\n {2}\| reason/,
  );
  const root = scratch();
  const log = join(root, "log");
  await assert.rejects(
    run(["sh", "-c", "echo in the log; exit 4"], { log }),
    /\| in the log\n {2}The whole log: /,
  );
  assert.equal(readFileSync(log, "utf8"), "in the log\n");
  await assert.rejects(run(["/nonexistent/program"]), /nonexistent\/program.*ENOENT/);
  assert.ok(existsSync(log));
  rmSync(root, { recursive: true });
});

test("GRUB modules: everything that the wanted ones need, each once", () => {
  const moddep = "linux: boot relocator\nboot:\nrelocator: mmap\nmmap: boot\nvideo:\n";
  assert.deepEqual(moduleClosure(moddep, ["linux"]), ["boot", "linux", "mmap", "relocator"]);
});

test("legal notices: contents first, one chapter per component, sorted", () => {
  const text = legalNotices({
    origin: ["Built from archives."],
    notices: [
      { component: "musl", version: "1.2", text: "MIT" },
      { component: "linux", version: "6.12", text: "GPL-2" },
    ],
  });
  assert.match(
    text,
    / {2}linux 6\.12\n {2}musl 1\.2\n[\s\S]*=\nlinux 6\.12\n=+\n\nGPL-2\n[\s\S]*=\nmusl 1\.2\n=+\n\nMIT\n/,
  );
});
