import { join } from "node:path";
import type { Recipe } from "../recipe.ts";

/** The kernel's headers for user space; a recipe of its own so that a kernel option does not rebuild everything. */
export const linuxHeaders: Recipe = {
  name: "linux-headers",
  source: "linux",
  needs: [],
  inputs: [],
  async build(kit) {
    const folder = await kit.unpack([
      ...["Makefile", "Kbuild", "Kconfig", "scripts/*", "include/*", "usr/*", "tools/include/*"],
      ...["arch/x86/Makefile*", "arch/x86/Kbuild", "arch/x86/include/*", "arch/x86/entry/syscalls/*", "arch/x86/tools/*"],
    ].map((member) => `*/${member}`));
    await kit.make(["-s", "ARCH=i386", "headers_install", `INSTALL_HDR_PATH=${join(kit.output)}`], { cwd: folder });
  },
};
