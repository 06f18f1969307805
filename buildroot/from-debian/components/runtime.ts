import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { Recipe } from "../recipe.ts";
import { NATIVE, RUNTIME_MAKE, runtimeMake } from "../runtime-make.ts";

/** gateway-runtime and gateway-bytecode, by the runtime's own Makefile. */
export const runtime: Recipe = {
  name: "runtime",
  needs: ["toolchain", "openssl", "quickjs", "engine"],
  inputs: [RUNTIME_MAKE, NATIVE],
  async build(kit) {
    const openssl = kit.need("openssl");
    // Copied in this order they are newer than what they are made from, each than the one before: make keeps them
    for (const name of ["engine_id.h", "engine.o"]) {
      copyFileSync(join(kit.need("engine"), name), join(kit.work, name));
    }
    const libraries = ["libssl.a", "libcrypto.a"].map((name) => join(openssl, "lib", name));
    const tls = [`OPENSSL_CFLAGS=-I${join(openssl, "include")}`, `OPENSSL_LIBS=${libraries.join(" ")}`];
    await kit.make([...runtimeMake(kit), ...tls]);
    await kit.install(join(kit.work, "gateway-runtime"), "usr/bin/gateway-runtime");
    await kit.run(["strip", "-o", join(kit.output, "gateway-bytecode"), join(kit.work, "gateway-bytecode")]);
  },
};
