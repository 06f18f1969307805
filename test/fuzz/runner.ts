/** Runs a fuzz target for a time and judges what libFuzzer says about it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Seconds that one input may take: nothing here is that slow. */
const SLOWEST_INPUT_S = 10;
const MEMORY_MB = 1500;
/** Lines of a finding that are told: what and where. */
const TOLD_LINES = 24;
const FINDING = /ERROR: |runtime error: |^fuzz: /;
const REPRODUCER = /^(?:crash|leak|oom|timeout)-/;

export interface FuzzReport {
  readonly executions: number;
  readonly perSecond: number;
  /** Edges of the native code, and combinations of them with how often: reached by the seeds, reached in the end. */
  readonly seedCoverage: number;
  readonly coverage: number;
  readonly seedFeatures: number;
  readonly features: number;
}

/** The target did something wrong; the message names the input and how to run it again. */
export class FuzzFindingError extends Error {
  readonly code = "FUZZ_FINDING";
  readonly reproducer: string | null;
  constructor(target: string, reproducer: string | null, log: string) {
    const again = reproducer
      ? `The input is kept. Run it again: ${log.replace(/log$/, "fuzz")} ${reproducer}`
      : "No input was kept";
    super(`${target}: ${essence(log)}\n${again}. The whole log: ${log}`);
    this.reproducer = reproducer;
  }
}

/** The target ran and tried nothing: a silent target must not pass for a safe one. */
export class FuzzIdleError extends Error {
  readonly code = "FUZZ_IDLE";
  constructor(target: string, report: FuzzReport) {
    super(
      `${target}: ${report.executions} runs, coverage ${report.seedCoverage} → ${report.coverage}, features ${report.seedFeatures} → ${report.features}: ` +
        "it explores nothing. Cure: let fuzz_one use its input, or thin out the seeds",
    );
  }
}

function essence(log: string): string {
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  const start = lines.findIndex((line) => FINDING.test(line));
  return lines
    .slice(start === -1 ? -TOLD_LINES : start)
    .slice(0, TOLD_LINES)
    .join("\n");
}

function figure(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

/** libFuzzer's own account of a run. */
export function readReport(text: string): FuzzReport {
  return {
    executions: figure(text, /stat::number_of_executed_units:\s+(\d+)/),
    perSecond: figure(text, /stat::average_exec_per_sec:\s+(\d+)/),
    seedCoverage: figure(text, /^#\d+\s+INITED\s+cov: (\d+)/m),
    coverage: figure(text, /^#\d+\s+DONE\s+cov: (\d+)/m),
    seedFeatures: figure(text, /^#\d+\s+INITED\s+cov: \d+ ft: (\d+)/m),
    features: figure(text, /^#\d+\s+DONE\s+cov: \d+ ft: (\d+)/m),
  };
}

/**
 * Runs the program `folder`/fuzz on the seeds and what grows out of them. Everything that comes up stays in `folder`.
 * Throws `FuzzFindingError` or `FuzzIdleError`.
 */
export async function fuzz(options: {
  target: string;
  folder: string;
  seeds: string;
  seconds: number;
}): Promise<FuzzReport> {
  const { target, folder, seeds, seconds } = options;
  const corpus = join(folder, "corpus");
  rmSync(corpus, { recursive: true, force: true });
  mkdirSync(corpus, { recursive: true });
  for (const old of readdirSync(folder).filter((name) => REPRODUCER.test(name))) rmSync(join(folder, old));
  const log = join(folder, "log");
  const output = createWriteStream(log);
  await once(output, "open");
  const child = spawn(
    join(folder, "fuzz"),
    [
      `-max_total_time=${seconds}`,
      `-timeout=${SLOWEST_INPUT_S}`,
      `-rss_limit_mb=${MEMORY_MB}`,
      `-artifact_prefix=${folder}/`,
      "-print_final_stats=1",
      corpus,
      seeds,
    ],
    {
      env: {
        ...process.env,
        ASAN_OPTIONS: "detect_leaks=1:quarantine_size_mb=64",
        UBSAN_OPTIONS: "print_stacktrace=1",
      },
      stdio: ["ignore", output, output],
    },
  );
  const [status] = (await once(child, "close")) as [number | null];
  output.close();
  const reproducer = readdirSync(folder).find((name) => REPRODUCER.test(name));
  if (status !== 0 || reproducer)
    throw new FuzzFindingError(target, reproducer ? join(folder, reproducer) : null, log);
  const report = readReport(readFileSync(log, "utf8"));
  if (report.executions === 0 || report.features <= report.seedFeatures)
    throw new FuzzIdleError(target, report);
  return report;
}
