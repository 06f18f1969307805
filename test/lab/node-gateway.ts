/** The same gateway on this machine's Node.js (`npm start -- --root DIR`): for a quick look and for development. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LabProcess } from "./process.ts";
import type { SiteFiles } from "./site.ts";
import { REPOSITORY, type Workbench } from "./workbench.ts";

/** Lays the card's partitions out as folders and starts the app on them. */
export function startNodeGateway(options: {
  bench: Workbench;
  files: SiteFiles;
  env?: NodeJS.ProcessEnv;
}): LabProcess {
  const { bench, files, env = process.env } = options;
  const root = bench.path("card");
  for (const label of ["HW-BOOT", "HW-LOG/logs", "HW-IDS", "HW-INW", "HW-ENW"]) {
    mkdirSync(join(root, label), { recursive: true });
  }
  for (const [path, content] of files) {
    const file = join(root, "HW-IDS", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  const gateway = new LabProcess({
    name: "gateway on Node.js",
    argv: [process.execPath, "--import", "tsx", join(REPOSITORY, "app/main.ts"), "--root", root],
    cwd: REPOSITORY,
    env,
    logFile: bench.path("gateway.log"),
  });
  bench.defer(() => gateway.stop());
  return gateway;
}
