/** The same gateway on this machine's Node.js (`npm start -- --root DIR`): for a quick look and for development. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LabProcess } from "./process.ts";
import type { SiteFiles } from "./site.ts";
import { REPOSITORY, type Workbench } from "./workbench.ts";

/** Lays the card's partitions out as folders; returns the one that holds them. */
export function layOutCard(bench: Workbench, files: SiteFiles): string {
  const root = bench.path("card");
  for (const label of ["HW-BOOT", "HW-LOG/logs", "HW-IDS", "HW-INW", "HW-ENW"]) {
    mkdirSync(join(root, label), { recursive: true });
  }
  for (const [path, content] of files) {
    const file = join(root, "HW-IDS", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return root;
}

/** Starts the app on such folders. */
export function startNodeGateway(options: {
  bench: Workbench;
  files: SiteFiles;
  env?: NodeJS.ProcessEnv;
  /** Node.js arguments that name the program; default: the app's sources. */
  program?: readonly string[];
}): LabProcess {
  const { bench, files, env = process.env } = options;
  const { program = ["--import", "tsx", join(REPOSITORY, "app/main.ts")] } = options;
  const gateway = new LabProcess({
    name: "gateway on Node.js",
    argv: [process.execPath, ...program, "--root", layOutCard(bench, files)],
    cwd: REPOSITORY,
    env,
    logFile: bench.path("gateway.log"),
  });
  bench.defer(() => gateway.stop());
  return gateway;
}

/** The processes of cells, by the command line that names the root and the role. */
export function cellPids(root: string): Map<string, number> {
  const pids = new Map<string, number>();
  for (const pid of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
    let words: string[];
    try {
      words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    } catch {
      // It has ended since.
      continue;
    }
    const role = words[words.indexOf("--role") + 1];
    if (words.includes(root) && words.includes("--role") && role !== undefined) pids.set(role, Number(pid));
  }
  return pids;
}
