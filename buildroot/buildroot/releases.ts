/**
 * The Buildroot releases that the external tree is made for, and where their trees lie on this machine. The SHA-256 of
 * buildroot-VERSION.tar.xz is that of the release's signed note (buildroot-VERSION.tar.xz.sign beside it).
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface Release {
  readonly version: string;
  readonly sha256: string;
}

/** `lts` gets fixes for a year and is what `make buildroot` takes; `stable` is the newest one. */
export const RELEASES = {
  lts: {
    version: "2026.02.3",
    sha256: "5a59e7501b0b4ec52c41f4bfa79412320e0b37eae5f719605a258e8d0c6fc7fb",
  },
  stable: {
    version: "2026.08",
    sha256: "87aaca4164ea9d5c8085854953018263f7963f07c22e73a2a2185cc98c581c34",
  },
} as const satisfies Record<string, Release>;

export const SITE = "https://buildroot.org/downloads";

/** Where an unpacked release lies below `folder`. */
export function releaseTree(folder: string, { version }: Release): string {
  return join(folder, `buildroot-${version}`);
}

/** Whether `folder` is a Buildroot tree. */
export function isTree(folder: string): boolean {
  return existsSync(join(folder, "package/Makefile.in"));
}
