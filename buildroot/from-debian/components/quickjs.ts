import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Recipe } from "../recipe.ts";

const PATCH = new URL("../patches/quickjs/0001-table-of-captured-variables.patch", import.meta.url).pathname;

/** QuickJS's source, as the runtime's Makefile compiles it: one tree for the engine and for the bytecode compiler. */
export const quickjs: Recipe = {
  name: "quickjs",
  source: "quickjs",
  needs: [],
  inputs: [PATCH],
  async build(kit) {
    const folder = await kit.unpack();
    await kit.run(["patch", "-s", "-p1", "-d", folder, "-i", PATCH]);
    for (const name of readdirSync(folder).filter((entry) => /\.(c|h)$|^(VERSION|LICENSE)$/.test(entry))) {
      cpSync(join(folder, name), join(kit.output, "src", name));
    }
    kit.keepLicence(folder, ["LICENSE"]);
  },
};
