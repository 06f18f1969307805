/**
 * The compiler for the Quark: the host's gcc with musl and our own start files and libgcc.
 *
 * Debian's 32-bit crt*.o and libgcc begin every function with ENDBR32, which the Quark does not know, so neither is
 * linked: musl brings its own start files (constructors included), libgcc/ has the functions that gcc calls by name.
 */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The instruction set: i586 and nothing above; LOCK can misbehave on this processor and one core needs none. */
export const I586 = [
  "-m32",
  "-march=i586",
  "-mtune=lakemont",
  "-fcf-protection=none",
  "-Wa,-momit-lock-prefix=yes",
];

/** What every program on the card is compiled with. No PIE: i586 would pay for it with one of its few registers. */
export const CFLAGS = [
  "-O2",
  "-g1",
  "-ffunction-sections",
  "-fdata-sections",
  "-fstack-protector-strong",
  "-fno-asynchronous-unwind-tables",
];

export const LDFLAGS = ["-static", "-Wl,--gc-sections"];

const SYSROOT = "GWCARD_SYSROOT";
/** Names the folder of a build, so that no path of this machine gets into debug information or assertions. */
export const WORK = "GWCARD_WORK";

/** gcc's link and search rules replaced by ours; see "Spec Files" in gcc's manual. */
function specs(): string {
  const at = (path: string): string => `%:getenv(${SYSROOT} ${path})`;
  const include = `-nostdinc -isystem ${at("/include")} -isystem include%s`;
  const sections: Record<string, string> = {
    cpp_options: `${include} %(old_cpp_options)`,
    cc1: `%(cc1_cpu) ${include}`,
    link_libgcc: `-L${at("/lib")}`,
    libgcc: at("/lib/libgcc.a"),
    startfile: `${at("/lib/crt1.o")} ${at("/lib/crti.o")}`,
    endfile: at("/lib/crtn.o"),
    link: "-m elf_i386 -nostdlib -static -z noexecstack -z relro -z now --build-id=sha1",
    esp_link: "",
    esp_options: "",
    esp_cpp_options: "",
  };
  const body = Object.entries(sections).map(([name, text]) => `*${name}:\n${text}\n`);
  return `%rename cpp_options old_cpp_options\n\n${body.join("\n")}\n`;
}

/** Writes bin/i586-gcc and its companions into a toolchain folder that already has include/ and lib/. */
export function writeCompilerWrapper(folder: string): void {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(folder, "lib/i586.specs"), specs());
  const maps = [`"-ffile-prefix-map=$${SYSROOT}=/sysroot"`, `"-ffile-prefix-map=\${${WORK}:-$PWD}=."`];
  writeFileSync(
    join(bin, "i586-gcc"),
    `#!/bin/sh
# The i586 musl compiler; finds its folder by its own path, so the folder can be moved.
case $0 in */*) here=\${0%/*} ;; *) here=$(dirname "$(command -v "$0")") ;; esac
${SYSROOT}=$(cd "$here/.." && pwd)
export ${SYSROOT}
exec gcc "-specs=$${SYSROOT}/lib/i586.specs" ${I586.join(" ")} -fno-pie -no-pie -static ${maps.join(" ")} "$@"
`,
  );
  chmodSync(join(bin, "i586-gcc"), 0o755);
  for (const tool of ["ar", "ranlib", "strip", "nm", "objcopy", "objdump", "ld"]) {
    symlinkSync(`/usr/bin/${tool}`, join(bin, `i586-${tool}`));
  }
}
