import { join } from "node:path";
import type { Recipe } from "../recipe.ts";

/** The kernel's headers for user space; a recipe of its own so that a kernel option does not rebuild everything. */
export const linuxHeaders: Recipe = {
  name: "linux-headers",
  source: "linux",
  needs: [],
  inputs: [],
  async build(kit) {
    // What `make headers_install` reads; the whole tree would take longer to unpack than to use
    const top = ["Makefile", "Kbuild", "scripts", "include", "usr"];
    const x86 = ["Makefile", "Kbuild", "Makefile_32.cpu", "tools", "include", "entry/syscalls"];
    const folder = await kit.unpack([...top, ...x86.map((name) => `arch/x86/${name}`), "tools/include"]);
    await kit.make(["-s", "ARCH=i386", "headers_install", `INSTALL_HDR_PATH=${join(kit.output)}`], {
      cwd: folder,
    });
  },
};
