import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assertConfigKept } from "../check-config.ts";
import type { Recipe } from "../recipe.ts";
import { CFLAGS, LDFLAGS } from "../toolchain.ts";

const CONFIG = new URL("../../board/iot2040/busybox.config", import.meta.url).pathname;

/** init, a shell for the start scripts, and the few applets that they call. */
export const busybox: Recipe = {
  name: "busybox",
  source: "busybox",
  needs: ["toolchain"],
  inputs: [CONFIG],
  async build(kit) {
    const folder = await kit.unpack();
    const objects = join(kit.work, "build");
    mkdirSync(objects);
    copyFileSync(CONFIG, join(objects, ".config"));
    const target = ["-s", `O=${objects}`, "CC=i586-gcc", "AR=i586-ar", "HOSTCC=gcc", "SKIP_STRIP=y"];
    await kit.make([...target, "oldconfig"], { cwd: folder });
    assertConfigKept({
      fragment: { path: "buildroot/board/iot2040/busybox.config", text: readFileSync(CONFIG, "utf8") },
      config: readFileSync(join(objects, ".config"), "utf8"),
    });
    const flags = CFLAGS.filter((flag) => !flag.startsWith("-O")).join(" ");
    await kit.make(
      [
        ...target,
        `CONFIG_EXTRA_CFLAGS=${flags}`,
        `CONFIG_EXTRA_LDFLAGS=${LDFLAGS.join(" ")}`,
        "busybox",
        "busybox.links",
      ],
      {
        cwd: folder,
      },
    );
    await kit.install(join(objects, "busybox_unstripped"), "bin/busybox");
    copyFileSync(join(objects, "busybox.links"), join(kit.output, "busybox.links"));
    kit.keepLicence(folder, ["LICENSE"]);
  },
};
