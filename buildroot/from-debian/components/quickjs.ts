import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { boardPatches } from "../board.ts";
import type { Recipe } from "../recipe.ts";

/** The folder has the name of Buildroot's package, which takes the patches from there, too. */
const PATCHES = boardPatches("gateway-quickjs");

/** QuickJS's source, as the runtime's Makefile compiles it: one tree for the engine and for the bytecode compiler. */
export const quickjs: Recipe = {
  name: "quickjs",
  source: "quickjs",
  needs: [],
  inputs: PATCHES,
  async build(kit) {
    const folder = await kit.unpack();
    await kit.patch(folder, PATCHES);
    for (const name of readdirSync(folder).filter((entry) => /\.(c|h)$|^(VERSION|LICENSE)$/.test(entry))) {
      cpSync(join(folder, name), join(kit.output, "src", name));
    }
    kit.keepLicence(folder, ["LICENSE"]);
  },
};
