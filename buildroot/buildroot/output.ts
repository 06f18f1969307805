/** Buildroot's output folder: which defconfig it was set up with. */
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { BuildrootError } from "./errors.ts";

export interface Output {
  readonly output: string;
  /** Path of the defconfig in the external tree. */
  readonly defconfig: string;
}

export interface SetUp extends Output {
  /** What `make savedefconfig` writes for the folder's .config. */
  readonly saved: () => string;
}

const takenFile = (output: string): string => join(output, ".defconfig.taken");

/**
 * False: the folder has no .config yet. One that neither was made from this defconfig nor says the same is an error: it may
 * carry what its owner changed by menuconfig, so it is neither used nor replaced.
 */
export function isSetUp({ output, defconfig, saved }: SetUp): boolean {
  const [config, taken, wanted] = [
    join(output, ".config"),
    takenFile(output),
    readFileSync(defconfig, "utf8"),
  ];
  if (!existsSync(config)) return false;
  if (existsSync(taken) && readFileSync(taken, "utf8") === wanted) return true;
  if (saved() === wanted) {
    noteDefconfig({ output, defconfig });
    return true;
  }
  throw new BuildrootError(
    "DEFCONFIG_CHANGED",
    `${config} was made from another ${relative(process.cwd(), defconfig)} than today's`,
    `Remove it and run again, or keep what menuconfig changed there: "make -C ${output} savedefconfig" writes it into the defconfig. ` +
      `Packages whose options are others now need "make -C ${output} <package>-dirclean", the whole toolchain a new folder.`,
  );
}

/** Remembers the defconfig that the folder has just been set up with. */
export function noteDefconfig({ output, defconfig }: Output): void {
  copyFileSync(defconfig, takenFile(output));
}
