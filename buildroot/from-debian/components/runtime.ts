import { join } from "node:path";
import type { Recipe } from "../recipe.ts";
import { CFLAGS, LDFLAGS } from "../toolchain.ts";

const NATIVE = new URL("../../../app/runtime/native/", import.meta.url).pathname;

/** gateway-runtime and gateway-bytecode, by the runtime's own Makefile. */
export const runtime: Recipe = {
  name: "runtime",
  needs: ["toolchain", "openssl", "quickjs"],
  inputs: [NATIVE],
  async build(kit) {
    const openssl = kit.need("openssl");
    const source = join(kit.need("quickjs"), "src");
    const maps = [`-ffile-prefix-map=${NATIVE}=runtime/`, `-ffile-prefix-map=${source}=quickjs`];
    await kit.make([
      "-s",
      "-C",
      NATIVE,
      "CC=i586-gcc",
      `CFLAGS=${[...CFLAGS, ...maps].join(" ")}`,
      `LDFLAGS=${LDFLAGS.join(" ")}`,
      `QUICKJS=${source}`,
      `OPENSSL_CFLAGS=-I${join(openssl, "include")}`,
      `OPENSSL_LIBS=${join(openssl, "lib/libssl.a")} ${join(openssl, "lib/libcrypto.a")}`,
      `O=${kit.work}`,
    ]);
    await kit.install(join(kit.work, "gateway-runtime"), "usr/bin/gateway-runtime");
    // The compiler of the bundle runs on the host, and is stripped the same way
    await kit.run(["strip", "-o", join(kit.output, "gateway-bytecode"), join(kit.work, "gateway-bytecode")]);
  },
};
