import { digestLines, digestOf } from "../../config/digest.ts";
import { joinFiles, type RouteFiles } from "../../config/join.ts";
import { GUIDE_PATH } from "../../config/paths.ts";
import type { Ports } from "../../config/ports.ts";
import { tellFaults } from "../../config/tell.ts";
import type { Log } from "../../link/log-line.ts";

/** R140, verbatim. */
const STARTED = [
  "Starting the Navigation Service service",
  "Loading all GuideSettings",
  "All GuideSettings has been loaded",
  "The Navigation Service service has been started",
];

/** Where each source port's values go, and what its items are called. */
export interface OpenRoutes {
  readonly targets: ReadonlyMap<number, number>;
  /** By source port, of those that have a route. */
  readonly sourceNames: ReadonlyMap<number, string>;
  /** By target port. */
  readonly targetNames: ReadonlyMap<number, string>;
}

function namesOf({ ports }: Ports, used: Iterable<number>): Map<number, string> {
  const names = new Map(ports.map(({ port, name }) => [port, name]));
  return new Map([...new Set(used)].map((port) => [port, names.get(port) ?? ""]));
}

/**
 * The routes, or none when a file is faulty (R141). What is wrong or odd between the files is told, also when one of them
 * is faulty: what is wrong in it its own cell says.
 */
export function openRoutes(files: RouteFiles, log: Pick<Log, "info" | "warning" | "error">): OpenRoutes {
  const { faults, warnings, routes } = joinFiles(files);
  if (routes) {
    for (const line of STARTED) log.info(line);
    const by = routes.byRoadmap ? `by the roadmap of ${GUIDE_PATH.settingsName}` : "by name";
    for (const line of digestLines("Navigation Service", digestOf(GUIDE_PATH.settingsName, files.guide)))
      log.info(line);
    log.info(`Navigation Service: settings: ${routes.targets.size} routes ${by}`);
  }
  tellFaults(log, [...faults, ...warnings]);
  if (!routes) return { targets: new Map(), sourceNames: new Map(), targetNames: new Map() };
  const { targets, sources, destinations } = routes;
  return {
    targets,
    sourceNames: namesOf(sources, targets.keys()),
    targetNames: namesOf(destinations, targets.values()),
  };
}
