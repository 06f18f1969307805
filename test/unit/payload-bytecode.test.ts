/** Bytecode of another QuickJS or of other native modules does not get onto a card. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { REPOSITORY, withWorkbench } from "../lab/workbench.ts";

const OUT = join(REPOSITORY, "out");
/** Places of the header, see app/runtime/native/qbc.h. */
const ENGINE_OFFSET = 20;
const RUNTIME_OFFSET = 48;

function joinPayload(options: { app: string; output: string }): { status: number | null; stderr: string } {
  const args = ["--os", join(OUT, "os"), "--app", options.app, "--output", options.output];
  return spawnSync(process.execPath, ["--import", "tsx", "buildroot/payload.ts", ...args], {
    cwd: REPOSITORY,
    encoding: "utf8",
  });
}

test("payload: bytecode for another engine or other native modules is refused, and nothing is written", (t) =>
  withWorkbench(t, "payload-bytecode", async (bench) => {
    const app = bench.path("app");
    mkdirSync(app);
    cpSync(join(OUT, "app/metafile.json"), join(app, "metafile.json"));
    const bytecode = readFileSync(join(OUT, "app/app.qbc"));
    const output = bench.path("payload");
    for (const [offset, id, message] of [
      [
        ENGINE_OFFSET,
        "2020-01-01-0123456789abcdef",
        /app\.qbc is compiled for QuickJS 2020-01-01-0123456789abcdef, and the root file system has another: run make app/,
      ],
      [
        RUNTIME_OFFSET,
        "feedfacecafebeef",
        /app\.qbc is compiled for gateway-runtime feedfacecafebeef, and the root file system has another: run make app/,
      ],
      [0, "#!/bin/sh\n", /app\.qbc is no bytecode file: run make app/],
    ] as const) {
      const changed = Buffer.from(bytecode);
      changed.write(id, offset);
      writeFileSync(join(app, "app.qbc"), changed);
      const { status, stderr } = joinPayload({ app, output });
      assert.match(stderr, message);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
      assert.equal(status, 1);
      assert.ok(!existsSync(output));
    }
    writeFileSync(join(app, "app.qbc"), bytecode);
    assert.deepEqual(joinPayload({ app, output }).status, 0);
  }));
