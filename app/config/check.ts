import type { ConfigFault } from "./fault.ts";
import { readGuideFile } from "./guide-file.ts";
import { examineMqtt } from "./mqtt.ts";
import { readMqttFile } from "./mqtt-file.ts";
import { examineOpcUa } from "./opcua.ts";
import { readOpcUaFile } from "./opcua-file.ts";
import { GUIDE_PATH, MQTT_PATHS, OPCUA_PATHS } from "./paths.ts";
import { type RawFile, type RawSide, readRawSettings, readRawSide } from "./raw-files.ts";
import { buildRoutes } from "./routes.ts";

/** All of a site's configuration held against all rules at once. The device's cells each do their part of this. */

export interface RawConfiguration {
  readonly opcua: RawSide;
  readonly mqtt: RawSide;
  readonly guide: RawFile;
}

/** Reads what a check needs from a folder that looks like HW-IDS. */
export function readConfiguration(partitionRoot: string): RawConfiguration {
  return {
    opcua: readRawSide(partitionRoot, OPCUA_PATHS),
    mqtt: readRawSide(partitionRoot, MQTT_PATHS),
    guide: readRawSettings(partitionRoot, GUIDE_PATH),
  };
}

/** What only shows when the files are seen together (R117–R122, K12); nothing is said about parts that are faulty. */
function checkTogether({ opcua, mqtt, guide }: RawConfiguration): ConfigFault[] {
  const left = readOpcUaFile(opcua.settings);
  const right = readMqttFile(mqtt.settings);
  const wish = readGuideFile(guide);
  const found = [...wish.faults, ...wish.warnings];
  const password = right.value.userCredentials?.password;
  if (password !== undefined && password === left.value.userCredentials?.password)
    found.push(right.file.fault("password-shared", "/userCredentials/password"));
  const whole =
    ["/id", "/nodes", "/heartbeat"].every(left.file.isWhole) &&
    ["/id", "/topics"].every(right.file.isWhole) &&
    wish.faults.length === 0;
  if (!whole) return found;
  const { nodes, heartbeat } = left;
  const ports = heartbeat ? [heartbeat, ...nodes] : nodes;
  const routes = buildRoutes(
    { hubId: left.value.id ?? 0, ports, fault: left.file.fault },
    { hubId: right.value.id ?? 0, ports: right.topics, fault: right.file.fault },
    wish.guide,
  );
  return [...found, ...routes.faults, ...routes.warnings];
}

/** Faults first. */
export function bySeverity(found: readonly ConfigFault[]): ConfigFault[] {
  const of = (severity: ConfigFault["severity"]) => found.filter((fault) => fault.severity === severity);
  return [...of("error"), ...of("warning")];
}

/** Everything that is wrong or weak, faults first; and what each side without faults comes to. */
export function examineConfiguration(raw: RawConfiguration): {
  readonly found: ConfigFault[];
  readonly summary: readonly string[];
} {
  const sides = [examineOpcUa(raw.opcua), examineMqtt(raw.mqtt)];
  const all = [...sides.flatMap(({ faults, warnings }) => [...faults, ...warnings]), ...checkTogether(raw)];
  return { found: bySeverity(all), summary: sides.flatMap(({ settings }) => settings?.summary ?? []) };
}

/** Everything that is wrong or weak, faults first. */
export function checkConfiguration(raw: RawConfiguration): ConfigFault[] {
  return examineConfiguration(raw).found;
}
