/** Runs host programs: argument vectors, a log file per step, and the end of that log in the error. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { OsBuildError } from "./os-build-error.ts";

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Where stdout and stderr go; appended to. Without it stdout is returned and stderr is part of the error. */
  log?: string;
  input?: string;
}

const TAIL_LINES = 25;

/** An environment in which nothing of the caller's shell changes what is built. */
export function cleanEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const path = process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin";
  return {
    PATH: `${path}:/usr/sbin:/sbin`,
    HOME: process.env.HOME ?? "/nonexistent",
    LC_ALL: "C",
    TZ: "UTC",
    SOURCE_DATE_EPOCH: "1767225600",
    ...extra,
  };
}

/** Resolves with stdout (empty when it went to a log), rejects with COMMAND_FAILED. */
export function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [program, ...args] = argv;
  if (program === undefined) {
    throw new RangeError("run: empty argument vector");
  }
  if (options.log !== undefined) {
    mkdirSync(dirname(options.log), { recursive: true });
  }
  const logFd = options.log === undefined ? undefined : openSync(options.log, "a");
  const output = logFd ?? "pipe";
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? cleanEnvironment(),
      stdio: [options.input === undefined ? "ignore" : "pipe", output, output],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.stdin?.end(options.input);
    const fail = (reason: string, cause?: unknown): void => {
      const text =
        options.log === undefined ? Buffer.concat(stderr).toString() : readFileSync(options.log, "utf8");
      reject(
        new OsBuildError({
          code: "COMMAND_FAILED",
          message: `${argv.slice(0, 6).join(" ")}: ${reason}\n${tail(text)}`,
          cure: options.log === undefined ? "See the output above." : `The whole log: ${options.log}`,
          details: { argv, reason },
          cause,
        }),
      );
    };
    child.on("error", (error) => fail(error.message, error));
    child.on("close", (status, signal) => {
      if (logFd !== undefined) {
        closeSync(logFd);
      }
      if (status === 0) {
        resolve(Buffer.concat(stdout).toString());
      } else {
        fail(signal === null ? `exit status ${status}` : `killed by ${signal}`);
      }
    });
  });
}

function tail(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .slice(-TAIL_LINES)
    .map((line) => `  | ${line.slice(0, 300)}`)
    .join("\n");
}
