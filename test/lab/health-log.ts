/** The health log as an installer finds it: on HW-LOG of the card that was pulled out of a device (R153). */
import { readFile } from "node:fs/promises";
import { extractFiles, listFiles } from "../../image/inject.ts";
import { run } from "./process.ts";
import type { Machine } from "./qemu.ts";
import type { Workbench } from "./workbench.ts";

/** Lines of the newest health log on the card of a machine that is switched off. */
export async function readHealthLog(bench: Workbench, machine: Machine): Promise<string[]> {
  const image = bench.disposable(bench.path("pulled.img"));
  await run(["qemu-img", "convert", "-O", "raw", machine.overlay, image]);
  const files = await listFiles({ image, partition: "HW-LOG", directory: "/logs" });
  const newest = files
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".log") && name !== ".log")
    .sort()
    .at(-1);
  if (newest === undefined) return [];
  const copy = bench.path("health.log");
  await extractFiles({ image, partition: "HW-LOG", files: new Map([[`/logs/${newest}`, copy]]) });
  return (await readFile(copy, "utf8")).split("\n");
}
