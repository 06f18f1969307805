import { digestLines, digestOf } from "../../config/digest.ts";
import { ConfigError } from "../../config/fault.ts";
import { readGuideFile } from "../../config/guide-file.ts";
import { readMqttPorts } from "../../config/mqtt-file.ts";
import { readOpcUaPorts } from "../../config/opcua-file.ts";
import { GUIDE_PATH } from "../../config/paths.ts";
import type { Ports } from "../../config/ports.ts";
import type { RawFile } from "../../config/raw-files.ts";
import { buildRoutes } from "../../config/routes.ts";
import { tellFaults } from "../../config/tell.ts";
import type { Log } from "../../link/log-line.ts";

/** R140, verbatim. */
const STARTED = [
  "Starting the Navigation Service service",
  "Loading all GuideSettings",
  "All GuideSettings has been loaded",
  "The Navigation Service service has been started",
];

/** The three files that routes come from. */
export interface RouteFiles {
  readonly opcua: RawFile;
  readonly mqtt: RawFile;
  readonly guide: RawFile;
}

/** Null when the file is faulty: the cell that the file belongs to says what is wrong with it. */
function portsOf(read: () => Ports): Ports | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

/** Where each source port's values go, and what its items are called. */
export interface OpenRoutes {
  readonly targets: ReadonlyMap<number, number>;
  /** By source port, of those that have a route. */
  readonly sourceNames: ReadonlyMap<number, string>;
  /** By target port. */
  readonly targetNames: ReadonlyMap<number, string>;
}

function namesOf(side: Ports | null, used: Iterable<number>): Map<number, string> {
  const names = new Map(side?.ports.map(({ port, name }) => [port, name]));
  return new Map([...new Set(used)].map((port) => [port, names.get(port) ?? ""]));
}

/** The routes, or none when a file is faulty (R141); what is wrong or odd is told. */
export function openRoutes(files: RouteFiles, log: Pick<Log, "info" | "warning" | "error">): OpenRoutes {
  const { guide, faults, warnings } = readGuideFile(files.guide);
  const sources = portsOf(() => readOpcUaPorts(files.opcua));
  const targets = portsOf(() => readMqttPorts(files.mqtt));
  const routes = sources && targets && faults.length === 0 ? buildRoutes(sources, targets, guide) : null;
  const wrong = [...faults, ...(routes?.faults ?? [])];
  if (routes && wrong.length === 0) {
    for (const line of STARTED) log.info(line);
    const by = guide?.roadmap ? `by the roadmap of ${GUIDE_PATH.settingsName}` : "by name";
    for (const line of digestLines("Navigation Service", digestOf(GUIDE_PATH.settingsName, files.guide)))
      log.info(line);
    log.info(`Navigation Service: settings: ${routes.targets.size} routes ${by}`);
  }
  tellFaults(log, [...wrong, ...warnings, ...(routes?.warnings ?? [])]);
  const open = routes?.targets ?? new Map<number, number>();
  return {
    targets: open,
    sourceNames: namesOf(sources, open.keys()),
    targetNames: namesOf(targets, open.values()),
  };
}
