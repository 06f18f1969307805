import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ToolFailedError, ToolMissingError } from "./errors.ts";

/** The programs gwcard runs, and the Debian package that brings each. */
const DEBIAN_PACKAGE = {
  mke2fs: "e2fsprogs",
  debugfs: "e2fsprogs",
  e2fsck: "e2fsprogs",
  "mkfs.vfat": "dosfstools",
  mmd: "mtools",
  mcopy: "mtools",
  xz: "xz-utils",
  tar: "tar",
} as const;

export type Tool = keyof typeof DEBIAN_PACKAGE;

/** Where file system tools live when a user's PATH leaves the administrator's folders out. */
const EXTRA_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

function searchPath(): string {
  return [process.env.PATH ?? "", ...EXTRA_FOLDERS].filter((part) => part !== "").join(path.delimiter);
}

/** Fails with the name of the Debian package when one of the tools is missing. */
export async function requireTools(tools: readonly Tool[]): Promise<void> {
  for (const tool of tools) {
    const candidates = searchPath()
      .split(path.delimiter)
      .map((folder) => path.join(folder, tool));
    const usable = await Promise.all(
      candidates.map((file) =>
        access(file, constants.X_OK).then(
          () => true,
          () => false,
        ),
      ),
    );
    if (!usable.includes(true)) throw new ToolMissingError({ tool, debianPackage: DEBIAN_PACKAGE[tool] });
  }
}

export interface ToolOptions {
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to a small fixed environment: nothing of the caller's locale or time zone reaches the tool. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | AsyncIterable<Buffer> | Iterable<Buffer>;
  /** File descriptor that takes what the tool writes; without it the output is in the result. */
  readonly output?: number;
  readonly signal?: AbortSignal;
  /** Exit codes besides 0 that are no failure. */
  readonly accept?: readonly number[];
}

export interface ToolResult {
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end; any other exit code than 0 is an error that carries what the program said. */
export async function runTool(tool: Tool, options: ToolOptions): Promise<ToolResult> {
  const child = spawn(tool, options.args, {
    cwd: options.cwd,
    env: { PATH: searchPath(), LC_ALL: "C", TZ: "UTC", ...options.env },
    stdio: ["pipe", options.output ?? "pipe", "pipe"],
    signal: options.signal,
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  const ended = new Promise<{ code: number | null; killedBy: string | null }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, killedBy) => resolve({ code, killedBy }));
  });
  const input = typeof options.input === "string" ? [options.input] : (options.input ?? []);
  // A tool that ends before it has read all its input is judged by its exit code, not by the broken pipe.
  const fed = pipeline(Readable.from(input), child.stdin as Writable).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
    },
  );
  const [{ code, killedBy }] = await Promise.all([ended, fed]).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new ToolMissingError({ tool, debianPackage: DEBIAN_PACKAGE[tool] });
    throw error;
  });
  const result = { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
  if (code === 0 || (code !== null && options.accept?.includes(code))) return result;
  const output = result.stderr || result.stdout.toString() || `ended by ${killedBy ?? `exit code ${code}`}`;
  throw new ToolFailedError({ tool, args: options.args, output });
}
