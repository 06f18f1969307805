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
 * an interrupted or a concurrent build never leaves half a result; of two builds of the same key the first one stays.
 */
export async function cached(options: {
  root: string;
  name: string;
  key: string;
  build: (output: string) => Promise<void>;
}): Promise<string> {
  const final = join(options.root, "built", `${options.name}-${options.key.slice(0, 24)}`);
  if (existsSync(final)) {
    return final;
  }
  mkdirSync(join(options.root, "built"), { recursive: true });
  const output = mkdtempSync(join(options.root, "built", `.${options.name}-`));
  try {
    await options.build(output);
    renameSync(output, final);
  } catch (error) {
    rmSync(output, { recursive: true, force: true });
    if (!(existsSync(final) && isTaken(error))) {
      throw error;
    }
  }
  return final;
}

function isTaken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOTEMPTY" || code === "EEXIST";
}
