/**
 * Runs a case (`cases/NAME.ts`) on Node.js and on the device's runtime. A case prints lines; both must print the same.
 * The runtime is built for this PC with sanitizers. When the card's own i586 build is there (`make os`), it runs too:
 * as it is on this PC's processor, and in QEMU with the instructions that a Quark has and no others.
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
/** The longest case makes a thousand connections to an OPC UA server, with private key operations for each. */
const CASE_DEADLINE_MS = 600_000;

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code, or the name of the signal. */
  readonly end: number | string;
}

export interface Engine {
  readonly name: string;
  /** Program and arguments in front of those of gateway-runtime. */
  readonly command: readonly string[];
  readonly compiler: string;
}

/* The card's build has no LOCK prefixes: its threads are safe on one processor only, like the card's. */
const ONE_PROCESSOR = ["taskset", "-c", "0"];
/** What stops at CMOV, MMX and all that came later. */
const QUARK = ["qemu-i386", "-cpu", "pentium,-mmx"];

/** The builds of the runtime, as this PC runs them. */
export async function engines(): Promise<Engine[]> {
  const sanitized = await hostRuntime("sanitized", (line) => console.error(line));
  const list: Engine[] = [{ name: "sanitized", command: [sanitized.runtime], compiler: sanitized.bytecode }];
  if (existsSync(CARD_RUNTIME)) {
    list.push({ name: "i586", command: [...ONE_PROCESSOR, CARD_RUNTIME], compiler: CARD_COMPILER });
  }
  return list;
}

/** The same, and the card's build in QEMU. Not for namespaces, landlock and seccomp: QEMU's user mode has none. */
export async function enginesAndQemu(): Promise<Engine[]> {
  const list = await engines();
  if (existsSync(CARD_RUNTIME)) {
    const command = [...ONE_PROCESSOR, ...QUARK, CARD_RUNTIME];
    list.push({ name: "i586 in QEMU", command, compiler: CARD_COMPILER });
  }
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
  const [program = "", ...front] = engine.command;
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
  const bytecode = join(folder, "case.qbc");
  await bundleApp({ target: "device", entry, outfile: script });
  const compiled = await finish(
    spawn(engine.compiler, [script, bytecode], { stdio: ["ignore", "pipe", "pipe"] }),
  );
  if (compiled.end !== 0) {
    throw new Error(`${engine.compiler} ${script} failed (${compiled.end}): ${compiled.stderr}`);
  }
  return bytecode;
}

/** Bytecode by compiler and case: engines that share a compiler share what it made. Kept when something fails. */
const compiledCases = new Map<string, Promise<string>>();
let workFolder: string | undefined;
let failed = false;

function compiledCase(engine: Engine, name: string): Promise<string> {
  workFolder ??= makeWorkFolder();
  const key = `${name} ${engine.compiler}`;
  const folder = join(workFolder, `${name}-${compiledCases.size}`);
  const bytecode = compiledCases.get(key) ?? compileCase({ engine, entry: casePath(name), folder });
  compiledCases.set(key, bytecode);
  return bytecode;
}

function makeWorkFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "gwcard-cases-"));
  process.once("exit", () => {
    if (failed) console.error(`kept: ${folder}`);
    else rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Runs a case on the runtime. */
export async function runOnDevice(
  engine: Engine,
  name: string,
  args: readonly string[] = [],
): Promise<Outcome> {
  const outcome = await runEngine(engine, [await compiledCase(engine, name), ...args]);
  failed ||= outcome.end !== 0;
  return outcome;
}

/** Runs a case on Node.js, as the same kind of single script: a module's main would run inside a promise job. */
export async function runOnNode(name: string, args: readonly string[] = []): Promise<Outcome> {
  workFolder ??= makeWorkFolder();
  const script = join(workFolder, `${name}.cjs`);
  await bundleApp({ target: "node", entry: casePath(name), outfile: script });
  return await finish(
    spawn(process.execPath, [script, ...args], { cwd: repository, stdio: ["ignore", "pipe", "pipe"] }),
  );
}
