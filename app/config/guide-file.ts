import type { ConfigFault } from "./fault.ts";
import { GUIDE_PATH } from "./paths.ts";
import type { FaultMaker } from "./ports.ts";
import type { RawFile } from "./raw-files.ts";
import { readSettingsFile } from "./settings-file.ts";
import { validateGuideSchema } from "./validators.ts";

/** `GuideSettings-0.json`: which node goes to which topic, by number; the file may be missing (R122, design §9). */

/** The file as the schema describes it. */
interface GuideFile {
  readonly receivingHubId: number;
  readonly sendingHubId: number;
  readonly roadmap?: readonly { readonly sourcePortId: number; readonly targetPortId: number }[];
}

export interface Guide {
  readonly receivingHubId: number;
  readonly sendingHubId: number;
  /** Null: names decide. */
  readonly roadmap:
    | readonly { readonly source: number; readonly target: number; readonly pointer: string }[]
    | null;
  readonly fault: FaultMaker;
}

export const GUIDE_FILE = `HW-IDS:${GUIDE_PATH.settingsDirectory}/${GUIDE_PATH.settingsName}`;

/** Reads the file; no guide when there is no such file, or when it is faulty. */
export function readGuideFile(raw: RawFile): {
  readonly guide: Guide | null;
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly ConfigFault[];
} {
  if ("problem" in raw && raw.absent) return { guide: null, faults: [], warnings: [] };
  const { value, faults, warnings, fault } = readSettingsFile(raw, GUIDE_FILE, validateGuideSchema);
  if (faults.length > 0) return { guide: null, faults, warnings };
  const { receivingHubId, sendingHubId, roadmap } = value as GuideFile;
  const routes = roadmap?.map(({ sourcePortId, targetPortId }, index) => ({
    source: sourcePortId,
    target: targetPortId,
    pointer: `/roadmap/${index}`,
  }));
  return { guide: { receivingHubId, sendingHubId, roadmap: routes ?? null, fault }, faults, warnings };
}
