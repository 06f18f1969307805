import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Recipe } from "../recipe.ts";

const PATCHES_FOLDER = new URL("../patches/quickjs/", import.meta.url).pathname;
const PATCHES = readdirSync(PATCHES_FOLDER)
  .sort()
  .map((name) => join(PATCHES_FOLDER, name));

/** QuickJS's source, as the runtime's Makefile compiles it: one tree for the engine and for the bytecode compiler. */
export const quickjs: Recipe = {
  name: "quickjs",
  source: "quickjs",
  needs: [],
  inputs: PATCHES,
  async build(kit) {
    const folder = await kit.unpack();
    for (const patch of PATCHES) await kit.run(["patch", "-s", "-p1", "-d", folder, "-i", patch]);
    for (const name of readdirSync(folder).filter((entry) => /\.(c|h)$|^(VERSION|LICENSE)$/.test(entry))) {
      cpSync(join(folder, name), join(kit.output, "src", name));
    }
    kit.keepLicence(folder, ["LICENSE"]);
  },
};
