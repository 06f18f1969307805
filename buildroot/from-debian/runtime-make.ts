/** How app/runtime/native/Makefile is called: the same for its slow part (engine) and for the rest. */
import { dirname, join } from "node:path";
import type { BuildKit } from "./recipe.ts";
import { CFLAGS, LDFLAGS } from "./toolchain.ts";

export const NATIVE = new URL("../../app/runtime/native/", import.meta.url).pathname;
export const RUNTIME_MAKE = new URL(import.meta.url).pathname;

/** Arguments for make; objects go to the kit's work folder. */
export function runtimeMake(kit: BuildKit): string[] {
  const quickjs = join(kit.need("quickjs"), "src");
  const results = dirname(kit.need("quickjs"));
  const maps = [
    `-ffile-prefix-map=${NATIVE.replace(/\/$/, "")}=runtime`,
    `-ffile-prefix-map=${results}=built`,
  ];
  return [
    ...["-s", "-C", NATIVE, `O=${kit.work}`, `QUICKJS=${quickjs}`],
    ...["CC=i586-gcc", `CFLAGS=${[...CFLAGS, ...maps].join(" ")}`, `LDFLAGS=${LDFLAGS.join(" ")}`],
  ];
}
