import { access, constants, mkdir, mkdtemp, rename, rm, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { OutputError, ToolFailedError } from "./errors.ts";

/** Where results go: made in a hidden folder beside the output and moved into place when all of them are complete. */

export interface OutputNames {
  readonly sbom: string;
  readonly sha256: string;
  readonly bmap: string;
  readonly xz: string;
  readonly image: string;
}

export interface Stage {
  /** Takes the results, under their final names. */
  readonly folder: string;
  /** Takes everything else; gone afterwards. */
  readonly work: string;
  readonly names: OutputNames;
}

/** Runs `produce` in a temporary folder; moves what it made on success, leaves no trace on failure. */
export async function stageOutput<T>(
  options: { readonly output: string; readonly signal: AbortSignal },
  produce: (stage: Stage) => Promise<T>,
): Promise<T> {
  const { output, signal } = options;
  const name = path.basename(output);
  const target = path.dirname(path.resolve(output));
  await checkTarget(output, target);
  const names: OutputNames = {
    sbom: `${name}.cdx.json`,
    sha256: `${name}.sha256`,
    bmap: `${name}.bmap`,
    xz: `${name}.xz`,
    image: name,
  };
  const root = await mkdtemp(path.join(target, `.${name}.`));
  try {
    const stage = { folder: path.join(root, "done"), work: path.join(root, "work"), names };
    await mkdir(stage.folder);
    await mkdir(stage.work);
    const result = await produce(stage);
    signal.throwIfAborted();
    // The image comes last: whoever sees a new one finds its companions there already.
    for (const file of Object.values(names))
      await rename(path.join(stage.folder, file), path.join(target, file));
    return result;
  } catch (error) {
    // The terminal's Ctrl-C reaches the tools too; their sudden end is then not the story to tell.
    if (signal.aborted) throw signal.reason;
    throw (await isDiskFull(error, target)) ? diskFull(output, target, error) : error;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Less than this free right after a failure: not every tool says why it could not write. */
const NEARLY_NOTHING = 256 * 1024;

async function isDiskFull(error: unknown, target: string): Promise<boolean> {
  if (error instanceof Error && /ENOSPC|No space left on device|Disk full/.test(error.message)) return true;
  if (!(error instanceof ToolFailedError)) return false;
  const { bavail, bsize } = await statfs(target);
  return bavail * bsize < NEARLY_NOTHING;
}

function diskFull(output: string, target: string, cause: unknown): OutputError {
  return new OutputError({
    code: "OUTPUT_DISK_FULL",
    message: `can't write ${output}: the disk of ${target} is full`,
    next: "free some space there (a card takes about three times its payload), or choose another --output",
    data: { output },
    cause,
  });
}

async function checkTarget(output: string, target: string): Promise<void> {
  const fail = (problem: string, cause?: unknown): OutputError =>
    new OutputError({
      code: "OUTPUT_NOT_WRITABLE",
      message: `can't write ${output}: ${problem}`,
      next: "choose another --output, or correct the permissions",
      data: { output },
      cause,
    });
  const existing = await stat(output).catch(() => undefined);
  if (existing !== undefined && !existing.isFile())
    throw fail("it exists and is not a regular file; to write a card, build a file and flash that");
  await mkdir(target, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    throw fail(`the folder ${target} can't be made (${cause.code})`, cause);
  });
  await access(target, constants.W_OK).catch((cause: NodeJS.ErrnoException) => {
    throw fail(`no permission to write into ${target} (${cause.code})`, cause);
  });
}
