/** Child processes of the lab: argv arrays, output into a log file and a journal, and no way to outlive the test. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { LabError } from "./errors.ts";
import { Journal } from "./journal.ts";
import { LineSplitter } from "./lines.ts";

const execFileAsync = promisify(execFile);

/** How long a process gets between SIGTERM and SIGKILL. */
const TERM_GRACE_MS = 5000;

/** Runs a tool to its end; a failure names the command and carries what it said. Returns stdout. */
export async function run(
  argv: readonly [string, ...string[]],
  options: { cwd?: string /** Exit codes that are no failure. */; accept?: readonly number[] } = {},
): Promise<string> {
  const [file, ...args] = argv;
  const { accept = [], ...place } = options;
  try {
    const { stdout } = await execFileAsync(file, args, { ...place, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (cause) {
    const failure = cause as { code?: unknown; stdout?: string; stderr?: string; message: string };
    if (typeof failure.code === "number" && accept.includes(failure.code)) return failure.stdout ?? "";
    if (failure.code === "ENOENT") {
      throw new LabError(
        "LAB_TOOL_MISSING",
        `${file} is not installed: \`make\` installs the packages the tests need`,
      );
    }
    throw new LabError(
      "LAB_PROCESS_FAILED",
      `${argv.join(" ")} failed: ${failure.stderr || failure.message}`,
    );
  }
}

export interface LabProcessOptions {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** Everything the process prints, kept for the reader of a failed test. */
  readonly logFile: string;
  /** What it says on stderr goes here and not into the journal; without it both streams are one. */
  readonly errorFile?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Opens Node's message channel to a child that is Node.js itself. */
  readonly ipc?: boolean;
  /** Gives the process a stdin that the test writes to. */
  readonly input?: boolean;
}

export class LabProcess {
  readonly name: string;
  /** stdout, line by line; stderr too, unless it has a file of its own. */
  readonly lines: Journal<string>;
  readonly child: ChildProcess;
  readonly #exited: Promise<void>;
  #running = true;

  constructor(options: LabProcessOptions) {
    this.name = options.name;
    this.lines = new Journal(options.name);
    mkdirSync(dirname(options.logFile), { recursive: true });
    const log = createWriteStream(options.logFile, { flags: "a" });
    const errorLog = options.errorFile === undefined ? log : createWriteStream(options.errorFile);
    // The kernel kills the child when this process dies in whatever way: no server survives a killed test.
    const argv = ["--pdeathsig", "KILL", "--", ...options.argv];
    const input = options.input === true ? "pipe" : "ignore";
    this.child = spawn("setpriv", argv, {
      stdio: options.ipc === true ? [input, "pipe", "pipe", "ipc"] : [input, "pipe", "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: options.env ?? process.env,
    });
    this.child.stdout?.on("data", logInto(log, this.lines));
    const errors = errorLog === log ? this.lines : new Journal<string>(`${options.name}, errors`);
    this.child.stderr?.on("data", logInto(errorLog, errors));
    this.#exited = new Promise((resolve) => {
      this.child.once("error", (error) => {
        this.#running = false;
        this.lines.end(error);
        resolve();
      });
      // "close" comes after the last output, "exit" may come before it.
      this.child.once("close", (code, signal) => {
        this.#running = false;
        log.end();
        errorLog.end();
        const said =
          errors === this.lines
            ? ""
            : errors.entries
                .slice(-3)
                .map((line) => `: ${line}`)
                .join("");
        this.lines.end(new Error(`${options.name} ended with ${signal ?? `exit code ${code}`}${said}`));
        resolve();
      });
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /** Resolves when the process is gone. */
  async exited(): Promise<void> {
    await this.#exited;
  }

  /** SIGTERM, and SIGKILL when that is not enough. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.#running) return;
    this.child.kill(signal);
    const killer = setTimeout(() => this.child.kill("SIGKILL"), TERM_GRACE_MS);
    await this.#exited;
    clearTimeout(killer);
  }
}

function logInto(file: WriteStream, lines: Journal<string>): (chunk: Buffer) => void {
  const splitter = new LineSplitter((line) => lines.append(line));
  return (chunk) => {
    file.write(chunk);
    splitter.push(chunk);
  };
}
