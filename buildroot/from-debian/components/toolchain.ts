import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Recipe } from "../recipe.ts";
import { I586, writeCompilerWrapper } from "../toolchain.ts";

const HERE = new URL("..", import.meta.url).pathname;
const LIBGCC = join(HERE, "libgcc");

/** musl, our libgcc and the compiler wrapper: everything that the other components are compiled with. */
export const toolchain: Recipe = {
  name: "toolchain",
  source: "musl",
  needs: ["linux-headers"],
  inputs: [LIBGCC, join(HERE, "toolchain.ts")],
  async build(kit) {
    const folder = await kit.unpack();
    const env = kit.environment({ CC: `gcc ${I586.join(" ")}`, AR: "ar", RANLIB: "ranlib", LIBCC: " " });
    const flags = `CFLAGS=-O2 -g1 -fno-asynchronous-unwind-tables -ffile-prefix-map=${folder}=musl`;
    await kit.run(
      [
        "./configure",
        "--target=i586",
        `--prefix=${kit.output}`,
        "--disable-shared",
        "--disable-wrapper",
        flags,
      ],
      { cwd: folder, env },
    );
    await kit.make(["-s", "install"], { cwd: folder, env });
    cpSync(join(kit.need("linux-headers"), "include"), join(kit.output, "include"), { recursive: true });

    const objects = join(kit.work, "libgcc");
    mkdirSync(objects);
    const freestanding = [
      "-O2",
      "-ffreestanding",
      "-nostdinc",
      "-fno-stack-protector",
      "-fno-asynchronous-unwind-tables",
    ];
    const warnings = ["-Wall", "-Wextra", "-Werror", `-ffile-prefix-map=${LIBGCC}=libgcc`];
    for (const file of readdirSync(LIBGCC)
      .filter((name) => name.endsWith(".c"))
      .sort()) {
      const object = join(objects, file.replace(/c$/, "o"));
      await kit.run([
        "gcc",
        ...I586,
        "-fno-pie",
        ...freestanding,
        ...warnings,
        "-c",
        join(LIBGCC, file),
        "-o",
        object,
      ]);
    }
    const members = readdirSync(objects)
      .sort()
      .map((name) => join(objects, name));
    await kit.run(["ar", "rcsD", join(kit.output, "lib/libgcc.a"), ...members]);
    writeCompilerWrapper(kit.output);
    kit.keepLicence(folder, ["COPYRIGHT"]);
  },
};
