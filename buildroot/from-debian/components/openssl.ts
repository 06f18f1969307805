import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { boardOptions, boardPatches, optionsFile } from "../board.ts";
import type { Recipe } from "../recipe.ts";
import { CFLAGS } from "../toolchain.ts";

/** The assembler without MMX/SSE paths (never taken on a Quark), LOCK, ENDBR32 and RDRAND; bignum is untouched. */
const PATCHES = boardPatches("libopenssl");

/** libcrypto and libssl, static, with the i586 assembler. */
export const openssl: Recipe = {
  name: "openssl",
  source: "openssl",
  needs: ["toolchain"],
  inputs: [optionsFile("openssl"), ...PATCHES],
  async build(kit) {
    const folder = await kit.unpack();
    await kit.patch(folder, PATCHES);
    const env = kit.environment();
    const flags = ["-fomit-frame-pointer", ...CFLAGS].join(" ");
    const where = ["--prefix=/usr", "--openssldir=/etc/ssl", "--libdir=lib"];
    const tools = ["CC=i586-gcc", "AR=i586-ar", "RANLIB=i586-ranlib", `CFLAGS=${flags}`];
    await kit.run(["perl", "Configure", "linux-x86", ...boardOptions("openssl"), ...where, ...tools], {
      cwd: folder,
      env,
    });
    await kit.make(["-s", "build_libs"], { cwd: folder, env });
    mkdirSync(join(kit.output, "lib"));
    for (const library of ["libssl.a", "libcrypto.a"]) {
      cpSync(join(folder, library), join(kit.output, "lib", library));
    }
    cpSync(join(folder, "include"), join(kit.output, "include"), { recursive: true });
    kit.keepLicence(folder, ["LICENSE.txt"]);
  },
};
