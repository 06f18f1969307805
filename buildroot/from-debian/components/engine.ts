import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { Recipe } from "../recipe.ts";
import { NATIVE, RUNTIME_MAKE, runtimeMake } from "../runtime-make.ts";

/** QuickJS compiled: most of the runtime's compile time, and the same as long as only our own modules change. */
export const engine: Recipe = {
  name: "engine",
  needs: ["toolchain", "quickjs"],
  inputs: [RUNTIME_MAKE, ...["engine.c", "engine.h", "Makefile"].map((name) => join(NATIVE, name))],
  async build(kit) {
    await kit.make([...runtimeMake(kit), join(kit.work, "engine.o")]);
    for (const name of ["engine_id.h", "engine.o"]) {
      copyFileSync(join(kit.work, name), join(kit.output, name));
    }
  },
};
