/** A site's files on the installer's PC: a folder for each partition of the card. */
import { statSync } from "node:fs";
import path from "node:path";
import type { SiteFolders } from "../app/config/site.ts";
import { GwcardError } from "./errors.ts";
import { readLayout } from "./layout.ts";

const IDS = "HW-IDS";

const isFolder = (at: string): boolean => statSync(at, { throwIfNoEntry: false })?.isDirectory() === true;

/** Where the partitions' contents are: in folders named like them, or it is HW-IDS that was named itself. */
function partitionFolders(folder: string): Omit<SiteFolders, "logBytes"> {
  const inner = (partition: string): string | null => {
    const at = path.join(folder, partition);
    return isFolder(at) ? at : null;
  };
  const around = inner(IDS);
  const ids = around ?? folder;
  if (isFolder(path.join(ids, "app"))) {
    const beside = (partition: string): string | null => (around === null ? null : inner(partition));
    return {
      ids,
      networks: { "HW-INW": beside("HW-INW"), "HW-ENW": beside("HW-ENW") },
      log: beside("HW-LOG"),
    };
  }
  throw new GwcardError({
    code: "CHECK_FOLDER",
    message: `${folder} does not look like the partition ${IDS}: there is no folder app in it`,
    next: `name the folder whose contents go to ${IDS}, or one with a folder ${IDS} in it`,
    data: { folder },
  });
}

async function logPartitionBytes(): Promise<number> {
  const { partitions } = await readLayout();
  return partitions.find(({ label }) => label === "HW-LOG")?.size ?? Number.POSITIVE_INFINITY;
}

/** The folders that a check looks into. Throws a GwcardError when `folder` looks like neither HW-IDS nor one around it. */
export async function siteFolders(folder: string): Promise<SiteFolders> {
  return { ...partitionFolders(folder), logBytes: await logPartitionBytes() };
}
