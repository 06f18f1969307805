/**
 * Every parser of the native modules against inputs that nobody thought of: libFuzzer with AddressSanitizer,
 * UndefinedBehaviorSanitizer and LeakSanitizer, FUZZ_SECONDS (60) each, two at a time. A finding's input stays in out/fuzz.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { buildTarget, seedFolder, targetNames, targetSource } from "./build.ts";
import { FuzzFindingError, FuzzIdleError, fuzz } from "./runner.ts";

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 60);
const AT_A_TIME = 2;
/** A deliberate mistake is found within a fraction of this. */
const BROKEN_SECONDS = 20;
const IDLE_SECONDS = 3;
const FOLDER = new URL(".", import.meta.url).pathname;
const OUT = new URL("../../out/fuzz/", import.meta.url).pathname;
const say = (line: string): void => console.error(line);

/* Before anything runs at the same time: one build fills the cache for all. */
before(async () => {
  assert.ok(SECONDS > 0, "FUZZ_SECONDS is a number of seconds");
  await buildTarget({
    source: targetSource(targetNames[0] ?? ""),
    output: join(OUT, targetNames[0] ?? ""),
    say,
  });
});

describe("a target that is wrong on purpose", { concurrency: AT_A_TIME }, () => {
  const work = mkdtempSync(join(tmpdir(), "gwcard-fuzz-"));
  after(() => rmSync(work, { recursive: true }));
  const run = async (name: string, seconds: number) => {
    const folder = join(work, name);
    const seeds = join(work, `${name}-seeds`);
    mkdirSync(seeds);
    writeFileSync(join(seeds, "00"), Buffer.from([0, 1, 0x41]));
    await buildTarget({ source: join(FOLDER, "broken", `${name}.c`), output: folder });
    return await fuzz({ target: name, folder, seeds, seconds });
  };

  test("one byte too far: found, and the kept input shows it again", async () => {
    await assert.rejects(run("overflow", BROKEN_SECONDS), (error) => {
      assert.ok(error instanceof FuzzFindingError, String(error));
      assert.match(error.message, /heap-buffer-overflow/);
      assert.match(error.message, /Run it again: \S+\/fuzz \S+\/crash-[0-9a-f]{40}/);
      const [, program = "", input = ""] = /again: (\S+) (\S+)\. /.exec(error.message) ?? [];
      assert.ok(existsSync(input));
      assert.throws(
        () => execFileSync(program, [input], { stdio: "pipe" }),
        (again: { stderr?: Buffer }) => /heap-buffer-overflow/.test(String(again.stderr)),
      );
      return true;
    });
  });

  test("a forgotten JavaScript value: found", async () => {
    await assert.rejects(
      run("leak", BROKEN_SECONDS),
      /every run of this input leaves JavaScript values behind/,
    );
  });

  test("a target that tries nothing is not taken for a safe one", async () => {
    await assert.rejects(run("idle", IDLE_SECONDS), (error) => {
      assert.ok(error instanceof FuzzIdleError, String(error));
      assert.match(
        error.message,
        /^idle: \d{3,} runs, coverage (\d+) → \1, features (\d+) → \2: it explores nothing\. Cure: /,
      );
      return true;
    });
  });
});

describe(`targets, ${SECONDS} s each`, { concurrency: AT_A_TIME }, () => {
  for (const target of targetNames) {
    test(target, async (t) => {
      const folder = join(OUT, target);
      const seeds = seedFolder(target);
      assert.ok(
        readdirSync(seeds).length > 0,
        `${seeds} is empty. Cure: node --import tsx test/fuzz/make-seeds.ts`,
      );
      await buildTarget({ source: targetSource(target), output: folder });
      const report = await fuzz({
        target,
        folder,
        seeds,
        seconds: SECONDS,
      });
      t.diagnostic(
        `${target}: ${report.executions} runs, ${report.perSecond}/s, coverage ${report.seedCoverage} → ${report.coverage}, features ${report.seedFeatures} → ${report.features}`,
      );
    });
  }
});
