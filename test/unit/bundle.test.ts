/** What is left out of the bundle is really left out, says so when used, and every entry of the list still matters. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AbsentError, absent } from "../../app/bundle/absent.ts";
import { absentState, sealAbsent } from "../../app/bundle/absent-state.ts";
import { bundleApp } from "../../app/bundle/bundle.ts";
import { leftOutPackages, standIns } from "../../app/bundle/left-out.ts";

test("an absent module takes what loading does to it, and refuses with its name and reason afterwards", () => {
  const module = absent("some-package", "nobody needs it") as Record<string, never>;
  assert.equal(absentState.sealed, false);
  const Base = (module as unknown as { Base: new () => object }).Base;
  class Derived extends Base {}
  assert.equal(typeof Derived, "function");
  try {
    sealAbsent();
    assert.throws(() => module.anything, {
      name: "AbsentError",
      code: "ERR_NOT_ON_DEVICE",
      message: "some-package is not on the device: nobody needs it",
    });
    assert.throws(() => new Derived(), AbsentError);
  } finally {
    absentState.sealed = false;
  }
});

test("every left-out package and stand-in is one that the device bundle would otherwise hold", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gwcard-bundle-"));
  const metafile = await bundleApp({
    target: "device",
    entry: "app/main.ts",
    outfile: join(folder, "gateway.js"),
  });
  const here = join(import.meta.dirname, "..", "..");
  const bundle = readFileSync(join(folder, "gateway.js"), "utf8");
  assert.ok(!bundle.includes(here), "the same bundle comes out of every checkout");
  const ours = [...bundle.matchAll(/__esm\(\{"(app\/[^"]*)"\(\)\{("use strict")?/g)];
  assert.ok(ours.length > 100);
  const sloppy = ours.filter(([, , strict]) => strict === undefined).map(([, file]) => file);
  assert.deepEqual(sloppy, [], "strict code, whichever way esbuild comes to a file first");
  const inputs = Object.keys(metafile.inputs);
  const stale = leftOutPackages
    .map((entry) => entry.name)
    .filter((name) => !inputs.includes(`left-out:${name}`));
  assert.deepEqual(stale, [], "nothing imports these any more: delete them from app/bundle/left-out.ts");
  const unused = standIns.filter((entry) => !inputs.includes(`app/bundle/${entry.module}`));
  assert.deepEqual(unused, [], "nothing imports these any more: delete them from app/bundle/left-out.ts");
  const node = inputs.filter((input) => /^node:/.test(input));
  assert.deepEqual(node, [], "the device has no Node.js builtins");
  rmSync(folder, { recursive: true });
});

test("a builtin that the runtime has not is an error that names who imports it and the cure", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gwcard-bundle-"));
  const entry = join(folder, "entry.ts");
  writeFileSync(entry, 'import { createServer } from "node:http2";\ncreateServer();\n');
  await assert.rejects(
    bundleApp({ target: "device", entry, outfile: join(folder, "out.js") }),
    /entry\.ts imports Node's "http2", which app\/runtime\/node has not: add app\/runtime\/node\/http2\.ts, or leave its importer out in app\/bundle\/left-out\.ts/,
  );
  rmSync(folder, { recursive: true });
});
