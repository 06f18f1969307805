/** What both builders take from board/iot2040: patches by the name of Buildroot's package, and build options. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const BOARD = new URL("../board/iot2040/", import.meta.url).pathname;

/** Patches of a package in their order; Buildroot finds them by BR2_GLOBAL_PATCH_DIR. */
export function boardPatches(name: string): string[] {
  const folder = join(BOARD, "patches", name);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".patch"))
    .sort()
    .map((file) => join(folder, file));
}

/** Path of NAME.options, whose words both builders give to that package's configure script; external.mk reads it, too. */
export function optionsFile(name: string): string {
  return join(BOARD, `${name}.options`);
}

/** The words of NAME.options, without its comments. */
export function boardOptions(name: string): string[] {
  return readFileSync(optionsFile(name), "utf8")
    .replace(/#.*/g, "")
    .split(/\s+/)
    .filter((word) => word !== "");
}
