import type { ConfigFault } from "./fault.ts";
import { GUIDE_PATH } from "./paths.ts";
import type { FaultMaker } from "./ports.ts";
import type { RawFile } from "./raw-files.ts";
import { readSettingsFile, type Salvaged } from "./settings-file.ts";
import { validateGuideSchema } from "./validators.ts";

/** `GuideSettings-0.json`: which node goes to which topic, by number; the file may be missing (R122, design §9). */

/** The file as the schema describes it. */
interface GuideFile {
  readonly receivingHubId: number;
  readonly sendingHubId: number;
  readonly roadmap?: readonly { readonly sourcePortId: number; readonly targetPortId: number }[];
}

export interface Guide {
  /** Null: names decide. */
  readonly roadmap:
    | readonly { readonly source: number; readonly target: number; readonly pointer: string }[]
    | null;
  readonly fault: FaultMaker;
}

/** Which instances it speaks of; undefined: that is faulty. */
export interface GuideHubs {
  readonly receivingHubId: number | undefined;
  readonly sendingHubId: number | undefined;
  readonly fault: FaultMaker;
}

export const GUIDE_FILE = `HW-IDS:${GUIDE_PATH.settingsDirectory}/${GUIDE_PATH.settingsName}`;

/** Reads the file; no guide when there is no such file, or when it is faulty, and no hubs without a file. */
export function readGuideFile(raw: RawFile): {
  readonly guide: Guide | null;
  readonly hubs: GuideHubs | null;
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly ConfigFault[];
} {
  if ("problem" in raw && raw.absent) return { guide: null, hubs: null, faults: [], warnings: [] };
  const { value, faults, warnings, fault } = readSettingsFile(raw, GUIDE_FILE, validateGuideSchema);
  const { receivingHubId, sendingHubId } = value as Salvaged<GuideFile>;
  const hubs = { receivingHubId, sendingHubId, fault };
  if (faults.length > 0) return { guide: null, hubs, faults, warnings };
  const { roadmap } = value as GuideFile;
  const routes = roadmap?.map(({ sourcePortId, targetPortId }, index) => ({
    source: sourcePortId,
    target: targetPortId,
    pointer: `/roadmap/${index}`,
  }));
  return { guide: { roadmap: routes ?? null, fault }, hubs, faults, warnings };
}
