/** Stops what has to do with a Buildroot tree, with the next step. */
export class BuildrootError extends Error {
  readonly code:
    | "BUILDROOT_MISSING"
    | "BUILDROOT_FAILED"
    | "DEFCONFIG_DROPPED"
    | "DEFCONFIG_CHANGED"
    | "RELEASE_UNKNOWN"
    | "RELEASE_UNREACHABLE"
    | "RELEASE_CORRUPT"
    | "USAGE";

  constructor(code: BuildrootError["code"], what: string, cure: string) {
    super(`${what}\n  ${cure}`);
    this.name = "BuildrootError";
    this.code = code;
  }
}

/** Runs a program's `main`; an expected error becomes one message and exit code 1. */
export function runMain(name: string, main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error)) throw error;
    process.stderr.write(`${name}: ${error.code}: ${error.message}\n`);
    process.exitCode = 1;
  });
}
