/** Buildroot's output folder: which defconfig it was set up with. */
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { BuildrootError } from "./errors.ts";

export interface Output {
  readonly output: string;
  /** Path of the defconfig in the external tree. */
  readonly defconfig: string;
}

const takenFile = (output: string): string => join(output, ".defconfig.taken");

/**
 * False: the folder has no .config yet. One that was made from another defconfig is an error: it may carry what its owner
 * changed by menuconfig, so it is neither used nor replaced.
 */
export function isSetUp({ output, defconfig }: Output): boolean {
  const [config, taken] = [join(output, ".config"), takenFile(output)];
  if (!existsSync(config)) return false;
  if (existsSync(taken) && readFileSync(taken, "utf8") === readFileSync(defconfig, "utf8")) return true;
  throw new BuildrootError(
    "DEFCONFIG_CHANGED",
    `${config} was made from another ${relative(process.cwd(), defconfig)} than today's`,
    `Remove it and run again ("make -C ${output} savedefconfig DEFCONFIG=<file>" first keeps what menuconfig changed). ` +
      `Packages whose options are others now need "make -C ${output} <package>-dirclean", the whole toolchain a new folder.`,
  );
}

/** Remembers the defconfig that the folder has just been set up with. */
export function noteDefconfig({ output, defconfig }: Output): void {
  copyFileSync(defconfig, takenFile(output));
}
