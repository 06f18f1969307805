/**
 * The card's own i586 build of the runtime under valgrind's callgrind, which counts every instruction: exact, the same
 * on a busy machine as on an idle one. The CPU that OpenSSL sees is a Quark's, without MMX and SSE.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleApp } from "../../app/bundle/bundle.ts";
import { LabError } from "../lab/errors.ts";
import { layOutCard } from "../lab/node-gateway.ts";
import { LabProcess, run } from "../lab/process.ts";
import type { SiteFiles } from "../lab/site.ts";
import { REPOSITORY, type Workbench } from "../lab/workbench.ts";
import { type Profile, parseProfile } from "./profile.ts";

/** Design §11: instructions that stand for one second of the Quark. */
export const QUARK_INSTRUCTIONS_PER_SECOND = 125e6;
/** FPU, time stamp counter and CMPXCHG8B in CPUID's first feature word, nothing else: no MMX, no SSE. */
const QUARK_FEATURES = "0x111";
const CELL = /^cell ([a-z]+) ([0-9]+)$/;
const START_DEADLINE_MS = 300_000;

export const MEASURED_ROLES = ["opcua", "navigation", "mqtt", "log"] as const;
export type MeasuredRole = (typeof MEASURED_ROLES)[number];

export interface Build {
  /** gateway-runtime for i586 with symbols, and the compiler that belongs to it. */
  readonly runtime: string;
  readonly compiler: string;
}

export const CARD_BUILD: Build = {
  runtime: join(REPOSITORY, "out/os/debug/usr/bin/gateway-runtime"),
  compiler: join(REPOSITORY, "out/os/tools/gateway-bytecode"),
};

/** Bundles and compiles a program of this checkout. */
export async function compileProgram(options: {
  readonly bench: Workbench;
  readonly build: Build;
  readonly entry: string;
}): Promise<string> {
  const { bench, build, entry } = options;
  const script = bench.path("program.js");
  const bytecode = bench.path("program.qbc");
  await bundleApp({ target: "device", entry, outfile: script });
  await run([build.compiler, script, bytecode]);
  return bytecode;
}

/** `output`: where the counts go; %p becomes the number of the process. */
function callgrindCommand(options: {
  readonly output: string;
  readonly build: Build;
  readonly args: readonly string[];
}): { argv: [string, ...string[]]; env: NodeJS.ProcessEnv } {
  const { output, build, args } = options;
  const valgrind = ["valgrind", "--tool=callgrind", "-q"] as const;
  return {
    // Without --trace-children a process that was forked can't be asked for its counts.
    argv: [...valgrind, "--trace-children=yes", `--callgrind-out-file=${output}`, build.runtime, ...args],
    env: { ...process.env, OPENSSL_ia32cap: QUARK_FEATURES },
  };
}

/** Runs a program of one process to its end; returns the instructions that it took. */
export async function countProgram(options: {
  readonly bench: Workbench;
  readonly build: Build;
  readonly name: string;
  readonly args: readonly string[];
}): Promise<number> {
  const { bench, build, name, args } = options;
  const output = bench.path(`callgrind.${name}`);
  const { argv, env } = callgrindCommand({ output, build, args });
  const program = new LabProcess({ name, argv, env, logFile: bench.path(`${name}.log`) });
  bench.defer(() => program.stop());
  await program.exited();
  if (program.child.exitCode !== 0) {
    const end = program.child.signalCode ?? `exit code ${program.child.exitCode}`;
    throw new LabError("LAB_PROCESS_FAILED", `${name} ended with ${end}\n${program.lines.tail()}`);
  }
  return parseProfile(readFileSync(output, "latin1")).total;
}

/** The gateway, every cell of it counted. */
export class CountedGateway {
  readonly #bench: Workbench;
  readonly #process: LabProcess;
  readonly #pids = new Map<MeasuredRole, number>();
  #dumps = 0;

  private constructor(bench: Workbench, process_: LabProcess) {
    this.#bench = bench;
    this.#process = process_;
  }

  static async start(options: { bench: Workbench; build: Build; files: SiteFiles }): Promise<CountedGateway> {
    const { bench, build, files } = options;
    const root = layOutCard(bench, files);
    const bytecode = await compileProgram({ bench, build, entry: "test/bench/unwalled-main.ts" });
    const serial = bench.path("serial.log");
    writeFileSync(serial, "");
    const { argv, env } = callgrindCommand({
      output: bench.path("callgrind.%p"),
      build,
      args: [bytecode, "--root", root, "--serial", serial],
    });
    const gateway = new CountedGateway(
      bench,
      new LabProcess({ name: "gateway under callgrind", argv, env, logFile: bench.path("gateway.log") }),
    );
    bench.defer(() => gateway.#process.stop());
    for (const role of MEASURED_ROLES) {
      const line = await gateway.#process.lines.find((entry) => CELL.exec(entry)?.[1] === role, {
        what: `start of the cell ${role} (see ${serial})`,
        deadlineMs: START_DEADLINE_MS,
      });
      gateway.#pids.set(role, Number(CELL.exec(line)?.[2]));
    }
    return gateway;
  }

  /** From here on instructions count. */
  async zero(): Promise<void> {
    await run(["callgrind_control", "--zero", ...this.#pidList()]);
  }

  /** What each cell has executed since `zero()`. */
  async profiles(): Promise<Map<MeasuredRole, Profile>> {
    await run(["callgrind_control", "--dump", ...this.#pidList()]);
    this.#dumps += 1;
    const profiles = new Map<MeasuredRole, Profile>();
    for (const [role, pid] of this.#pids) {
      const file = this.#bench.path(`callgrind.${pid}.${this.#dumps}`);
      try {
        profiles.set(role, parseProfile(readFileSync(file, "latin1")));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        throw new LabError("LAB_FILE_MISSING", `${file}: callgrind has not counted the cell ${role}`);
      }
    }
    return profiles;
  }

  #pidList(): string[] {
    return [...this.#pids.values()].map(String);
  }
}
