/** Checks for the host programs before anything starts, and names the Debian packages of those that are missing. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { OsBuildError } from "./os-build-error.ts";

/** A program in the path, or an absolute path, and the Debian package that brings it. */
export const HOST_TOOLS: Readonly<Record<string, string>> = {
  gcc: "gcc",
  "/usr/lib/gcc/x86_64-linux-gnu/*/32/libgcc.a": "gcc-multilib",
  "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
  "/usr/lib/grub/i386-efi/kernel.img": "grub-efi-ia32-bin",
  "grub-mkimage": "grub-common",
  ar: "binutils",
  "apt-get": "apt",
  bc: "bc",
  bison: "bison",
  bzip2: "bzip2",
  flex: "flex",
  dpkg: "dpkg",
  lz4: "lz4",
  make: "make",
  patch: "patch",
  perl: "perl",
  rsync: "rsync",
  tar: "tar",
  xz: "xz-utils",
};

export interface ToolProbe {
  readonly path: readonly string[];
  exists(path: string): boolean;
  /** Whether any path matches, for entries with one `*`. */
  matches(pattern: string): boolean;
}

/** Debian packages that are missing, sorted. */
export function missingPackages(tools: Readonly<Record<string, string>>, probe: ToolProbe): string[] {
  const missing = Object.entries(tools).flatMap(([tool, debianPackage]) => {
    const there = tool.includes("*")
      ? probe.matches(tool)
      : tool.startsWith("/")
        ? probe.exists(tool)
        : probe.path.some((folder) => probe.exists(join(folder, tool)));
    return there ? [] : [debianPackage];
  });
  return [...new Set(missing)].sort();
}

/** Throws HOST_TOOLS_MISSING with the one command that installs everything. */
export function requireHostTools(probe: ToolProbe = hostProbe()): void {
  const missing = missingPackages(HOST_TOOLS, probe);
  if (missing.length > 0) {
    throw new OsBuildError({
      code: "HOST_TOOLS_MISSING",
      message: `the operating system needs Debian packages that are not installed: ${missing.join(" ")}`,
      cure: `apt-get install ${missing.join(" ")}`,
      details: { packages: missing },
    });
  }
}

function hostProbe(): ToolProbe {
  const versions = ["12", "13", "14", "15", "11", "10"];
  return {
    path: [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/bin", "/bin"],
    exists: (path) => existsSync(path),
    matches: (pattern) => versions.some((version) => existsSync(pattern.replace("*", version))),
  };
}
