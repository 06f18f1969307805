import type { ConfigFault } from "./fault.ts";
import { readGuideFile } from "./guide-file.ts";
import { mqttPorts, readMqttFile } from "./mqtt-file.ts";
import { opcUaPorts, readOpcUaFile } from "./opcua-file.ts";
import type { Ports } from "./ports.ts";
import type { RawFile } from "./raw-files.ts";
import { buildRoutes, checkHubs } from "./routes.ts";

/** The three settings files together (R117–R122, K12): on the device and for gwcard the same. */

/** The three files that routes come from. */
export interface RouteFiles {
  readonly opcua: RawFile;
  readonly mqtt: RawFile;
  readonly guide: RawFile;
}

export interface Joined {
  /** What is wrong with the guide, and what only shows between the files; of parts that are faulty nothing is said. */
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly ConfigFault[];
  /** Null: one of the files is faulty, or they do not fit together; a route must not be guessed. */
  readonly routes: {
    readonly targets: ReadonlyMap<number, number>;
    readonly byRoadmap: boolean;
    readonly sources: Ports;
    readonly destinations: Ports;
  } | null;
}

/** K12; on the device nobody but the navigation cell has both files, and it needs them for the routes. */
function sharedPassword(
  left: ReturnType<typeof readOpcUaFile>,
  right: ReturnType<typeof readMqttFile>,
): ConfigFault[] {
  const password = right.value.userCredentials?.password;
  return password !== undefined && password === left.value.userCredentials?.password
    ? [right.file.fault("password-shared", "/userCredentials/password")]
    : [];
}

/** Reads the files and joins what they say, as far as that is possible. */
export function joinFiles(files: RouteFiles): Joined {
  const [left, right] = [readOpcUaFile(files.opcua), readMqttFile(files.mqtt)];
  const wish = readGuideFile(files.guide);
  const [sources, destinations] = [opcUaPorts(left), mqttPorts(right)];
  const hubs = checkHubs(sources, destinations, wish.hubs);
  // With an entry out of order nobody knows what is missing on the other side.
  const whole =
    ["/nodes", "/heartbeat"].every(left.file.isWhole) &&
    right.file.isWhole("/topics") &&
    wish.faults.length === 0;
  const joined = whole ? buildRoutes(sources, destinations, wish.guide) : null;
  const faults = [...wish.faults, ...hubs.faults, ...(joined?.faults ?? [])];
  const warnings = [
    ...wish.warnings,
    ...hubs.warnings,
    ...(joined?.warnings ?? []),
    ...sharedPassword(left, right),
  ];
  const sound = joined && faults.length + left.faults.length + right.faults.length === 0;
  const byRoadmap = wish.guide?.roadmap != null;
  const routes = sound ? { targets: joined.targets, byRoadmap, sources, destinations } : null;
  return { faults, warnings, routes };
}
