import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BOARD, boardPatches } from "../board.ts";
import { assertConfigKept } from "../check-config.ts";
import type { Recipe } from "../recipe.ts";

const FRAGMENT = join(BOARD, "linux.fragment");
const PATCHES = boardPatches("linux");

/** The parts of bzImage with their symbols, for `make isa` and for reading an oops. */
const SYMBOLS: Readonly<Record<string, string>> = {
  vmlinux: "vmlinux",
  "arch/x86/boot/setup.elf": "boot/setup.elf",
  "arch/x86/boot/compressed/vmlinux": "boot/compressed/vmlinux",
  "arch/x86/realmode/rm/realmode.elf": "boot/realmode.elf",
};

/** The kernel. The fragment is the whole configuration; a line that Kconfig drops stops the build. */
export const linux: Recipe = {
  name: "linux",
  source: "linux",
  needs: [],
  inputs: [FRAGMENT, ...PATCHES],
  async build(kit) {
    const folder = await kit.unpack();
    await kit.patch(folder, PATCHES);
    const objects = join(kit.work, "build");
    mkdirSync(objects);
    const config = join(objects, ".config");
    copyFileSync(FRAGMENT, config);
    const noLock = "-Wa,-momit-lock-prefix=yes";
    const target = ["-s", "ARCH=i386", `O=${objects}`, `KCFLAGS=${noLock}`, `KAFLAGS=${noLock}`];
    const env = kit.environment({
      KBUILD_BUILD_TIMESTAMP: "2026-01-01",
      KBUILD_BUILD_USER: "gwcard",
      KBUILD_BUILD_HOST: "gwcard",
      KBUILD_BUILD_VERSION: "1",
    });
    await kit.make([...target, "olddefconfig"], { cwd: folder, env });
    assertConfigKept({
      fragment: { path: "buildroot/board/iot2040/linux.fragment", text: readFileSync(FRAGMENT, "utf8") },
      config: readFileSync(config, "utf8"),
    });
    await kit.make([...target, "bzImage"], { cwd: folder, env });
    copyFileSync(join(objects, "arch/x86/boot/bzImage"), join(kit.output, "bzImage"));
    for (const [built, kept] of Object.entries(SYMBOLS)) {
      mkdirSync(dirname(join(kit.output, "debug", kept)), { recursive: true });
      copyFileSync(join(objects, built), join(kit.output, "debug", kept));
    }
    copyFileSync(config, join(kit.output, "kernel.config"));
    kit.keepLicence(folder, ["COPYING"]);
  },
};
