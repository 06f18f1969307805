import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Recipe } from "../recipe.ts";

const CONFIG = new URL("../../board/iot2040/grub.cfg", import.meta.url).pathname;
const MODULES = "/usr/lib/grub/i386-efi";
const COPYRIGHT = "/usr/share/doc/grub-efi-ia32-bin/copyright";
/** No `normal`: nobody gets a GRUB menu or shell on the serial line. grub.cfg is read by the core's own parser, which
 * knows neither `if` nor comments and goes on to the next line when a command fails. */
const WANTED = ["part_gpt", "ext2", "search", "search_label", "linux", "echo", "sleep", "reboot", "boot"];

/** BOOTIA32.EFI: Debian's GRUB modules (already free of CMOV and SSE) and our configuration in one file, which finds
 * kernel and root file system by the label HW-BOOT and, when it can't, says so and tries again. */
export const grub: Recipe = {
  name: "grub",
  needs: [],
  inputs: [CONFIG, join(MODULES, "moddep.lst"), join(MODULES, "kernel.img")],
  async build(kit) {
    const image = join(kit.output, "BOOTIA32.EFI");
    const place = ["-O", "i386-efi", "-d", MODULES, "-p", "/boot/grub", "-c", CONFIG];
    await kit.run(["grub-mkimage", ...place, "-o", image, ...WANTED]);
    mkdirSync(join(kit.output, "grub-modules"));
    for (const name of moduleClosure(readFileSync(join(MODULES, "moddep.lst"), "utf8"), WANTED)) {
      copyFileSync(join(MODULES, `${name}.mod`), join(kit.output, "grub-modules", `${name}.mod`));
    }
    copyFileSync(join(MODULES, "kernel.img"), join(kit.output, "grub-modules/kernel.img"));
    copyFileSync(COPYRIGHT, join(kit.output, "licence.txt"));
    const query = spawnSync("dpkg-query", ["-W", `-f=\${Version}`, "grub-efi-ia32-bin"], {
      encoding: "utf8",
    });
    writeFileSync(join(kit.output, "version.txt"), query.stdout);
  },
};

/** The modules and everything that they need, as moddep.lst ("name: needs…") says. */
export function moduleClosure(moddep: string, wanted: readonly string[]): string[] {
  const needs = new Map(
    moddep.split("\n").flatMap((line) => {
      const [name, rest] = line.split(":");
      return name === undefined || rest === undefined
        ? []
        : [[name, rest.trim().split(/\s+/).filter(Boolean)] as const];
    }),
  );
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (!found.has(name)) {
      found.add(name);
      for (const need of needs.get(name) ?? []) {
        visit(need);
      }
    }
  };
  for (const name of wanted) {
    visit(name);
  }
  return [...found].sort();
}
