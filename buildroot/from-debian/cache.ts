/** The build cache outside the checkout: results by content hash, moved into place in one step. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";

/** `${GWCARD_CACHE}`, else `${XDG_CACHE_HOME}/gwcard`, else `~/.cache/gwcard`. */
export function cacheRoot(environment: NodeJS.ProcessEnv = process.env): string {
  const own = environment.GWCARD_CACHE;
  if (own !== undefined && own !== "") {
    return own;
  }
  const xdg = environment.XDG_CACHE_HOME;
  return join(xdg !== undefined && xdg !== "" ? xdg : join(homedir(), ".cache"), "gwcard");
}

/** One SHA-256 over named values; order and boundaries count. */
export function contentKey(values: Readonly<Record<string, string>>): string {
  const hash = createHash("sha256");
  for (const name of Object.keys(values).sort()) {
    const value = values[name] ?? "";
    hash.update(`${name}\0${Buffer.byteLength(value)}\0`).update(value);
  }
  return hash.digest("hex");
}

export function sha256(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Hash of a file, or of every file below a folder (names, contents, executable bit), whatever the order on disk. */
export function hashPath(path: string): string {
  if (!statSync(path).isDirectory()) {
    return sha256(readFileSync(path));
  }
  const hash = createHash("sha256");
  for (const file of filesBelow(path)) {
    const executable = (statSync(file).mode & 0o111) === 0 ? "-" : "x";
    hash.update(`${relative(path, file)}\0${executable}\0`).update(sha256(readFileSync(file)));
  }
  return hash.digest("hex");
}

export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * The folder with the result for `key`; `build` fills it when it is not there. A result appears by one rename, so that
 * an interrupted build never leaves half a result. Processes that want the same result build it once: the others wait.
 */
export async function cached(options: {
  root: string;
  name: string;
  key: string;
  build: (output: string) => Promise<void>;
  /** Called once when another process is already at it. */
  onWait?: (pid: number) => void;
}): Promise<string> {
  const folder = join(options.root, "built");
  const final = join(folder, `${options.name}-${options.key.slice(0, 24)}`);
  if (existsSync(final)) {
    return final;
  }
  mkdirSync(folder, { recursive: true });
  const release = await takeLock(`${final}.lock`, options.onWait);
  try {
    if (!existsSync(final)) {
      const output = mkdtempSync(join(folder, `.${options.name}-`));
      try {
        await options.build(output);
        renameSync(output, final);
      } catch (error) {
        rmSync(output, { recursive: true, force: true });
        throw error;
      }
    }
  } finally {
    release();
  }
  return final;
}

const LOCK_POLL_MS = 500;

/** One lock file per result with the holder's process id in it; a holder that has died does not hold it any more. */
async function takeLock(path: string, onWait?: (pid: number) => void): Promise<() => void> {
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw error;
      }
    }
    const holder = lockHolder(path);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!waited && holder !== undefined) {
      onWait?.(holder);
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

function lockHolder(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
