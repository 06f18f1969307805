import { join } from "node:path";
import type { Recipe } from "../recipe.ts";
import { CFLAGS, LDFLAGS } from "../toolchain.ts";

/** e2fsck: HW-LOG is written to while power may go away at any time. */
export const e2fsprogs: Recipe = {
  name: "e2fsprogs",
  source: "e2fsprogs",
  needs: ["toolchain"],
  inputs: [],
  async build(kit) {
    const folder = await kit.unpack();
    const off = [
      "nls",
      "rpath",
      "tdb",
      "uuidd",
      "debugfs",
      "imager",
      "resizer",
      "defrag",
      "fuse2fs",
      "fsck",
      "mmp",
      "bmap-stats",
    ];
    await kit.run(
      [
        "./configure",
        "--host=i586-linux-musl",
        "--prefix=/usr",
        ...off.map((name) => `--disable-${name}`),
        "--without-libarchive",
      ],
      {
        cwd: folder,
        env: kit.environment({
          CC: "i586-gcc",
          AR: "i586-ar",
          RANLIB: "i586-ranlib",
          BUILD_CC: "gcc",
          CFLAGS: CFLAGS.join(" "),
          LDFLAGS: LDFLAGS.join(" "),
        }),
      },
    );
    const quiet = ["-s", "V="];
    await kit.make([...quiet, "subs"], { cwd: folder });
    await kit.make([...quiet, "libs"], { cwd: folder });
    await kit.make([...quiet, "-C", "e2fsck", "e2fsck"], { cwd: folder });
    await kit.install(join(folder, "e2fsck/e2fsck"), "sbin/e2fsck");
    kit.keepLicence(folder, ["NOTICE"]);
  },
};
