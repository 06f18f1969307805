/**
 * Runs a case (`cases/NAME.ts`) on Node.js and on the device's runtime. A case prints lines; both must print the same.
 * The runtime is built for this PC with sanitizers; when the card's own i586 build is there (`make os`), it runs too.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleApp } from "../../app/bundle/bundle.ts";
import { hostRuntime } from "../../app/runtime/build-host.ts";

const repository = new URL("../../", import.meta.url).pathname;
const CARD_RUNTIME = join(repository, "out/os/debug/usr/bin/gateway-runtime");
const CARD_COMPILER = join(repository, "out/os/tools/gateway-bytecode");
const CASE_DEADLINE_MS = 120_000;

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code, or the name of the signal. */
  readonly end: number | string;
}

export interface Engine {
  readonly name: string;
  readonly runtime: string;
  readonly compiler: string;
}

/** The builds of the runtime that cases run on. */
export async function engines(): Promise<Engine[]> {
  const sanitized = await hostRuntime("sanitized", (line) => console.error(line));
  const list = [{ name: "sanitized", runtime: sanitized.runtime, compiler: sanitized.bytecode }];
  if (existsSync(CARD_RUNTIME)) list.push({ name: "i586", runtime: CARD_RUNTIME, compiler: CARD_COMPILER });
  return list;
}

export function casePath(name: string): string {
  return join("test/runtime/cases", `${name}.ts`);
}

async function finish(child: ChildProcess): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const deadline = setTimeout(() => child.kill("SIGKILL"), CASE_DEADLINE_MS);
  const end = await new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  clearTimeout(deadline);
  return { stdout, stderr, end };
}

/** Runs an engine on bytecode, with options in front (`--stack-size=…`). */
export function runEngine(engine: Engine, args: readonly string[]): Promise<Outcome> {
  const env = { ...process.env, UBSAN_OPTIONS: "print_stacktrace=1" };
  /* The card's build has no LOCK prefixes: its threads are safe on one processor only, like the card's. */
  const command = engine.name === "i586" ? ["taskset", "-c", "0", engine.runtime] : [engine.runtime];
  const [program = "", ...front] = command;
  return finish(
    spawn(program, [...front, ...args], { cwd: repository, env, stdio: ["ignore", "pipe", "pipe"] }),
  );
}

/** Bundles and compiles a program; the caller removes the folder. */
export async function compileCase(options: {
  engine: Engine;
  entry: string;
  folder: string;
}): Promise<string> {
  const { engine, entry, folder } = options;
  const script = join(folder, "case.js");
  const bytecode = join(folder, `case-${engine.name}.qbc`);
  await bundleApp({ target: "device", entry, outfile: script });
  const compiled = await finish(
    spawn(engine.compiler, [script, bytecode], { stdio: ["ignore", "pipe", "pipe"] }),
  );
  if (compiled.end !== 0) {
    throw new Error(`${engine.compiler} ${script} failed (${compiled.end}): ${compiled.stderr}`);
  }
  return bytecode;
}

/** Calls `work` with a folder that stays when the program in it does not end well. */
async function inFolder(name: string, work: (folder: string) => Promise<Outcome>): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), `gwcard-case-${name}-`));
  const outcome = await work(folder);
  if (outcome.end === 0) rmSync(folder, { recursive: true });
  return outcome;
}

/** Runs a case on the runtime. */
export function runOnDevice(engine: Engine, name: string, args: readonly string[] = []): Promise<Outcome> {
  return inFolder(name, async (folder) => {
    const bytecode = await compileCase({ engine, entry: casePath(name), folder });
    return await runEngine(engine, [bytecode, ...args]);
  });
}

/** Runs a case on Node.js, as the same kind of single script: a module's main would run inside a promise job. */
export function runOnNode(name: string, args: readonly string[] = []): Promise<Outcome> {
  return inFolder(name, async (folder) => {
    const script = join(folder, "case.cjs");
    await bundleApp({ target: "node", entry: casePath(name), outfile: script });
    return await finish(
      spawn(process.execPath, [script, ...args], { cwd: repository, stdio: ["ignore", "pipe", "pipe"] }),
    );
  });
}
